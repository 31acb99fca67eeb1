"""What becomes of the demo's cases: assigned the next morning, noted, and closed by a manager when settled."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

from audit.domain import commands, events
from audit.domain.book import Recorded
from audit.services.demo.desk import MINUTE, Desk, Scene
from audit.services.demo.people import MANAGER, PHARMACIST
from audit.services.demo.shelf import Vial

DUE_DAYS = 10


@dataclass(slots=True, kw_only=True)
class Matter:
    """An open case, how it will be closed, the note that says why, and after how many mornings."""

    case: str
    note: str
    mornings: int
    outcome: events.Outcome
    explanation: events.Explanation | None = None
    vial: Vial | None = None
    moves_ul: int = 0
    """By how much closing it moves the book figure of `vial`."""
    answered_by: Literal["", "count", "closing"] = ""
    """The entry that its closing names: the last count, or the closing of the case before it."""
    is_assigned: bool = False


@dataclass(slots=True)
class Matters:
    """All cases being worked on, and the last confirmed count."""

    waiting: list[Matter] = field(default_factory=list)
    last_count: Recorded | None = None
    last_closed: Recorded | None = None

    def take_up(self, matter: Matter) -> None:
        """Start working on a case."""
        self.waiting.append(matter)


def morning(desk: Desk, matters: Matters, today: date) -> Scene:
    """Let a manager go through the open cases."""
    for matter in list(matters.waiting):
        if not matter.is_assigned:
            matter.is_assigned = True
            due = (today + timedelta(days=DUE_DAYS)).isoformat()
            owner = desk.rng.choice((MANAGER, PHARMACIST))
            assigned = events.CaseAssigned(case=matter.case, owner=owner.person, due_on=due)
            noted = events.CaseNoted(case=matter.case)
            desk.write(desk.order(MANAGER, assigned), desk.order(owner, noted, sealed={"note": matter.note}))
            yield desk.clock.now_ms + desk.seconds(60, 240)
        matter.mornings -= 1
        if matter.mornings > 0:
            continue
        _close(desk, matters, matter)
        matters.waiting.remove(matter)
        yield desk.clock.now_ms + 2 * MINUTE


def _close(desk: Desk, matters: Matters, matter: Matter) -> None:
    answers = {"": None, "count": matters.last_count, "closing": matters.last_closed}
    named = answers[matter.answered_by]
    closed = commands.CloseCase(
        case=matter.case, outcome=matter.outcome, explanation=matter.explanation, of=named.ref if named else None
    )
    matters.last_closed = desk.write(desk.order(MANAGER, closed))[0]
    if matter.vial is not None:
        matter.vial.book_ul += matter.moves_ul
