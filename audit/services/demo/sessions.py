"""One treatment session of the demo, from order to close, with what may go wrong in it.

Each `yield` is the moment at which the next act is written; what is stated is when it happened. A late session
is lived at its time and written down later.
"""

from collections.abc import Generator
from dataclasses import dataclass
from datetime import date

from audit.domain import commands, events
from audit.domain.book import Recorded
from audit.domain.count import case_id
from audit.services.acts import Order
from audit.services.demo.cases import Matter, Matters
from audit.services.demo.desk import MINUTE, Desk, Scene
from audit.services.demo.doses import SYRINGE_UL, Dosing, dosing_of
from audit.services.demo.people import Crew, Member, identity_of
from audit.services.demo.plan import Course, Visit
from audit.services.demo.shelf import Bag, Shelf, Vial


@dataclass(slots=True, kw_only=True)
class Room:
    """One session under way: who treats, who lends second eyes, its identifiers and figures."""

    desk: Desk
    shelf: Shelf
    matters: Matters
    visit: Visit
    crew: Crew
    today: date
    nurse: Member
    second: Member
    session: str
    syringe: str
    dosing: Dosing
    lag_ms: int = 0

    @property
    def true_ms(self) -> int:
        """When what is being written happened."""
        return self.desk.clock.now_ms - self.lag_ms

    def said(self, who: Member, command: commands.Command, *, ago_ms: int = 0) -> Order:
        """Return an order for something that happened just now, or so many ms ago."""
        return self.desk.order(who, command, at_ms=self.true_ms - ago_ms)

    def after(self, least_s: int, most_s: int) -> int:
        """Return a moment some seconds on."""
        return self.desk.clock.now_ms + self.desk.seconds(least_s, most_s)


def enter(desk: Desk, shelf: Shelf, matters: Matters, visit: Visit, crew: Crew, today: date) -> Scene:
    """Play a visit from the patient's arrival."""
    nurse, second = crew.pair(desk.rng)
    room = Room(
        desk=desk,
        shelf=shelf,
        matters=matters,
        visit=visit,
        crew=crew,
        today=today,
        nurse=nurse,
        second=second,
        session=desk.identifier("s"),
        syringe=desk.identifier("c"),
        dosing=dosing_of(desk.rng, visit, shelf.products),
    )
    parts, is_expired = _parts(room)
    if visit.course is Course.LATE:
        room.lag_ms = desk.seconds(80 * 60, 170 * 60)
        yield desk.clock.now_ms + room.lag_ms
    yield from _treat(room, parts, is_expired=is_expired)


def _treat(room: Room, parts: list[tuple[Vial, int]], *, is_expired: bool) -> Scene:
    yield room.after(120, 300)
    yield from _prepare(room, parts, is_expired=is_expired)
    yield room.after(180, 480)
    if room.visit.course is not Course.NOT_GIVEN:
        yield from _infuse(room)
    yield from _finish(room)
    if room.visit.course is Course.SPILL:
        yield room.after(60, 120)
        yield from _spill(room)


def _parts(room: Room) -> tuple[list[tuple[Vial, int]], bool]:
    """Draw; once, the vial that was set aside and has expired since is all that is at hand."""
    aside, product, volume_ul = room.shelf.set_aside, room.dosing.product, room.dosing.drawn_ul
    if aside is None or aside.product is not product or aside.expiry >= room.today.isoformat():
        return room.shelf.take(product, volume_ul, room.today.toordinal()), False
    return room.shelf.take_set_aside(aside, volume_ul, room.today.toordinal()), True


def _prepare(room: Room, parts: list[tuple[Vial, int]], *, is_expired: bool) -> Scene:
    """Order and draw; one draw in four hundred is first written down from the wrong vial."""
    desk, patient = room.desk, room.visit.patient
    orders = [] if patient.pseudonym else [_registration(room)]
    orders.append(_opening(room))
    wrong = room.shelf.another(parts[0][0]) if room.visit.course is Course.WRONG_VIAL and not is_expired else None
    if wrong is not None:
        drawn = desk.write(*orders, room.said(room.nurse, _draw(room, [(wrong, parts[0][1])])))[-1]
        yield room.after(120, 240)
        strike = commands.StrikeEntry(of=drawn.ref, reason="wrong_container", replacements=1)
        at_ms = drawn.occurred_ms
        right = desk.order(room.nurse, _draw(room, parts), at_ms=at_ms, answers_strike=True)
        drawn = desk.write(desk.order(room.nurse, strike), right)[-1]
    else:
        drawn = desk.write(*orders, room.said(room.nurse, _draw(room, parts, is_expired=is_expired)))[-1]
    _book_draw(parts)
    if is_expired:
        note = "The last vial in date was empty and the patient was prepared. Label read, used knowingly, reported."
        _settle(room, drawn, note=note, mornings=4)


