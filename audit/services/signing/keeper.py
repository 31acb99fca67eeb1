"""The signer itself: keeps its keys and its memory in a folder of its own, and signs only what extends its row.

The same code stands behind the socket (`server`) and, in one process with the service, in tests and commands.
Not here: the database, of which the signer sees sizes, roots, proofs and the few entries shown to it.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from audit.domain.errors import Refused
from audit.services.signing.keyfiles import KeyFiles
from audit.services.signing.showing import KeyChange, RowStatement, read_shown
from audit.services.signing.signer import Known, Shown, SignerAway, SignerRefused
from audit.storage import signer_store
from audit.storage.signer_store import Held
from audit.tlog.checkpoint import Checkpoint
from audit.tlog.entry import is_origin
from audit.tlog.keys import SigningKey, VerifierKey
from audit.tlog.merkle import EMPTY, ProofRefused, verify_consistency
from audit.tlog.note import Note, Signature, format_note, parse_note, sign_text

_NOTHING: Final = Held(size=0, root=EMPTY, note="")
_FOLDER: Final = 0o700


@dataclass(frozen=True, slots=True)
class KeptSigner:
    """A signer over a folder: `keys/` with the logs' keys, `held.db` with the last head signed of each."""

    folder: Path
    random: Callable[[int], bytes] = field(repr=False)

    @property
    def store(self) -> Path:
        """Return the file of the signer's memory."""
        return self.folder / "held.db"

    @property
    def _files(self) -> KeyFiles:
        return KeyFiles(self.folder / "keys")

    def known(self, origin: str) -> Known:
        """Return what the signer has of a log; makes nothing."""
        with _usable():
            held = signer_store.held(self.store, origin)
            present, following = self._settled(origin, held)
        return Known(
            held=held,
            key=present.verifier if present else None,
            next_key=following.verifier if following else None,
        )

    def signing_key(self, origin: str) -> SigningKey | None:
        """Return the secret half of a log's key, as whoever reads this folder has it; the drill's thief does."""
        with _usable():
            return self._settled(origin, signer_store.held(self.store, origin))[0]

    def held(self, origin: str) -> Held | None:
        """Return the last head signed for a log."""
        with _usable():
            return signer_store.held(self.store, origin)

    def open(self, origin: str) -> VerifierKey:
        """Return the key of a log about to be opened; see `Signer.open`."""
        _check_origin(origin)
        with _usable():
            self._begin(origin)
            return self._files.make(origin, self.random).verifier

    def adopt(self, origin: str, seed: bytes, *, is_new: bool) -> None:
        """Take over the key of a log from elsewhere; of a new log nothing was signed with it yet.

        Raises:
            SignerRefused: as `open`.
        """
        with _usable():
            if is_new:
                self._begin(origin, is_adopted=True)
                self._files.replace(origin, seed)
            else:
                self.folder.mkdir(parents=True, exist_ok=True, mode=_FOLDER)
                self._files.make(origin, lambda _size: seed)

    def prepare(self, origin: str) -> VerifierKey:
        """Make a key ready to follow the log's present one; see `Signer.prepare`."""
        _check_origin(origin)
        with _usable():
            return self._files.make_following(origin, self.random).verifier

    def sign(self, checkpoint: Checkpoint, consistency: tuple[bytes, ...], shown: tuple[Shown, ...] = ()) -> str:
        """Return the signed note of a checkpoint that extends the row held; see `Signer.sign`."""
        origin = checkpoint.origin
        entries = [read_shown(one, checkpoint) for one in shown]
        with _usable():
            held = signer_store.held(self.store, origin)
            base = held or _stated(entries)
            _check_extends(base, checkpoint, consistency)
            if held is not None and held.size == checkpoint.size:
                return held.note
            present, following = self._settled(origin, held)
            change = _change(entries, following)
            note = _note(checkpoint, present, following, change)
            new = Held(size=checkpoint.size, root=checkpoint.root, note=note)
            signer_store.swap(self.store, origin, held, new)
            if change is not None:
                self._settled(origin, new)
        return note

    def _begin(self, origin: str, *, is_adopted: bool = False) -> None:
        """Note that a log is about to be opened, before its key is made: so a key without a memory is a lost one."""
        held = signer_store.held(self.store, origin)
        if held is not None and held.size:
            raise SignerRefused(f"the signer signed {held.size} entries of {origin} before")
        if held is not None:
            return
        if self._files.present(origin) is not None and not is_adopted:
            raise SignerRefused(f"the signer has the key of {origin} and no memory of it")
        self.folder.mkdir(parents=True, exist_ok=True, mode=_FOLDER)
        signer_store.swap(self.store, origin, None, _NOTHING)

    def _settled(self, origin: str, held: Held | None) -> tuple[SigningKey | None, SigningKey | None]:
        """Return the present and the following key; one that the note held was signed with follows now.

        So a crash between the swap and the change of files is made good by whoever asks next.
        """
        files = self._files
        following = files.following(origin)
        if following is not None and held is not None and _has_signed(held.note, following.verifier):
            files.follow(origin)
            following = None
        return files.present(origin), following


