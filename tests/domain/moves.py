"""Plays a day drawn at random: every move is tried, what the clinic refuses is simply not done."""

from collections.abc import Iterable, Sequence
from contextlib import suppress

from audit.domain import commands, events
from audit.domain.errors import Refused
from tests.domain.paper import Paper

Move = tuple[int, int, int, int]
WHO = "ABM"


def play(paper: Paper, moves: Sequence[Move]) -> int:
    """Let the clinic try each move; return how many were done."""
    before = len(paper.log)
    paper.receive(count=2)
    paper.open_session()
    for move in moves:
        with suppress(Refused):
            _play(paper, *move)
    return len(paper.log) - before


def _play(paper: Paper, what: int, which: int, other: int, amount: int) -> None:
    book = paper.book()
    who = WHO[(which + other) % 3]
    vial = _pick([one for one, found in book.containers.items() if not found.is_syringe], which, "c_99999999")
    one, session = _pick(book.containers, which, "c_99999999"), _pick(book.sessions, other, "s_99999999")
    match what:
        case 0:
            paper.receive(who, count=1 + which % 2)
        case 1:
            paper.open_session()
        case 2 | 3 | 4 | 5:
            _draw(paper, who, session, vial, amount * 10)
        case 8:
            reading = book.container(one).reading
            if reading:
                paper.reread(who, book.entries[reading.index], one, amount)
        case 9:
            paper.waste(who, one, alone=bool(other % 2))
        case 12:
            _strike(paper, which, amount)
        case 13:
            paper.count("A", "B", lots={(paper.products["50"], "EX-5390"): other % 4}, levels={one: amount * 8})
        case 14:
            _answer(paper, which)
        case _:
            paper.act(who, _plain(what, one, session, amount))


def _pick(things: Iterable[str], which: int, otherwise: str) -> str:
    """Return one of the things there are; where all were struck, one that is not there."""
    found = sorted(things)
    return found[which % len(found)] if found else otherwise


def _plain(what: int, one: str, session: str, amount: int) -> commands.Command:
    if what in {6, 7}:
        return commands.ReadRemainder(container=one, volume_ul=amount, residual_ul=amount % 20)
    if what == 10:
        return commands.HoldRemainder(container=one, bag=f"T-{amount}")
    return commands.CloseSession(session=session)


def _draw(paper: Paper, who: str, session: str, vial: str, volume_ul: int) -> None:
    """Draw, or take the whole vial along, or bring it back."""
    match volume_ul % 70:
        case 0:
            paper.act(who, commands.TakeContainer(session=session, container=vial))
        case 10:
            paper.act(who, commands.ReturnContainer(session=session, container=vial))
        case 20 | 30:
            paper.draw(who, session, vial, volume_ul, total_ul=volume_ul + 3001, beyond_confirmed=True)
        case _:
            paper.draw(who, session, vial, volume_ul)


def _strike(paper: Paper, which: int, amount: int) -> None:
    """Correct one of the last entries, a draw or a reading by another amount."""
    entry = paper.log[-1 - which % min(12, len(paper.log))]
    match entry.event:
        case events.DoseDrawn(session=session, syringe=syringe, sources=sources):
            parts = (commands.Part(container=sources[0].container, volume_ul=amount),)
            paper.strike("M", entry, commands.DrawDose(session=session, syringe=syringe, parts=parts))
        case events.RemainderRead(container=container):
            paper.strike("M", entry, commands.ReadRemainder(container=container, volume_ul=amount))
        case _:
            paper.strike("M", entry)


def _answer(paper: Paper, which: int) -> None:
    waiting = [case for case in paper.book().cases.values() if case.is_open]
    if waiting:
        case = waiting[which % len(waiting)]
        outcome = "loss" if case.variance_ug < 0 else "gain" if case.variance_ug else "no_quantity"
        sealed = [one.container for one in paper.book().containers.values() if one.opened_ms is None]
        count = -case.variance_ug // 500_000 if case.container is None else 0
        paper.act(
            "M",
            commands.CloseCase(
                case=case.case, outcome=outcome, explanation="record_complete", containers=tuple(sealed[:count])
            ),
        )