def _registration(room: Room) -> Order:
    patient = room.visit.patient
    patient.pseudonym = room.desk.identifier("pt")
    identity = identity_of(room.desk.rng, patient.number)
    registered = events.PatientRegistered(patient=patient.pseudonym)
    return room.desk.order(
        room.nurse, registered, at_ms=room.true_ms - 2 * MINUTE, sealed=identity, owner=patient.pseudonym
    )


def _opening(room: Room) -> Order:
    dosing, patient = room.dosing, room.visit.patient
    return room.desk.order(
        room.nurse,
        commands.OpenSession(
            session=room.session,
            patient=patient.pseudonym,
            prescriber=room.crew.prescriber.person,
            dose_ug=dosing.dose_ug,
            route="iv",
            duration_min=40,
        ),
        at_ms=room.true_ms - MINUTE,
        sealed={"weight_g": dosing.weight_g, "dose_ug_per_kg": dosing.dose_ug_per_kg},
        owner=patient.pseudonym,
    )


def _draw(room: Room, parts: list[tuple[Vial, int]], *, is_expired: bool = False) -> commands.DrawDose:
    return commands.DrawDose(
        session=room.session,
        syringe=room.syringe,
        parts=tuple(commands.Part(container=vial.container, volume_ul=volume) for vial, volume in parts),
        total_ul=SYRINGE_UL,
        expired_used=is_expired,
        beyond_confirmed=any(volume > vial.book_ul for vial, volume in parts),
    )


def _book_draw(parts: list[tuple[Vial, int]]) -> None:
    for vial, volume in parts:
        vial.book_ul = max(0, vial.book_ul - volume)
        vial.unwritten -= 1


def _infuse(room: Room) -> Scene:
    desk, dosing = room.desk, room.dosing
    started_ms = desk.clock.now_ms
    start = events.InfusionStarted(session=room.session, container=room.syringe, rate_ul_per_h=dosing.rate_ul_per_h)
    desk.write(room.said(room.nurse, start))
    for change in dosing.changes:
        yield started_ms + change.minute * MINUTE
        reason: events.RateReason = "side_effect" if change.rate_ul_per_h < dosing.rate_ul_per_h else "effect"
        changed = events.RateChanged(
            session=room.session,
            container=room.syringe,
            rate_ul_per_h=change.rate_ul_per_h,
            dose_ug=change.dose_ug,
            reason=reason,
        )
        desk.write(room.said(room.nurse, changed))
    yield started_ms + dosing.minutes * MINUTE
    early = room.visit.course is Course.STOPPED_EARLY
    reason_stopped: events.StopReason = desk.rng.choice(("side_effect", "patient_asked")) if early else "completed"
    stop = events.InfusionStopped(session=room.session, container=room.syringe, reason=reason_stopped)
    desk.write(room.said(room.nurse, stop))
    yield room.after(60, 180)


def _finish(room: Room) -> Scene:
    """Read what is left and account for it, as the course of the session has it."""
    course = room.visit.course
    left = SYRINGE_UL if course is Course.NOT_GIVEN else room.dosing.left_ul
    first = yield from _read(room, left)
    if left == 0:
        room.desk.write(_close(room))
    elif course is Course.HELD:
        yield room.after(60, 180)
        bag = f"TB-{room.desk.rng.randrange(10_000, 100_000)}"
        held = commands.HoldRemainder(session=room.session, container=room.syringe, bag=bag)
        room.desk.write(room.said(room.nurse, held), _close(room))
        room.shelf.bags.append(
            Bag(syringe=room.syringe, holder=room.nurse.person, volume_ul=left, day=room.today.toordinal())
        )
    elif course is Course.WASTED_ALONE:
        yield room.after(60, 180)
        wasted = room.desk.write(room.said(room.nurse, _waste(room, alone=True)), _close(room))[0]
        note = "Nobody was free to witness. Volumes compared with the pump's history, nothing unusual."
        _settle(room, wasted, note=note, mornings=3)
    else:
        yield from _waste_together(room, first, left)


