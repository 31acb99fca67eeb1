"""What the checks remember of the entries that passed: some bytes of each, never its own.

An earlier entry that a later one names is read again where it is no longer at hand; so memory hardly grows with the
log, whatever entries hold.
"""

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field

from audit.domain import events
from audit.domain.book import Recorded
from audit.domain.errors import BrokenInvariantError
from audit.domain.keys import entry_key, keys, strike_keys
from audit.domain.postings import Posting, postings, reversed_postings
from audit.services.verifying.check_01_bytes import Read, decode_again
from audit.tlog.merkle import leaf_hash

_AT_HAND = 4096


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of an entry: its leaf hash, kind, actor and method ("" where its bytes were none)."""

    leaf: bytes
    kind: str
    actor: str
    method: str


class Pasts:
    """What every entry was, in four bytes each; the hash of one long past is computed again from its bytes."""

    def __init__(self, body_at: Callable[[int], bytes | None]) -> None:
        """Read bytes again through `body_at`."""
        self._body_at = body_at
        self._stood = array("I")
        self._words: list[tuple[str, str, str]] = []
        self._numbers: dict[tuple[str, str, str], int] = {}
        self._apart: dict[int, tuple[bytes, int]] = {}
        self._leaves: dict[int, bytes] = {}

    def add(self, index: int, leaf: bytes, stood: tuple[str, str, str]) -> None:
        """Remember an entry: kind, actor and method, and for a while its hash."""
        number = self._numbers.setdefault(stood, len(self._words))
        if number == len(self._words):
            self._words.append(stood)
        if index != len(self._stood):  # after a gap: few entries of a broken log, or none
            self._apart[index] = (leaf, number)
            return
        self._stood.append(number)
        self._leaves[index] = leaf
        if len(self._leaves) > _AT_HAND:
            del self._leaves[next(iter(self._leaves))]

    def __contains__(self, index: object) -> bool:
        return isinstance(index, int) and (0 <= index < len(self._stood) or index in self._apart)

    def get(self, index: int) -> Past | None:
        """Return an entry that passed."""
        if index in self._apart:
            leaf, number = self._apart[index]
            return Past(leaf, *self._words[number])
        if not 0 <= index < len(self._stood):
            return None
        return Past(self._leaf(index), *self._words[self._stood[index]])

    def stood(self, index: int) -> tuple[str, str] | None:
        """Return actor and method of an entry that passed, without reading it again."""
        if not 0 <= index < len(self._stood):
            past = self.get(index)
            return (past.actor, past.method) if past else None
        return self._words[self._stood[index]][1:]

    def _leaf(self, index: int) -> bytes:
        at_hand = self._leaves.get(index)
        return at_hand if at_hand is not None else leaf_hash(self._body_at(index) or b"")


@dataclass(frozen=True, slots=True)
class Effect:
    """What an entry does to the derived tables: its keys, its postings and when these take effect."""

    keys: frozenset[str]
    postings: tuple[Posting, ...]
    occurred_ms: int


@dataclass(slots=True)
class History:
    """The entries that passed, by index; `struck` maps a struck entry to the first strike on it."""

    body_at: Callable[[int], bytes | None]
    past: Pasts = field(init=False)
    struck: dict[int, int] = field(default_factory=dict)
    case_opened_ms: dict[str, int] = field(default_factory=dict)
    patient_of: dict[str, str] = field(default_factory=dict)
    _recent: dict[int, Recorded] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.past = Pasts(self.body_at)

    def add(self, read: Read) -> None:
        """Remember an entry once every check has seen it."""
        entry, recorded = read.entry, read.recorded
        stood = (entry.kind, entry.actor, entry.method) if entry else ("", "", "")
        self.past.add(read.index, read.leaf, stood)
        if recorded is None:
            return
        self._recent[read.index] = recorded
        if len(self._recent) > _AT_HAND:
            del self._recent[next(iter(self._recent))]
        match recorded.event:
            case events.EntryStruck(of=of):
                self.struck.setdefault(of.index, read.index)
            case events.CaseOpened(case=case):
                self.case_opened_ms[case] = recorded.occurred_ms
            case events.SessionOpened(session=session, patient=patient):
                self.patient_of[session] = patient
            case _:
                pass

    def recorded(self, index: int) -> Recorded | None:
        """Return what an earlier entry stated; None where there is none that states anything known."""
        found = self._recent.get(index)
        if found is not None or index not in self.past:
            return found
        body = self.body_at(index)
        return None if body is None else decode_again(body)

    def effect(self, read: Read) -> Effect | None:
        """Return what an entry does to the derived tables: a strike does the reverse of what it strikes.

        None where what it states, or what it strikes, is not known.
        """
        recorded = read.recorded
        if recorded is None:
            return None
        event = recorded.event
        if isinstance(event, events.EntryStruck):
            return self._reverse(event)
        return Effect(keys(event), read.posted, self._effective_ms(recorded))

    def _reverse(self, strike: events.EntryStruck) -> Effect | None:
        struck = self.recorded(strike.of.index)
        if struck is None:
            return None
        try:
            posted = reversed_postings(postings(struck.event))
        except BrokenInvariantError:
            posted = ()
        found = strike_keys(strike, struck.event) | {entry_key(struck.index)}
        return Effect(found, posted, self._effective_ms(struck))

    def _effective_ms(self, entry: Recorded) -> int:
        """Return when an entry's postings take effect: a case's where it opened, all others when they happened."""
        if isinstance(entry.event, events.CaseClosed):
            return self.case_opened_ms.get(entry.event.case, entry.occurred_ms)
        return entry.occurred_ms
