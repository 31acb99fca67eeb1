"""A cosigner (C2SP tlog-witness): signs the checkpoint of a known log only when it extends the one signed before.

Its memory is one row for each origin, swapped against its old value and flushed before the answer leaves. HTTP is
not known here (`wsgi`), nor where the key is kept.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from audit.services.cosigning.request import SIZE_TYPE, TEXT_TYPE, Request, RequestRefused, parse_request
from audit.storage import signer_store
from audit.storage.signer_store import Held, HeldMoved
from audit.tlog import checkpoint as checkpoints
from audit.tlog.checkpoint import Checkpoint
from audit.tlog.cosignature import CosigningKey
from audit.tlog.keys import VerifierKey
from audit.tlog.merkle import ProofRefused, verify_consistency
from audit.tlog.note import Note, NoteRefused, Signature, format_note, verify_note

_TRIES = 8
"""How often a row may move under one request before the other requests are too many."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: an HTTP status, the type of the text, and the text."""

    status: int
    text: str
    content_type: str = TEXT_TYPE


class _Declined(Exception):
    """The request is answered with another status than 200."""

    def __init__(self, status: int, text: str, content_type: str = TEXT_TYPE) -> None:
        super().__init__(text)
        self.answer = Answer(status, text + "\n", content_type)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosigner:
    """A key, the logs it cosigns by origin with the keys trusted for each, and the file of its memory."""

    key: CosigningKey = field(repr=False)
    logs: Mapping[str, tuple[VerifierKey, ...]]
    store: Path
    now_s: Callable[[], int]

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer one `add-checkpoint`; the row is on disk before this returns with status 200."""
        try:
            request = parse_request(body)
            head, by_log = self._known(request)
            for _ in range(_TRIES):
                try:
                    return self._cosign(request, head, by_log)
                except HeldMoved:
                    continue
        except RequestRefused as refused:
            return Answer(400, f"{refused}\n")
        except _Declined as declined:
            return declined.answer
        return Answer(503, "Too many requests for this log at once; ask again.\n")

    def checkpoint(self, origin_sha256: str) -> str | None:
        """Return the last note cosigned for the origin with this SHA-256 (hex); None where there is none."""
        for origin in self.logs:
            if sha256(origin.encode()).hexdigest() == origin_sha256:
                held = signer_store.held(self.store, origin)
                return held.note if held is not None else None
        return None

    def _known(self, request: Request) -> tuple[Checkpoint, tuple[Signature, ...]]:
        """Return the head asked for, and the lines of its log's keys, which hold."""
        try:
            head = checkpoints.parse(request.note.text)
        except NoteRefused as refused:
            raise _Declined(400, f"no checkpoint: {refused}") from None
        keys = self.logs.get(head.origin)
        if keys is None:
            raise _Declined(404, "this log is not one that is cosigned here")
        try:
            by_log = verify_note(request.note, keys)
        except NoteRefused as refused:
            raise _Declined(403, str(refused)) from None
        if request.old > head.size:
            raise _Declined(400, f"expected an old size of at most {head.size}, met {request.old}")
        return head, by_log

    def _cosign(self, request: Request, head: Checkpoint, by_log: tuple[Signature, ...]) -> Answer:
        held = signer_store.held(self.store, head.origin)
        _check_extends(request, head, held)
        own = self.key.cosign(request.note.text, time_s=self.now_s())
        note = format_note(Note(request.note.text, (*by_log, own)))
        signer_store.swap(self.store, head.origin, held, Held(size=head.size, root=head.root, note=note))
        return Answer(200, own.line())


def logs_of(keys: Sequence[VerifierKey]) -> dict[str, tuple[VerifierKey, ...]]:
    """Return the trusted keys by origin: a log signs under its origin's name."""
    found: dict[str, tuple[VerifierKey, ...]] = {}
    for key in dict.fromkeys(keys):
        found[key.name] = (*found.get(key.name, ()), key)
    return found


def _check_extends(request: Request, head: Checkpoint, held: Held | None) -> None:
    size = held.size if held is not None else 0
    if request.old != size:
        raise _Declined(409, str(size), SIZE_TYPE)
    if held is not None and head.size == size and head.root != held.root:
        raise _Declined(409, f"another root was cosigned at size {size}: two histories")
    if not size:
        # Nothing was cosigned yet, so nothing is to be proven.
        if request.proof:
            raise _Declined(422, "expected no proof lines from old size 0")
        return
    try:
        verify_consistency(
            old=size, new=head.size, old_root=held.root if held else b"", new_root=head.root, proof=request.proof
        )
    except ProofRefused as refused:
        raise _Declined(422, f"size {head.size} is not shown to extend size {size}: {refused}") from None
