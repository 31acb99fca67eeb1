"""Check 10: postings sum to zero, and no place ever holds less than nothing.

In index order, a strike's reverse at its own index; while replacements of a strike are still to come, nothing is
judged (log-format, section 2). Sums of single entries are checked where postings are made (`check_01_bytes`).
"""

from collections import defaultdict

from audit.domain.postings import ON_HAND, Account
from audit.services.verifying.history import Effect
from audit.services.verifying.verdict import Notebook, Rule

Place = tuple[Account, str, str | None]


class Fold:
    """The balance of each place by the entries so far."""

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook
        self._balances: dict[Place, int] = defaultdict(int)
        self._touched: dict[Place, None] = {}
        self._below: set[Place] = set()

    def entry(self, index: int, effect: Effect | None, *, pending: int) -> None:
        """Post one entry; judge what it and those since the last judgement touched."""
        if effect is not None:
            for posting in effect.postings:
                if posting.account in ON_HAND:
                    place = (posting.account, posting.container, posting.session)
                    self._balances[place] += posting.mass_ug
                    self._touched[place] = None
        if pending or not self._touched:
            return
        for place in self._touched:
            self._judge(index, place)
        self._touched.clear()

    def finish(self, index: int) -> None:
        """Judge what waited for replacements that never came."""
        self.entry(index, None, pending=0)

    def _judge(self, index: int, place: Place) -> None:
        """A place below zero is told once, at the entry that took it there, until it is above again."""
        mass = self._balances[place]
        if mass >= 0:
            self._below.discard(place)
            if mass == 0:
                del self._balances[place]
        elif place not in self._below:
            self._below.add(place)
            account, container, _ = place
            self._notebook.finding(
                Rule.FOLD, index, expected=f"{account} of {container} at or above zero", found=f"{mass} ug"
            )
