"""The log mirrored to a folder at each checkpoint, as C2SP tlog-tiles, and read back when the database lost entries.

Tiles are written first and the checkpoint last, each whole and durable before the next step, so that the folder always
holds everything under the checkpoint in it. A mirror that knows more than the database, or another history, is never
written to: it may be what the record is restored from. Not here: restoring it, and signing.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from audit.services.register import Register
from audit.services.tiles import log_name, newest_in
from audit.storage import tiles, tree
from audit.storage.checkpoints import StoredCheckpoint
from audit.storage.engine import Connection, read
from audit.storage.tree import NodeMissing
from audit.tlog.checkpoint import Checkpoint, open_note, parse
from audit.tlog.keys import VerifierKey
from audit.tlog.merkle import HASH_BYTES, Frontier, leaf_hash
from audit.tlog.note import MAX_NOTE_BYTES, NoteRefused, parse_note
from audit.tlog.tile import MAX_ENTRY_BYTES, WIDTH, Tile, TileRefused, parse_entries, parse_path, tiles_of

CHECKPOINT = "checkpoint"
_MOST_BUNDLE_BYTES = WIDTH * (MAX_ENTRY_BYTES + 2)


class MirrorRefused(Exception):
    """The mirror is not what it should be; the text says what was expected and what was met."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirrored:
    """A mirror whose entries lead to the root of its checkpoint; they are hashed anew while they are read."""

    folder: Path
    checkpoint: Checkpoint
    note: str

    def entries(self) -> Iterator[bytes]:
        """Yield the bytes of each entry in order. Raises MirrorRefused where they are no longer those verified."""
        frontier = Frontier()
        for tile in tiles_of(self.checkpoint.size):
            if tile.level is None:
                for body in _bundle(self.folder, tile):
                    frontier.push(leaf_hash(body))
                    yield body
        _check_root(frontier, self.checkpoint)


def folder_of(folder: Path, origin: str) -> Path:
    """Return where in a mirror the log of an origin is."""
    return folder / log_name(origin)


def mirror(register: Register, folder: Path, *, thorough: bool = False) -> StoredCheckpoint | None:
    """Bring the mirror to the newest checkpoint, and return it; None before one is signed.

    What is missing of older tiles is looked for when there is a new checkpoint to catch up with, or when `thorough`.

    Raises:
        MirrorRefused: the mirror holds more than the database, or another history; nothing is written then.
        OSError: the folder cannot be written.
        NodeMissing: the database lost hashes.
    """
    here = folder_of(folder, register.origin)
    with read(register.engine) as conn:
        kept = newest_in(conn, register.site)
        if kept is None:
            return None
        there = _held(here, register.origin)
        if there is not None:
            _check_extends(conn, register, there, kept)
            if not thorough and there.note == kept.note and not _lacking(here, kept.size, since=kept.size - 1):
                return kept
        _write_tiles(conn, register.site, here, kept.size)
    _write(here / CHECKPOINT, kept.note.encode())
    _sweep(here, kept.size)
    return kept


def read_mirror(folder: Path, origin: str, *, key: VerifierKey | None = None) -> Mirrored:
    """Return the mirror of a log once every entry in it was hashed and leads to its checkpoint's root.

    With `key`, the checkpoint is signed by it; without, whoever asks compares the root with one they know.

    Raises:
        MirrorRefused: there is none, it is of another log, or its entries do not lead to its checkpoint's root.
    """
    here = folder_of(folder, origin)
    held = _held(here, origin)
    if held is None:
        raise MirrorRefused(f"there is no mirror of {origin} in {folder}")
    if key is not None:
        try:
            open_note(held.note, [key])
        except NoteRefused as refusal:
            raise MirrorRefused(f"the mirror's checkpoint is not signed by the log's key: {refusal}") from refusal
    found = Mirrored(folder=here, checkpoint=Checkpoint(origin, held.size, held.root), note=held.note)
    for _ in found.entries():
        pass
    return found


