"""Check 7, `acts_signed`: it names its actor's own earlier acts on the way; those never named are listed."""

from audit.domain import events
from audit.services.verifying.check_01_bytes import Read
from audit.services.verifying.history import History
from audit.services.verifying.verdict import Notebook, Rule


class SignedActs:
    """Follows which acts on the way still wait for a signature."""

    def __init__(self, notebook: Notebook, history: History) -> None:
        self._notebook = notebook
        self._history = history
        self._waiting: dict[int, None] = {}

    @property
    def unsigned(self) -> tuple[int, ...]:
        """Indexes of acts on the way that no `acts_signed` has named."""
        return tuple(self._waiting)

    def entry(self, read: Read) -> None:
        """Note an act on the way, or check what an `acts_signed` names."""
        if read.entry is not None and read.entry.method == "signed_in":
            self._waiting[read.index] = None
        if read.recorded is not None and isinstance(read.recorded.event, events.ActsSigned):
            self._check(read.index, read.recorded.actor, read.recorded.event)

    def _check(self, index: int, actor: str, event: events.ActsSigned) -> None:
        named = event.indexes
        if list(named) != sorted(set(named)) or (named[0], named[-1]) != (event.from_index, event.to_index):
            self._wrong(
                index,
                expected="indexes that rise from `from` to `to`",
                found=f"from {event.from_index} to {event.to_index}, indexes from {named[0]} to {named[-1]}",
            )
        last = self._history.past.get(event.to_index)
        if last is None or event.to_index >= index:
            self._wrong(index, expected="`to` an entry before this one", found=f"to {event.to_index}")
        elif last.leaf.hex() != event.leaf:
            self._wrong(index, expected=f"the leaf of entry {event.to_index}, {last.leaf.hex()}", found=event.leaf)
        for one in named:
            stood = self._history.past.stood(one)
            if stood != (actor, "signed_in"):
                met = f"entry {one}, {stood[1]} by {stood[0]}" if stood else f"entry {one}, which is not before it"
                self._wrong(index, expected=f"own acts on the way of {actor}", found=met)
            self._waiting.pop(one, None)

    def _wrong(self, index: int, *, expected: str, found: str) -> None:
        self._notebook.finding(Rule.SIGNATURES, index, expected=expected, found=found)
