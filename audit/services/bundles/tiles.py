"""The tiles of a bundle beside those its entries make: compared while the entries pass, read again when asked for one.

The first that differs or is missing is a finding, and how many more; none is believed.
"""

from collections.abc import Iterable, Iterator

from audit.services.bundles.opening import BundleRefused, OpenBundle
from audit.tlog.tile import HEIGHT, MAX_ENTRY_BYTES, WIDTH, Tile, TileMaker, TileRefused, parse_entries, parse_path

Fault = tuple[int | None, str, str]


class BundledTiles:
    """Made anew from the entries pushed, and held against the members of the bundle."""

    def __init__(self, bundle: OpenBundle) -> None:
        """Compare nothing yet."""
        self._bundle = bundle
        self._maker = TileMaker(self._compare)
        self._faults: list[Fault] = []
        self._met: set[str] = set()
        self._bundled = _entry_tiles(bundle.names)
        self._again: tuple[int, tuple[bytes, ...]] = (-1, ())

    @property
    def size(self) -> int:
        """How many entries were pushed."""
        return self._maker.size

    @property
    def count(self) -> int:
        """How many tiles they make."""
        return len(self._met)

    def push(self, body: bytes) -> bytes:
        """Append one entry; return its leaf hash."""
        return self._maker.push(body)

    def body_at(self, index: int) -> bytes | None:
        """Return the bytes of an earlier entry from its tile; None where it is not there."""
        number, place = divmod(index, WIDTH)
        if self._again[0] != number:
            self._again = (number, self._entries(number))
        bodies = self._again[1]
        return bodies[place] if place < len(bodies) else None

    def finish(self) -> Iterator[Fault]:
        """Compare the tiles that are not full, and yield what is wrong with any: entry, expected, found."""
        self._maker.finish()
        yield from self._faults[:1]
        if len(self._faults) > 1:
            yield None, "tiles as the entries make them", f"{len(self._faults) - 1} more tiles that differ"
        spare = sorted(name for name in self._bundle.names if name.startswith("tile/") and name not in self._met)
        if spare:
            yield None, "the tiles of this log and no others", f"{spare[0]}, one of {len(spare)} more"

    def _compare(self, tile: Tile, data: bytes) -> None:
        self._met.add(tile.path)
        place = tile.start << HEIGHT * (tile.level or 0)
        if tile.path not in self._bundle.names:
            self._faults.append((place, f"the tile {tile.path}", "it is not in the bundle"))
        elif not self._is(tile.path, data):
            self._faults.append((place, f"{tile.path} as the entries make it", "another"))

    def _is(self, name: str, data: bytes) -> bool:
        try:
            return self._bundle.size_of(name) == len(data) and self._bundle.read(name, most=len(data)) == data
        except BundleRefused:
            return False

    def _entries(self, number: int) -> tuple[bytes, ...]:
        """Return the entries of a tile; none where it does not read, which comparing it names."""
        tile = self._bundled.get(number)
        if tile is None:
            return ()
        try:
            data = self._bundle.read(tile.path, most=tile.width * (MAX_ENTRY_BYTES + 2))
            return parse_entries(data, tile.width)
        except (BundleRefused, TileRefused):
            return ()


def _entry_tiles(names: Iterable[str]) -> dict[int, Tile]:
    """Return the widest tile of entries at each index."""
    found: dict[int, Tile] = {}
    for name in names:
        if not name.startswith("tile/entries/"):
            continue
        try:
            tile = parse_path(name)
        except TileRefused:
            continue
        if tile.index not in found or found[tile.index].width < tile.width:
            found[tile.index] = tile
    return found
