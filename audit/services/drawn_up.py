"""Acts that wait for a passkey, told in words from their own bytes; and the head a client is to see before it signs.

Not here: drawing up and checking (`record`, `passkey_acts`), the browser's part (`audit.web.acting`, `sign.js`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from audit.domain.book import Recorded
from audit.domain.quantity import DecimalMark
from audit.domain.wire import Facts, from_facts
from audit.services.meanings import MEANINGS
from audit.services.passkey_acts import Wanted
from audit.services.register import Register
from audit.services.sentences import Teller
from audit.services.telling import book_told
from audit.storage import checkpoints, ledger, log, tree
from audit.storage.engine import read
from audit.storage.tree import NodeMissing
from audit.tlog.canonical import decode


class HeadDiffers(Exception):
    """A client remembers a head that is not in this log's history: it must not sign, and somebody must look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A signed head, and the proof that it extends the one a client kept (none where it kept none)."""

    size: int
    root: str
    note: str
    proof: tuple[str, ...]


def head_for(register: Register, *, kept_size: int, kept_root: str) -> Shown | None:
    """Return the last signed head for a client that kept another, or nothing (size 0); None while nothing is signed.

    Raises:
        HeadDiffers: the head kept is not in the history of this log.
    """
    with read(register.engine) as conn:
        last = checkpoints.latest(conn, register.site)
        if last is None:
            return None
        if not 0 <= kept_size <= last.size:
            raise HeadDiffers
        try:
            proof = tree.consistency(conn, register.site, kept_size, last.size) if 0 < kept_size < last.size else ()
            is_known = not kept_size or tree.root(conn, register.site, kept_size).hex() == kept_root
        except NodeMissing as missing:
            raise HeadDiffers from missing
    if not is_known:
        raise HeadDiffers
    return Shown(size=last.size, root=last.root.hex(), note=last.note, proof=tuple(one.hex() for one in proof))


def key_changes(register: Register) -> list[tuple[str, str]]:
    """Return each change of the log's key: the new key, and the note that both keys signed (log-format, section 8)."""
    with read(register.engine) as conn:
        trust = ledger.load_book(conn, register.site, {"log:site"}).trust
        changes = trust.log_key_changes if trust else []
        notes = [(event.log_key, checkpoints.covering(conn, register.site, index)) for index, event in changes]
    return [(key, kept.note) for key, kept in notes if kept is not None]


def told(register: Register, wanted: Wanted, names: Mapping[str, str], mark: DecimalMark) -> list[str]:
    """Return what a person is about to sign, in words: what the signature says, what is stated, about what."""
    act = decode(wanted.act)
    with read(register.engine) as conn:
        entry = _as_entry(act, wanted.actor, log.head(conn, register.site).size)
        book = book_told(conn, register.site, [entry])
    said = Teller(book, names, mark).tell(entry)
    return [line for line in (MEANINGS[type(entry.event)], said.what, said.detail) if line]


def _as_entry(act: Mapping[str, object], actor: str, index: int) -> Recorded:
    facts: Facts = act["facts"]  # type: ignore[assignment]
    session = act.get("session")
    occurred_ms, offset_min, kind = act["occurred_ms"], act["offset_min"], act["kind"]
    if not (isinstance(occurred_ms, int) and isinstance(offset_min, int)):
        raise TypeError("an act without its time")
    return Recorded(
        index=index,
        leaf="",
        recorded_ms=occurred_ms,
        occurred_ms=occurred_ms,
        offset_min=offset_min,
        actor=actor,
        method="passkey",
        event=from_facts(str(kind), 1, facts, str(session) if session else None),
    )
