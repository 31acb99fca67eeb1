"""The end of a demo day: tamper bags opened by two people, spent vials wasted, and the blind closing count."""

from collections.abc import Generator
from datetime import date

from audit.domain import commands, events
from audit.domain.book import Case, Recorded
from audit.domain.count import case_id
from audit.domain.keys import entry_key
from audit.services.demo.cases import Matter, Matters
from audit.services.demo.desk import Desk, Scene
from audit.services.demo.people import Crew, Member
from audit.services.demo.shelf import Bag, Shelf, Vial
from audit.storage import ledger
from audit.storage.engine import read

PUNCTURES_UL = 100
"""Two expected losses of a puncture; more wants another answer."""


def close_day(desk: Desk, shelf: Shelf, matters: Matters, crew: Crew, today: date) -> Scene:
    """Play what two people do before they go home."""
    for bag in [bag for bag in shelf.bags if bag.day < today.toordinal()]:
        yield from _open_bag(desk, shelf, bag, crew)
    for vial, reason in shelf.spent(today):
        yield from _waste_vial(desk, matters, vial, reason, crew)
    shelf.opened = [vial for vial in shelf.opened if vial.book_ul > 0]
    yield from _count(desk, shelf, matters, crew)


def _open_bag(desk: Desk, shelf: Shelf, bag: Bag, crew: Crew) -> Scene:
    others = [one for one in (*crew.treating, crew.second, crew.prescriber) if one.person != bag.holder]
    first, second = desk.rng.sample(others, 2)
    waste = commands.WasteRemainder(container=bag.syringe, method="denature", reason="remainder")
    yield from _waste_before_two(desk, first, second, bag.volume_ul, waste)
    shelf.bags.remove(bag)


def _waste_vial(desk: Desk, matters: Matters, vial: Vial, reason: events.WasteReason, crew: Crew) -> Scene:
    first, second = crew.pair(desk.rng)
    waste = commands.WasteRemainder(container=vial.container, method="denature", reason=reason)
    wasted = yield from _waste_before_two(desk, first, second, vial.level_ul, waste)
    if vial.level_ul != vial.book_ul:
        note = "Vial emptied. What the book had more is within the loss at so many punctures."
        case = case_id(wasted, 0)
        matters.take_up(Matter(case=case, note=note, mornings=1, outcome="explained", explanation="puncture_loss"))
    vial.book_ul = vial.level_ul = 0


def _waste_before_two(
    desk: Desk, first: Member, second: Member, volume_ul: int, waste: commands.WasteRemainder
) -> Generator[int, None, Recorded]:
    read = commands.ReadRemainder(container=waste.container, volume_ul=volume_ul)
    reading = desk.write(desk.order(first, read))[0]
    yield desk.clock.now_ms + desk.seconds(40, 120)
    again = commands.RereadRemainder(of=reading.ref, container=waste.container, volume_ul=volume_ul)
    wasted = desk.write(desk.order(second, again), desk.order(first, waste))[1]
    yield desk.clock.now_ms + desk.seconds(20, 60)
    desk.write(desk.order(second, commands.WitnessWaste(of=wasted.ref, container=waste.container)))
    yield desk.clock.now_ms + desk.seconds(30, 90)
    return wasted


def _count(desk: Desk, shelf: Shelf, matters: Matters, crew: Crew) -> Scene:
    first, second = crew.pair(desk.rng)
    count = desk.identifier("n")
    _stray(desk, shelf)
    is_searched = any(matter.answered_by for matter in matters.waiting)
    missing = None if is_searched else _overlooked(desk, shelf)
    lots = tuple(
        events.LotFound(product=product, lot=lot, containers=number - ((product, lot) == missing))
        for (product, lot), number in sorted(shelf.lots().items())
    )
    strayed = {vial.container: vial for vial in shelf.counted() if vial.level_ul != vial.book_ul}
    levels = {vial.container: vial.level_ul for vial in shelf.counted()}
    levels |= {bag.syringe: bag.volume_ul for bag in shelf.bags}
    started = desk.order(first, events.CountStarted(count=count, business_time="close"))
    found = tuple(events.LevelFound(container=one, volume_ul=volume) for one, volume in levels.items())
    recorded = desk.order(first, events.CountRecorded(count=count, lots=lots, opened=found))
    counted = desk.write(started, recorded)[1]
    yield desk.clock.now_ms + desk.seconds(150, 400)
    confirm = commands.ConfirmCount(of=counted.ref, count=count, lots=lots, opened=found)
    confirmed = desk.write(desk.order(second, confirm))[0]
    matters.last_count = confirmed
    for case in _cases_of(desk, confirmed):
        if case.container is None:
            _take_up_lot(matters, case)
        else:
            _take_up(matters, case, strayed[case.container])


def _stray(desk: Desk, shelf: Shelf) -> None:
    """Now and then a level is not what it was: nobody knows why, or what the maker put in extra shows."""
    vials = [vial for vial in shelf.counted() if not vial.unwritten]
    if vials and desk.chance(12):
        vial = desk.rng.choice(vials)
        vial.level_ul = max(0, vial.level_ul - desk.rng.randrange(200, 700, 50))
    elif vials and desk.chance(12):
        vial = desk.rng.choice(vials)
        vial.level_ul, vial.extra_ul = vial.level_ul + vial.extra_ul, 0


def _overlooked(desk: Desk, shelf: Shelf) -> tuple[str, str] | None:
    """Return the lot of which one vial stands where nobody looks tonight; it is found the next day."""
    several = [place for place, number in sorted(shelf.lots().items()) if number > 1]
    return desk.rng.choice(several) if several and desk.chance(12) else None


def _cases_of(desk: Desk, confirmed: Recorded) -> list[Case]:
    with read(desk.register.engine) as conn:
        book = ledger.load_book(conn, desk.register.site, {entry_key(confirmed.index)})
    return [case for case in book.cases.values() if case.of.index == confirmed.index]


def _take_up_lot(matters: Matters, case: Case) -> None:
    """Take up a lot that was one vial short, and the next day's count that found it again: one answers the other."""
    is_short = case.variance_ug < 0
    note = "One sealed vial stood behind the others on the lower shelf; the next count found it."
    matters.take_up(
        Matter(
            case=case.case,
            note=note,
            mornings=2 if is_short else 1,
            outcome="corrected",
            answered_by="count" if is_short else "closing",
        )
    )


def _take_up(matters: Matters, case: Case, vial: Vial) -> None:
    """Take up the case of a vial: a small loss is the punctures', a large one nobody can explain."""
    how: tuple[events.Outcome, events.Explanation | None, str]
    moves_ul = vial.level_ul - vial.book_ul
    if moves_ul > 0:
        how = ("explained", "overfill", "Level above the label's content less the draws; within the maker's overfill.")
    elif -moves_ul <= PUNCTURES_UL:
        how = ("explained", "puncture_loss", "Level a little below the book after many punctures.")
    else:
        how = ("loss", None, "Draws of the day gone through with both nurses, room searched. Reported as a loss.")
    outcome, explanation, note = how
    matters.take_up(
        Matter(
            case=case.case,
            note=note,
            mornings=1,
            outcome=outcome,
            explanation=explanation,
            vial=vial,
            moves_ul=moves_ul,
        )
    )
