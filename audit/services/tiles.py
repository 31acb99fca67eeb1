"""The log as files that others' tools read (C2SP tlog-tiles): newest checkpoint, tiles under it, proofs between heads.

Everything given out stands under the newest checkpoint. Not here: who may fetch it (`web.log_files`), and the same
files in a folder (`mirror`).
"""

from dataclasses import dataclass

from audit.domain.errors import Refused
from audit.services.register import Register
from audit.storage import checkpoints, cosignatures, tiles, tree
from audit.storage.checkpoints import StoredCheckpoint
from audit.storage.engine import Connection, read
from audit.storage.tree import NodeMissing
from audit.tlog.tile import Tile, TileRefused, is_within, parse_path

__all__ = ["Extension", "Tile", "extension", "head_on_paper", "log_name", "newest", "tile_at"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """The newest checkpoint and the proof that it extends a head somebody kept; hashes are 32 bytes."""

    note: str
    size: int
    root: bytes
    proof: tuple[bytes, ...]


def log_name(origin: str) -> str:
    """Return how a log is named below `/log/`, the rest of its origin: `example-clinic`, or `example-clinic/2`."""
    return origin.partition("/log/")[2]


def newest(register: Register) -> StoredCheckpoint | None:
    """Return the newest checkpoint, its note with the lines of cosigners; None before one is signed."""
    with read(register.engine) as conn:
        return newest_in(conn, register.site)


def newest_in(conn: Connection, site: str) -> StoredCheckpoint | None:
    """As `newest`, in a snapshot that is already open."""
    kept = checkpoints.latest(conn, site)
    if kept is None:
        return None
    return StoredCheckpoint(kept.size, kept.root, cosignatures.note_with_lines(conn, site, kept))


def tile_at(register: Register, path: str) -> tuple[Tile, bytes] | None:
    """Return a tile by its path; None where the path names none, or none that the newest checkpoint covers."""
    try:
        tile = parse_path(path)
    except TileRefused:
        return None
    with read(register.engine) as conn:
        kept = checkpoints.latest(conn, register.site)
        if kept is None or not is_within(tile, kept.size):
            return None
        try:
            return tile, tiles.read_tile(conn, register.site, tile)
        except NodeMissing:
            return None


def extension(register: Register, old: int, root: str = "") -> Extension:
    """Return the newest checkpoint with the proof that it extends the head of size `old`.

    `root`, in hex, is that head's root as the asker keeps it. Of nothing kept (0) there is nothing to prove.

    Raises:
        Refused: `not_signed_yet`, `kept_head_ahead` where the log is shorter than `old`, `kept_head_differs` where
            another root stands at that size, `tree_incomplete` where hashes are gone.
    """
    with read(register.engine) as conn:
        kept = newest_in(conn, register.site)
        if kept is None:
            raise Refused("not_signed_yet", "old", index=old)
        if old > kept.size:
            raise Refused("kept_head_ahead", "old", kept=old, size=kept.size)
        try:
            found = tree.root(conn, register.site, old)
            proof = tree.consistency(conn, register.site, old, kept.size) if 0 < old < kept.size else ()
        except NodeMissing:
            raise Refused("tree_incomplete", "old", index=old) from None
        if old and root and found.hex() != root:
            raise Refused("kept_head_differs", "root", size=old)
        return Extension(note=kept.note, size=kept.size, root=kept.root, proof=proof)


def head_on_paper(register: Register) -> tuple[str, int, str] | None:
    """Return the newest head as it is printed and typed in again: origin, size, root in eight groups of eight digits.

    None before a checkpoint is signed.
    """
    kept = newest(register)
    if kept is None:
        return None
    spelled = kept.root.hex()
    return register.origin, kept.size, " ".join(spelled[at : at + 8] for at in range(0, len(spelled), 8))
