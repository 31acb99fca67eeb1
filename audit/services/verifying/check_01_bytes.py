"""Check 1: the bytes of an entry are canonical, its envelope and facts are of a kind that is known."""

from dataclasses import dataclass

from audit.domain.book import Recorded
from audit.domain.errors import BrokenInvariantError, Refused
from audit.domain.postings import Posting, postings
from audit.domain.wire import UnknownKind, from_facts, session_of
from audit.services.verifying.source import Row
from audit.services.verifying.verdict import Notebook, Rule
from audit.storage.log import StoredEntry
from audit.tlog.canonical import NotCanonical
from audit.tlog.entry import Entry, EntryRefused, UnknownVersion, decode_entry
from audit.tlog.merkle import leaf_hash


@dataclass(slots=True)
class Read:
    """An entry as read strictly: `entry` is None where its bytes are none, `recorded` where its facts are not known.

    `posted` are the postings its own facts make; a strike's are those it reverses and come with its effect.
    """

    index: int
    body: bytes
    leaf: bytes
    entry: Entry | None
    recorded: Recorded | None
    posted: tuple[Posting, ...]
    columns: StoredEntry | None


def read_row(row: Row, notebook: Notebook) -> Read:
    """Read an entry, writing down what its bytes are not."""
    leaf = leaf_hash(row.body)
    read = Read(row.index, row.body, leaf, None, None, (), row.columns)
    try:
        read.entry = decode_entry(row.body)
    except NotCanonical as refusal:
        notebook.finding(Rule.BYTES, row.index, expected="canonical bytes", found=str(refusal))
    except UnknownVersion as unknown:
        notebook.not_checked(row.index, f"its envelope is of a version not known here ({unknown})")
    except EntryRefused as refusal:
        notebook.finding(Rule.BYTES, row.index, expected="the fields of an entry", found=str(refusal))
    if read.entry is not None:
        read.recorded = _recorded(read.entry, row.index, notebook)
    if read.recorded is not None:
        read.posted = _posted(read.recorded, notebook)
    return read


def decode_again(body: bytes) -> Recorded | None:
    """Return what an entry met before stated; None where it states nothing known."""
    try:
        entry = decode_entry(body)
        return _build(entry)
    except (EntryRefused, NotCanonical, UnknownKind, Refused):
        return None


def _recorded(entry: Entry, index: int, notebook: Notebook) -> Recorded | None:
    try:
        recorded = _build(entry)
    except UnknownKind:
        notebook.not_checked(index, f"kind {entry.kind} version {entry.act['v']} is not known here")
        return None
    except Refused as refusal:
        expected = f"facts of {entry.kind} within their limits"
        notebook.finding(Rule.BYTES, index, expected=expected, found=f"{refusal.code} at {refusal.field}")
        return None
    if session_of(recorded.event) != entry.act.get("session"):
        notebook.finding(
            Rule.BYTES, index, expected=f"a session only beside facts of a session, not {entry.kind}", found="a session"
        )
        return None
    return recorded


def _build(entry: Entry) -> Recorded:
    act = entry.act
    session, factors = act.get("session"), entry.signature.get("factors")
    return Recorded(
        index=entry.index,
        leaf=entry.leaf.hex(),
        recorded_ms=entry.recorded_ms,
        occurred_ms=_whole(act["occurred_ms"]),
        offset_min=_whole(act["offset_min"]),
        actor=entry.actor,
        method=entry.method,
        event=from_facts(entry.kind, _whole(act["v"]), entry.facts, session if isinstance(session, str) else None),
        factors=tuple(str(one) for one in factors) if isinstance(factors, list) else (),
    )


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


def _posted(recorded: Recorded, notebook: Notebook) -> tuple[Posting, ...]:
    try:
        return postings(recorded.event)
    except BrokenInvariantError as broken:
        notebook.finding(Rule.FOLD, recorded.index, expected="postings that sum to zero", found=str(broken))
        return ()
