"""Tiles of a log (C2SP tlog-tiles): their paths, the hashes in one, entry bundles, and all tiles made from entries.

Height 8: a full tile has 256 hashes, and each hash of level L+1 is the root of a full tile of level L. Deliberately not
here: where tiles lie and who may fetch them (`storage`, `services`, `web`), and what an entry says.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from audit.tlog.canonical import MAX_INT
from audit.tlog.merkle import leaf_hash, root

HEIGHT = 8
WIDTH = 256
MAX_LEVEL = 63  # C2SP tlog-tiles: <L> is a number from 0 to 63
MAX_ENTRY_BYTES = 65_535  # each entry's length is a big-endian uint16
ENTRIES = "entries"
_LENGTH_BYTES = 2
_PATH = re.compile(r"tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([0-9]{1,3}))?", re.ASCII)


class TileRefused(ValueError):
    """A path that names no tile, or bytes that are not the tile they are said to be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One tile: the `index`th of a level, with `width` hashes, or entries where `level` is None.

    Raises TileRefused where no log can have such a tile.
    """

    level: int | None
    index: int
    width: int = WIDTH

    def __post_init__(self) -> None:
        if self.level is not None and not 0 <= self.level <= MAX_LEVEL:
            raise TileRefused(f"expected a level from 0 to {MAX_LEVEL}, met {self.level}")
        if not 0 <= self.index <= MAX_INT:
            raise TileRefused(f"expected an index from 0 to 2^53-1, met {self.index}")
        if not 1 <= self.width <= WIDTH:
            raise TileRefused(f"expected a width from 1 to {WIDTH}, met {self.width}")

    @property
    def is_full(self) -> bool:
        """Say whether the tile can never grow."""
        return self.width == WIDTH

    @property
    def start(self) -> int:
        """Return the index, on its level, of the first hash or entry in it."""
        return self.index * WIDTH

    @property
    def path(self) -> str:
        """Return `tile/<L>/<N>[.p/<W>]`: 1234067 is `x001/x234/067`."""
        level = ENTRIES if self.level is None else str(self.level)
        spelled = f"{self.index:03d}"
        spelled = spelled.zfill(-(-len(spelled) // 3) * 3)
        groups = [spelled[at : at + 3] for at in range(0, len(spelled), 3)]
        index = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
        return f"tile/{level}/{index}" + ("" if self.is_full else f".p/{self.width}")


def parse_path(path: str) -> Tile:
    """Return the tile of a path. Raises TileRefused for every spelling but the one that `Tile.path` gives."""
    found = _PATH.fullmatch(path)
    if found is None:
        raise TileRefused("expected tile/<level>/<index>, such as tile/0/x001/x234/067 or tile/0/000.p/17")
    level, index, width = found.groups()
    tile = Tile(
        level=None if level == ENTRIES else int(level),
        index=int(index.replace("x", "").replace("/", "")),
        width=int(width) if width else WIDTH,
    )
    if tile.path != path:
        raise TileRefused(f"expected the path {tile.path}, met {path}")
    return tile


def tiles_of(size: int, since: int = 0) -> Iterator[Tile]:
    """Yield the tiles of a log of `size` entries that one of `since` entries did not have, entries first.

    These are all full ones, and for each level at most one that is not full yet.
    """
    yield from _row(None, size, since)
    level = 0
    while size >> HEIGHT * level:
        yield from _row(level, size >> HEIGHT * level, since >> HEIGHT * level)
        level += 1


def is_within(tile: Tile, size: int) -> bool:
    """Say whether a log of `size` entries has all that the tile holds."""
    return tile.start + tile.width <= size >> HEIGHT * (tile.level or 0)


def format_entries(bodies: Sequence[bytes]) -> bytes:
    """Write an entry bundle: each entry after its length. Raises TileRefused for none, too many, or one too long."""
    if not 1 <= len(bodies) <= WIDTH:
        raise TileRefused(f"expected 1 to {WIDTH} entries, met {len(bodies)}")
    parts = []
    for body in bodies:
        if len(body) > MAX_ENTRY_BYTES:
            raise TileRefused(f"expected entries of at most {MAX_ENTRY_BYTES} bytes, met {len(body)}")
        parts += [len(body).to_bytes(_LENGTH_BYTES, "big"), body]
    return b"".join(parts)


def parse_entries(data: bytes, width: int) -> tuple[bytes, ...]:
    """Return the entries of a bundle. Raises TileRefused where it does not hold exactly `width` of them."""
    bodies = []
    at = 0
    while at < len(data):
        start = at + _LENGTH_BYTES
        end = start + int.from_bytes(data[at:start], "big")
        if start > len(data) or end > len(data):
            raise TileRefused(f"expected a whole entry at its end, met {len(data) - at} bytes")
        bodies.append(data[start:end])
        if len(bodies) > width:
            break
        at = end
    if len(bodies) != width:
        met = "more" if len(bodies) > width else str(len(bodies))
        raise TileRefused(f"expected {width} entries, met {met}")
    return tuple(bodies)


class TileMaker:
    """Makes every tile of a log from its entries, one after the other; it keeps no more than one tile of each level."""

    def __init__(self, emit: Callable[[Tile, bytes], None]) -> None:
        """Hand each tile to `emit` as soon as it is full."""
        self._emit = emit
        self._bodies: list[bytes] = []
        self._levels: list[list[bytes]] = []
        self.size = 0

    def push(self, body: bytes) -> bytes:
        """Append one entry; return its leaf hash. Raises TileRefused for one too long."""
        leaf = leaf_hash(body)
        self.size += 1
        self._bodies.append(body)
        if len(self._bodies) == WIDTH:
            self._emit_entries()
        self._push_hash(0, leaf)
        return leaf

    def finish(self) -> None:
        """Emit the tiles that are not full."""
        if self._bodies:
            self._emit_entries()
        for level, hashes in enumerate(self._levels):
            if hashes:
                index = self.size >> HEIGHT * (level + 1)
                self._emit(Tile(level=level, index=index, width=len(hashes)), b"".join(hashes))

    def _emit_entries(self) -> None:
        tile = Tile(level=None, index=(self.size - 1) >> HEIGHT, width=len(self._bodies))
        self._emit(tile, format_entries(self._bodies))
        self._bodies = []

    def _push_hash(self, level: int, one: bytes) -> None:
        if level == len(self._levels):
            self._levels.append([])
        hashes = self._levels[level]
        hashes.append(one)
        if len(hashes) == WIDTH:
            index = (self.size - 1) >> HEIGHT * (level + 1)
            self._levels[level] = []
            self._emit(Tile(level=level, index=index), b"".join(hashes))
            self._push_hash(level + 1, root(hashes))


def _row(level: int | None, count: int, since: int) -> Iterator[Tile]:
    for index in range(since // WIDTH, count // WIDTH):
        yield Tile(level=level, index=index)
    if count % WIDTH and count != since:
        yield Tile(level=level, index=count // WIDTH, width=count % WIDTH)
