"""Check 7, second persons (log-format section 2): who may be one, and to what. Different readings are no finding."""

from collections import defaultdict

from audit.domain import events
from audit.domain.book import Recorded
from audit.domain.fold import SECOND_PERSON
from audit.services.verifying.check_01_bytes import Read
from audit.services.verifying.history import History
from audit.services.verifying.verdict import Notebook, Rule

_FIRST_OF: dict[type[events.Event], type[events.Event]] = {
    events.InventoryConfirmed: events.InventoryTaken,
    events.RemainderReread: events.RemainderRead,
    events.WasteWitnessed: events.WasteRecorded,
    events.CountConfirmed: events.CountRecorded,
    events.PatientErased: events.ErasureRequested,
}
_SECONDS = (*SECOND_PERSON, events.PatientErased)
_SUBJECTS = ("container", "session", "method", "inventory", "count", "patient")
"""What the second person was shown and repeats; what they read or counted themself may differ."""
_HANDLING = (
    events.InfusionStarted,
    events.RateChanged,
    events.InfusionStopped,
    events.RemainderRead,
    events.WasteRecorded,
    events.RemainderHeld,
)


class SecondPersons:
    """Follows who had a hand in each container, and which second entries count."""

    def __init__(self, notebook: Notebook, history: History) -> None:
        self._notebook = notebook
        self._history = history
        self._hands: dict[str, list[tuple[int, str]]] = defaultdict(list)
        self._seconds: dict[int, list[tuple[int, str]]] = defaultdict(list)

    def entry(self, read: Read) -> None:
        """Note whose hands were on a container, or check a second person's entry."""
        recorded = read.recorded
        if recorded is None:
            return
        event = recorded.event
        if isinstance(event, _SECONDS):
            self._check(read.index, recorded, event)
        elif isinstance(event, events.DoseDrawn):
            self._hands[event.syringe].append((read.index, recorded.actor))
        elif isinstance(event, _HANDLING):
            self._hands[event.container].append((read.index, recorded.actor))

    def _check(self, index: int, recorded: Recorded, event: events.Event) -> None:
        if not isinstance(event, _SECONDS):
            return
        of = event.of.index
        past = self._history.past.get(of)
        first = self._history.recorded(of)
        if past is None or first is None or of >= index:
            self._wrong(index, expected="`of` an entry before this one", found=f"entry {of}, which is not")
            return
        if past.leaf.hex() != event.of.leaf:
            self._wrong(index, expected=f"the leaf of entry {of}, {past.leaf.hex()}", found=event.of.leaf)
        if not isinstance(first.event, _FIRST_OF[type(event)]):
            self._wrong(index, expected=_FIRST_OF[type(event)].__name__, found=f"entry {of}, {past.kind}")
            return
        if of in self._history.struck:
            strike = self._history.struck[of]
            self._wrong(index, expected="`of` an entry that stands", found=f"entry {of}, struck by entry {strike}")
        self._check_subjects(index, first, event)
        self._check_actor(index, recorded.actor, first)

    def _check_subjects(self, index: int, first: Recorded, second: events.Event) -> None:
        for name in _SUBJECTS:
            shown, repeated = getattr(first.event, name, None), getattr(second, name, None)
            if shown != repeated and hasattr(second, name):
                self._wrong(index, expected=f"{name} {shown} as in entry {first.index}", found=f"{name} {repeated}")

    def _check_actor(self, index: int, actor: str, first: Recorded) -> None:
        container = getattr(first.event, "container", None)
        hands = self._hands.get(container, []) if isinstance(container, str) else []
        before = [one for one, who in hands if who == actor and one not in self._history.struck]
        if actor == first.actor:
            self._wrong(index, expected=f"another person than entry {first.index}'s", found=f"{actor} again")
        elif before:
            acted = f"{actor}, whose entry {before[0]} drew, gave or recorded it"
            self._wrong(index, expected="a person who had no hand in this amount", found=acted)
        counting = self._seconds[first.index]
        same = [one for one, who in counting if who == actor and one not in self._history.struck]
        if same:
            self._wrong(
                index, expected=f"one second entry of {actor} for entry {first.index}", found=f"entry {same[0]} too"
            )
        counting.append((index, actor))

    def _wrong(self, index: int, *, expected: str, found: str) -> None:
        self._notebook.finding(Rule.SIGNATURES, index, expected=expected, found=found)