def _read(room: Room, left_ul: int) -> Generator[int, None, Recorded]:
    """State the first reading; one in four hundred is mistyped and put right at once."""
    if room.visit.course is not Course.MISTYPED:
        return room.desk.write(room.said(room.nurse, _reading(room, left_ul)))[0]
    typed = left_ul * 10 if left_ul * 10 <= SYRINGE_UL - room.dosing.residual_ul else left_ul // 10
    wrong = room.desk.write(room.said(room.nurse, _reading(room, typed)))[0]
    yield room.after(60, 200)
    strike = commands.StrikeEntry(of=wrong.ref, reason="mistyped", replacements=1)
    right = room.desk.order(room.nurse, _reading(room, left_ul), at_ms=wrong.occurred_ms, answers_strike=True)
    return room.desk.write(room.said(room.nurse, strike), right)[1]


def _reading(room: Room, left_ul: int) -> commands.ReadRemainder:
    residual = 0 if room.visit.course is Course.NOT_GIVEN else room.dosing.residual_ul
    return commands.ReadRemainder(session=room.session, container=room.syringe, volume_ul=left_ul, residual_ul=residual)


def _waste_together(room: Room, first: Recorded, left_ul: int) -> Scene:
    desk = room.desk
    yield room.after(60, 240)
    if room.visit.course is Course.READINGS_DIFFER:
        seen = left_ul + 400 if left_ul + 400 < SYRINGE_UL - room.dosing.residual_ul else left_ul - 200
        desk.write(room.said(room.second, _reread(room, first, seen)))
        yield room.after(60, 120)
        first = desk.write(room.said(room.nurse, _reading(room, seen)))[0]
        left_ul = seen
        yield room.after(60, 120)
    seen = max(0, left_ul + desk.rng.choice((-50, 0, 0, 0, 0, 50)))
    again = room.said(room.second, _reread(room, first, seen), ago_ms=20_000)
    wasted = desk.write(again, room.said(room.nurse, _waste(room)))[1]
    yield room.after(20, 70)
    seen_done = commands.WitnessWaste(session=room.session, of=wasted.ref, container=room.syringe)
    desk.write(room.said(room.second, seen_done), _close(room))


def _reread(room: Room, first: Recorded, volume_ul: int) -> commands.RereadRemainder:
    return commands.RereadRemainder(session=room.session, of=first.ref, container=room.syringe, volume_ul=volume_ul)


def _waste(room: Room, *, alone: bool = False) -> commands.WasteRemainder:
    reasons: dict[Course, events.WasteReason] = {
        Course.STOPPED_EARLY: "stopped_early",
        Course.NOT_GIVEN: "not_given",
    }
    return commands.WasteRemainder(
        session=room.session,
        container=room.syringe,
        method="denature",
        reason=reasons.get(room.visit.course, "remainder"),
        alone=alone,
    )


def _close(room: Room) -> Order:
    return room.said(room.nurse, commands.CloseSession(session=room.session))


def _spill(room: Room) -> Scene:
    """The open vial falls: what the book had of it is short until the case says why."""
    vial = next(
        (
            one
            for one in room.shelf.opened
            if one.product is room.dosing.product and one.book_ul > 0 and not one.unwritten
        ),
        None,
    )
    if vial is None:
        return
    desk = room.desk
    vial.level_ul = vial.extra_ul = 0
    first = desk.write(room.said(room.nurse, commands.ReadRemainder(container=vial.container, volume_ul=0)))[0]
    yield room.after(60, 150)
    again = commands.RereadRemainder(of=first.ref, container=vial.container, volume_ul=0)
    waste = commands.WasteRemainder(container=vial.container, method="sink_absorbent", reason="broken")
    wasted = desk.write(room.said(room.second, again), room.said(room.nurse, waste))[1]
    yield room.after(20, 60)
    desk.write(room.said(room.second, commands.WitnessWaste(of=wasted.ref, container=vial.container)))
    vial.book_ul = 0
    note = "Vial fell from the counter and broke. Pieces and absorbed fluid seen by two people."
    room.matters.take_up(
        Matter(case=case_id(wasted, 0), note=note, mornings=2, outcome="explained", explanation="spill")
    )


def _settle(room: Room, entry: Recorded, *, note: str, mornings: int) -> None:
    """Take up the first case that an entry opened, one without a quantity."""
    room.matters.take_up(
        Matter(
            case=case_id(entry, 0),
            note=note,
            mornings=mornings,
            outcome="no_quantity",
            explanation="record_complete",
        )
    )