def _note(
    checkpoint: Checkpoint, present: SigningKey | None, following: SigningKey | None, change: KeyChange | None
) -> str:
    """Return the note: by the present key, or where the key changes by the new one and the old or recovery key."""
    text = checkpoint.text()
    if change is None or following is None:
        if present is None:
            raise SignerRefused(f"the signer has no key of {checkpoint.origin}")
        return format_note(sign_text(text, [present]))
    if change.recovery is None:
        if present is None:
            raise SignerRefused("the key before is not here: its loss is to be stated, with the recovery key")
        return format_note(sign_text(text, [following, present]))
    new = sign_text(text, [following]).signatures
    by_recovery = Signature(change.recovery.name, change.recovery.key_id, change.recovered)
    return format_note(Note(text, (*new, by_recovery)))


def _change(entries: list[KeyChange | RowStatement], following: SigningKey | None) -> KeyChange | None:
    """Return the entry that puts the key made ready in force; other keys' changes are nothing to this signer."""
    for entry in entries:
        if isinstance(entry, KeyChange) and following is not None and entry.log_key == following.verifier:
            return entry
    return None


def _stated(entries: list[KeyChange | RowStatement]) -> Held:
    """Return the head that an administrator stated for a log that the signer has no memory of.

    Raises:
        SignerRefused: nobody did; nothing is signed on no memory.
    """
    for entry in entries:
        if isinstance(entry, RowStatement):
            return Held(size=entry.size, root=entry.root, note="")
    raise SignerRefused("the signer has no memory of this log: an administrator states its head first")


def _has_signed(note: str, key: VerifierKey) -> bool:
    if not note:
        return False
    return any((one.name, one.key_id) == (key.name, key.key_id) for one in parse_note(note).signatures)


def _check_origin(origin: str) -> None:
    if not is_origin(origin):
        raise SignerRefused("expected the origin of a log")


def _check_extends(held: Held, checkpoint: Checkpoint, consistency: tuple[bytes, ...]) -> None:
    if not checkpoint.size:
        raise SignerRefused("an empty log is not signed")
    if checkpoint.size < held.size:
        raise SignerRefused(f"asked for size {checkpoint.size}, already signed {held.size}")
    if checkpoint.size == held.size:
        if checkpoint.root != held.root:
            raise SignerRefused(f"another root at size {held.size} than the one signed")
        return
    if not held.size:
        return
    try:
        verify_consistency(
            old=held.size, new=checkpoint.size, old_root=held.root, new_root=checkpoint.root, proof=consistency
        )
    except ProofRefused as refused:
        raise SignerRefused(f"size {checkpoint.size} does not extend size {held.size}: {refused}") from refused


@contextmanager
def _usable() -> Iterator[None]:
    """Tell a folder that cannot be used from a refusal: nothing is known then, and asking again later is right."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise SignerAway(f"the signer cannot use its folder: {error}") from error
    except Refused as refused:  # a key file that others may read, or that is damaged
        raise SignerAway(f"the signer cannot use its key: {refused.code}") from refused
