"""Check 7, corrections (log-format section 2): what is struck, how often, and what follows at once.

Also every other reference: an entry that names another names one that came before, by its leaf hash.
"""

from audit.domain import events
from audit.domain.facts import Ref
from audit.domain.wire import kind_of
from audit.services.verifying.check_01_bytes import Read
from audit.services.verifying.history import History
from audit.services.verifying.verdict import Notebook, Rule


class Strikes:
    """Follows the strikes and counts down the replacements they announced; `pending` are those still to come."""

    def __init__(self, notebook: Notebook, history: History) -> None:
        self._notebook = notebook
        self._history = history
        self._strike = -1
        self._struck: Ref | None = None
        self.pending = 0

    def entry(self, read: Read) -> None:
        """Check a strike, a replacement, or another entry's reference."""
        event = read.recorded.event if read.recorded else None
        replaces = getattr(event, "replaces", None)
        if self.pending:
            self._expect_replacement(read.index, replaces)
        elif isinstance(replaces, Ref):
            self._wrong(
                read.index,
                expected="a replacement at once after its strike, among those it announced",
                found=f"a replacement of entry {replaces.index}",
            )
        if isinstance(event, events.EntryStruck):
            self._check_strike(read.index, event)
            self._strike, self._struck, self.pending = read.index, event.of, event.replacements
        elif isinstance(event, events.CaseOpened | events.CaseClosed) and event.of is not None:
            self._check_ref(read.index, event.of)

    def finish(self) -> None:
        """Name replacements that never came."""
        if self.pending:
            self._wrong(
                self._strike, expected="as many replacements as it announced", found=f"{self.pending} are missing"
            )

    def _expect_replacement(self, index: int, replaces: object) -> None:
        if replaces != self._struck:
            struck = self._struck.index if self._struck else self._strike
            self._wrong(
                index,
                expected=f"a replacement that names entry {struck}, struck by entry {self._strike}",
                found="one that names another" if isinstance(replaces, Ref) else "another entry",
            )
            self.pending = 0
            return
        self.pending -= 1

    def _check_strike(self, index: int, event: events.EntryStruck) -> None:
        of = event.of.index
        if not self._check_ref(index, event.of):
            return
        struck = self._history.recorded(of)
        if struck is not None and not isinstance(struck.event, events.Correctable):
            self._wrong(index, expected="an entry that may be struck", found=f"entry {of}, {kind_of(struck.event)}")
        if of in self._history.struck:
            found = f"entry {of} was struck by entry {self._history.struck[of]}"
            self._wrong(index, expected="an entry not struck before", found=found)

    def _check_ref(self, index: int, ref: Ref) -> bool:
        past = self._history.past.get(ref.index)
        if past is None or ref.index >= index:
            self._wrong(index, expected="`of` an entry before this one", found=f"entry {ref.index}, which is not")
            return False
        if past.leaf.hex() != ref.leaf:
            self._wrong(index, expected=f"the leaf of entry {ref.index}, {past.leaf.hex()}", found=ref.leaf)
        return True

    def _wrong(self, index: int, *, expected: str, found: str) -> None:
        self._notebook.finding(Rule.SIGNATURES, index, expected=expected, found=found)
