"""Tiles as C2SP tlog-tiles writes them; expected paths and numbers are the standard's own."""

from hashlib import sha256

import pytest

from audit.tlog import merkle
from audit.tlog.tile import (
    Tile,
    TileMaker,
    TileRefused,
    format_entries,
    is_within,
    parse_entries,
    parse_path,
    tiles_of,
)


def every_tile(count: int) -> dict[str, bytes]:
    made: dict[str, bytes] = {}
    maker = TileMaker(lambda tile, data: made.__setitem__(tile.path, data))
    for number in range(count):
        maker.push(b"entry %d" % number)
    maker.finish()
    return made


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(level=0, index=1234067), "tile/0/x001/x234/067"),  # the example of the standard
        (Tile(level=0, index=0), "tile/0/000"),
        (Tile(level=1, index=999), "tile/1/999"),
        (Tile(level=1, index=1000), "tile/1/x001/000"),
        (Tile(level=0, index=273, width=112), "tile/0/273.p/112"),  # 70,000 entries, as in the standard
        (Tile(level=2, index=0, width=1), "tile/2/000.p/1"),
        (Tile(level=None, index=1234067), "tile/entries/x001/x234/067"),
        (Tile(level=None, index=0, width=255), "tile/entries/000.p/255"),
    ],
)
def test_a_path_and_its_tile_are_one_another(tile: Tile, path: str) -> None:
    assert tile.path == path
    assert parse_path(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "", "tile/0/0", "tile/0/00", "tile/0/x000/001", "tile/00/000", "tile/01/000", "tile/64/000", "tile/-1/000",
        "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p/999", "tile/0/000.p", "tile/0/000/",
        "/tile/0/000", "tile/0/x001", "tile/0/001/002", "tile/entries/../000", "tile/0/٠٠٠", "tile/entry/000",
        "tile/0/x999/x999/x999/x999/x999/999",
    ],
)  # fmt: skip
def test_any_other_spelling_names_no_tile(path: str) -> None:
    with pytest.raises(TileRefused):
        parse_path(path)


def test_a_log_of_70000_entries_has_273_full_tiles_at_level_0_one_at_level_1_and_three_that_are_not_full() -> None:
    # C2SP tlog-tiles: "a tree of size 70,000 is 256 full level 0 tiles ... one partial level 0 tile with 112 hashes"
    paths = [tile.path for tile in tiles_of(70_000) if tile.level is not None]
    assert paths[:2] == ["tile/0/000", "tile/0/001"]
    assert paths[272:] == ["tile/0/272", "tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"]


@pytest.mark.parametrize("count", [0, 1, 255, 256, 257, 511, 512, 513, 700])
def test_the_tiles_made_from_entries_are_those_a_log_of_that_size_has(count: int) -> None:
    assert set(every_tile(count)) == {tile.path for tile in tiles_of(count)}


@pytest.mark.parametrize(("since", "size"), [(0, 1), (1, 2), (255, 256), (256, 256), (256, 257), (300, 900)])
def test_what_a_log_gains_are_the_tiles_it_did_not_have(since: int, size: int) -> None:
    before = {tile.path for tile in tiles_of(since)}
    gained = {tile.path for tile in tiles_of(size, since)}
    assert gained == {tile.path for tile in tiles_of(size)} - before


def hashes(tile: bytes) -> list[bytes]:
    """The 32-byte hashes of a tile."""
    return [tile[at : at + 32] for at in range(0, len(tile), 32)]


def test_a_hash_of_level_1_is_the_root_of_the_full_tile_below_it() -> None:
    made = every_tile(600)
    assert made["tile/1/000.p/2"][:32] == merkle.root(hashes(made["tile/0/000"]))
    assert made["tile/1/000.p/2"][32:] == merkle.root(hashes(made["tile/0/001"]))
    assert made["tile/0/000"][:32] == sha256(b"\x00entry 0").digest()


def test_an_entry_bundle_has_each_entry_after_its_length_in_two_bytes_big_end_first() -> None:
    assert format_entries([b"ab", b"c" * 300]) == b"\x00\x02ab\x01\x2c" + b"c" * 300
    assert parse_entries(b"\x00\x02ab\x00\x00", 2) == (b"ab", b"")


@pytest.mark.parametrize(
    ("data", "width"),
    [(b"", 1), (b"\x00", 1), (b"\x00\x02a", 1), (b"\x00\x01a", 2), (b"\x00\x01a\x00\x01b", 1), (b"\x00\x01a\x00", 1)],
)
def test_a_bundle_cut_off_or_with_entries_too_many_is_refused(data: bytes, width: int) -> None:
    with pytest.raises(TileRefused):
        parse_entries(data, width)


def test_an_entry_that_its_length_cannot_say_is_refused() -> None:
    with pytest.raises(TileRefused, match="65535"):
        format_entries([b"x" * 65_536])
    with pytest.raises(TileRefused):
        format_entries([])


def test_a_log_has_what_its_size_covers_and_nothing_beyond() -> None:
    assert is_within(Tile(level=0, index=1, width=44), 300)
    assert not is_within(Tile(level=0, index=1, width=45), 300)
    assert is_within(Tile(level=None, index=0), 300)
    assert not is_within(Tile(level=1, index=0, width=2), 300)
