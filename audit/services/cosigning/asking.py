"""Asks the cosigners in force for their signature on each checkpoint, and keeps their lines beside it.

Nothing waits for a cosigner: who is away is asked again later, less and less often, and goes on from the checkpoint it
signed last. Only lines that hold, under a key in force by the entries at that size, are kept.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace

from audit.domain.credential import Trust
from audit.domain.keys import LOG
from audit.services.cosigning import http
from audit.services.cosigning.http import Reply, Unreachable
from audit.services.cosigning.request import SIZE_TYPE, format_request
from audit.services.register import Register
from audit.storage import checkpoints, cosignatures, ledger, tree
from audit.storage.checkpoints import StoredCheckpoint
from audit.storage.cosignatures import CosignatureRow
from audit.storage.engine import read, write
from audit.tlog import checkpoint as heads
from audit.tlog.checkpoint import Checkpoint
from audit.tlog.cosignature import CosignerKey, cosigned
from audit.tlog.keys import KeyRefused
from audit.tlog.note import NoteRefused, parse_note
from audit.tlog.spelling import parse_decimal

FIRST_PAUSE_MS = 5_000
LONGEST_PAUSE_MS = 15 * 60_000
_OK, _CONFLICT = 200, 409


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """How asking one cosigner goes: what is wrong in words ("" for nothing), and when it is asked again (ms)."""

    fault: str = ""
    faults: int = 0
    again_ms: int = 0
    signed_size: int | None = None
    """The size it says it signed last, where that is not what we know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """A head of our log that a cosigner remembers: whose key, when it signed (seconds since 1970 UTC), and the head."""

    key: CosignerKey
    time_s: int
    head: Checkpoint


class Cosigners:
    """Asks for one register; `addresses` gives the URL of each cosigner by the name in its key."""

    def __init__(self, register: Register, addresses: Mapping[str, str]) -> None:
        self._register = register
        self._addresses = addresses
        self._contacts: dict[str, Contact] = {}
        self._lock = threading.Lock()

    def contact(self, name: str) -> Contact | None:
        """Return how asking a cosigner goes; None where it has no address or was not asked yet."""
        return self._contacts.get(name)

    def has_address(self, name: str) -> bool:
        """Say whether an operator set a cosigner's address."""
        return name in self._addresses

    def ask(self) -> int:
        """Ask each cosigner that has not signed the last checkpoint and may be asked now; return how many signed."""
        with self._lock:
            kept, keys = self._wanted()
            return sum(self._ask(kept, key) for key in keys) if kept is not None else 0

    def remembered(self) -> tuple[Remembered, ...]:
        """Return the heads of this log that its cosigners in force remember, largest first; of those who answer."""
        register = self._register
        with read(register.engine) as conn:
            trust = ledger.load_book(conn, register.site, {LOG}).trust
        found = [self._remembered(key) for key in keys_of(trust) if key.name in self._addresses]
        return tuple(sorted((one for one in found if one), key=lambda one: one.head.size, reverse=True))

    def _wanted(self) -> tuple[StoredCheckpoint | None, tuple[CosignerKey, ...]]:
        """Return the last checkpoint, and the keys in force at its size whose line is wanted now."""
        register, now_ms = self._register, self._register.clock()
        if not self._addresses:
            return None, ()
        with read(register.engine) as conn:
            kept = checkpoints.latest(conn, register.site)
            if kept is None:
                return None, ()
            trust = ledger.load_book(conn, register.site, {LOG}, before=kept.size).trust
            signed = {row.name for row in cosignatures.lines_at(conn, register.site, kept.size)}
        due = (
            key
            for key in keys_of(trust)
            if key.name in self._addresses
            and key.name not in signed
            and self._contacts.get(key.name, Contact()).again_ms <= now_ms
        )
        return kept, tuple(due)

    def _ask(self, kept: StoredCheckpoint, key: CosignerKey) -> bool:
        before = self._contacts.get(key.name, Contact())
        try:
            line = self._line(kept, key, before.signed_size)
        except Unreachable as fault:
            pause = min(FIRST_PAUSE_MS * 2**before.faults, LONGEST_PAUSE_MS)
            current = self._contacts.get(key.name, before)
            self._contacts[key.name] = replace(
                current, fault=str(fault), faults=min(before.faults + 1, 16), again_ms=self._register.clock() + pause
            )
            return False
        with write(self._register.engine) as conn:
            cosignatures.save(conn, self._register.site, CosignatureRow(kept.size, key.name, line))
        self._contacts[key.name] = Contact()
        return True

    def _line(self, kept: StoredCheckpoint, key: CosignerKey, signed_size: int | None) -> str:
        """Return the line of a cosigner on a checkpoint; asked twice where it signed another one last.

        Raises:
            Unreachable: there is none that holds.
        """
        old = signed_size if signed_size is not None else self._known_size(key)
        reply = self._send(kept, key, old)
        if reply.status == _CONFLICT and reply.content_type == SIZE_TYPE:
            old = self._told_size(kept, key, reply.text)
            reply = self._send(kept, key, old)
        if reply.status != _OK:
            said = " ".join(reply.text.split())[:120]
            raise Unreachable(f"it answered {reply.status}" + (f": {said}" if said.isprintable() and said else ""))
        try:
            (found, *_) = cosigned(parse_note(kept.note + reply.text), [key])
        except (NoteRefused, ValueError):
            raise Unreachable("its answer is no cosignature of its key on this checkpoint") from None
        return found.signature.line()

    def _known_size(self, key: CosignerKey) -> int:
        with read(self._register.engine) as conn:
            row = cosignatures.last_of_each(conn, self._register.site).get(key.name)
        return row.size if row is not None else 0

    def _told_size(self, kept: StoredCheckpoint, key: CosignerKey, text: str) -> int:
        size = parse_decimal(text.removesuffix("\n"))
        if size is None:
            raise Unreachable("its answer of the size it signed last is no size")
        self._contacts[key.name] = replace(self._contacts.get(key.name, Contact()), signed_size=size)
        if size > kept.size:
            raise Unreachable(f"it signed {size} entries of this log, here are {kept.size} under the last checkpoint")
        return size

    def _send(self, kept: StoredCheckpoint, key: CosignerKey, old: int) -> Reply:
        proof: tuple[bytes, ...] = ()
        if 0 < old < kept.size:
            with read(self._register.engine) as conn:
                proof = tree.consistency(conn, self._register.site, old, kept.size)
        return http.add_checkpoint(self._addresses[key.name], format_request(min(old, kept.size), proof, kept.note))

    def _remembered(self, key: CosignerKey) -> Remembered | None:
        try:
            reply = http.last_checkpoint(self._addresses[key.name], self._register.origin)
            note = parse_note(reply.text)
            head = heads.parse(note.text)
            found = cosigned(note, [key])
        except (Unreachable, NoteRefused):
            return None
        if reply.status != _OK or head.origin != self._register.origin or not found:
            return None
        return Remembered(key=key, time_s=found[0].time_s, head=head)


def keys_of(trust: Trust | None) -> tuple[CosignerKey, ...]:
    """Return the cosigners' keys in force that can be read; of a kind that is not known, none is asked or counted."""
    found = []
    for text in trust.cosigners if trust is not None else ():
        try:
            found.append(CosignerKey.from_string(text))
        except (KeyRefused, ValueError):
            continue
    return tuple(found)