def _held(here: Path, origin: str) -> StoredCheckpoint | None:
    """Return the checkpoint that the mirror holds; None for an empty one."""
    data = _read(here / CHECKPOINT, most=MAX_NOTE_BYTES)
    if data is None:
        return None
    try:
        head = parse(parse_note(data).text)
    except NoteRefused as refusal:
        raise MirrorRefused(f"{here / CHECKPOINT} is no checkpoint: {refusal}") from refusal
    if head.origin != origin:
        raise MirrorRefused(f"expected a mirror of {origin} in {here}, met one of {head.origin}")
    return StoredCheckpoint(head.size, head.root, data.decode())


def _check_extends(conn: Connection, register: Register, there: StoredCheckpoint, kept: StoredCheckpoint) -> None:
    if there.size > kept.size:
        raise MirrorRefused(f"the mirror holds {there.size} entries, the newest checkpoint covers {kept.size}")
    if tree.root(conn, register.site, there.size) != there.root:
        raise MirrorRefused(f"the mirror holds another history: another root at size {there.size}")


def _lacking(here: Path, size: int, *, since: int = 0) -> list[Tile]:
    """Return the tiles that are not there, or not of a length they can have; what is in them is not looked at."""
    return [tile for tile in tiles_of(size, since) if not _is_there(here / tile.path, tile)]


def _is_there(path: Path, tile: Tile) -> bool:
    try:
        length = path.stat().st_size
    except OSError:
        return False
    return length > 0 if tile.level is None else length == tile.width * HASH_BYTES


def _write_tiles(conn: Connection, site: str, here: Path, size: int) -> None:
    for tile in _lacking(here, size):
        content = tiles.read_tile(conn, site, tile)
        if tile.level is None:
            _check_entries(content, tiles.read_tile(conn, site, Tile(level=0, index=tile.index, width=tile.width)))
        _write(here / tile.path, content)


def _check_entries(content: bytes, leaves: bytes) -> None:
    """Entries changed in the database must not get into the copy that a record is restored from."""
    width = len(leaves) // HASH_BYTES
    if b"".join(map(leaf_hash, parse_entries(content, width))) != leaves:
        raise MirrorRefused("an entry in the database is not the one that was signed; verify the record")


def _write(path: Path, content: bytes) -> None:
    """Put a file in its place whole and durable; readers see the old one or the new one."""
    _make_folder(path.parent)
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    _sync_folder(path.parent)


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, each one durable in the one that holds it."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sweep(here: Path, size: int) -> None:
    """Remove tiles that were not full and that a wider one has taken the place of; a file left over harms nobody."""
    wanted = {tile.path for tile in tiles_of(size)}
    for level in sorted((here / "tile").iterdir()):
        for path in sorted(level.rglob("*.p/*")):
            spelled = path.relative_to(here).as_posix()
            if spelled not in wanted and _is_tile(spelled):
                path.unlink(missing_ok=True)
                if not any(path.parent.iterdir()):
                    path.parent.rmdir()


def _is_tile(path: str) -> bool:
    try:
        parse_path(path)
    except TileRefused:
        return False
    return True


def _bundle(here: Path, tile: Tile) -> tuple[bytes, ...]:
    data = _read(here / tile.path, most=_MOST_BUNDLE_BYTES)
    if data is None:
        raise MirrorRefused(f"the mirror lacks {tile.path}")
    try:
        return parse_entries(data, tile.width)
    except TileRefused as refusal:
        raise MirrorRefused(f"{tile.path} of the mirror: {refusal}") from refusal


def _check_root(frontier: Frontier, head: Checkpoint) -> None:
    if frontier.root() != head.root:
        raise MirrorRefused(
            f"the mirror's entries lead to root {frontier.root().hex()}, its checkpoint says {head.root.hex()}"
        )


def _read(path: Path, *, most: int) -> bytes | None:
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise MirrorRefused(f"{path}: {error.strerror}") from error
    if len(data) > most:
        raise MirrorRefused(f"{path} is larger than {most} bytes")
    return data


__all__ = ["CHECKPOINT", "MirrorRefused", "Mirrored", "NodeMissing", "folder_of", "mirror", "read_mirror"]
