"""The record of each treatment session that began in the period: order, draw, balance, rates, acts with signatures.

Patients by pseudonym; weight and mg/kg stay sealed.
"""

from collections import defaultdict

from audit.domain import events
from audit.domain.book import Recorded, Session
from audit.domain.postings import Account, postings
from audit.domain.reconcile import Strength as Kind
from audit.reports import words
from audit.reports.model import RateStep, SessionBalance, SessionRecord, SessionRow
from audit.reports.values import Amount, Fact, Part, When
from audit.services.meanings import MEANINGS, TITLES, method_words
from audit.services.reporting.figures import amount, marks, strength, when
from audit.services.reporting.snapshot import Snapshot, strength_of
from audit.services.wording import patient_label

ROUTES = {"iv": "Intravenous", "im": "Intramuscular", "sc": "Subcutaneous"}
_PARTS = ((Account.GIVEN, "Given"), (Account.RESIDUAL, "Left in line"), (Account.WASTED, "Wasted"))


def sessions(shot: Snapshot) -> tuple[SessionRecord, ...]:
    """Return the sessions opened in the period, by number."""
    acts: dict[str, list[Recorded]] = defaultdict(list)
    for entry in shot.entries:
        session = getattr(entry.event, "session", None)
        if session is not None and not isinstance(entry.event, events.CaseOpened):
            acts[session].append(entry)
    inside = [
        session
        for session in shot.book.sessions.values()
        if shot.period.from_ms <= session.opened_ms < shot.period.until_ms
    ]
    return tuple(_record(shot, one, acts[one.session]) for one in sorted(inside, key=lambda one: one.number))


def _record(shot: Snapshot, session: Session, acts: list[Recorded]) -> SessionRecord:
    balances = _balances(shot, session, acts)
    return SessionRecord(
        number=f"{session.number:04d}",
        line=_line(shot, session, balances),
        order=_order(shot, session),
        draw=_draws(shot, session),
        balances=balances,
        rates=_rates(shot, session),
        rows=tuple(_row(shot, entry) for entry in acts),
        summary=_summary(session, balances),
    )


def _line(shot: Snapshot, session: Session, balances: tuple[SessionBalance, ...]) -> str:
    start = When(ms=session.opened_ms, offset_min=shot.entries[session.index].offset_min)
    text = f"{words.format_date(start)}, {words.format_clock_offset(start)}"
    if session.closed_ms is not None and session.closed_index is not None:
        end = When(ms=session.closed_ms, offset_min=shot.entries[session.closed_index].offset_min)
        text = f"{words.format_date(start)}, {words.format_clock(start)} to {words.format_clock_offset(end)}"
    labels = ", ".join(one.strength.label for one in balances)
    many = {0: "Nothing drawn", 1: f"One strength: {labels}"}.get(len(balances), f"Strengths: {labels}")
    return f"{text}. {patient_label(session.patient)}. {many}."


def _order(shot: Snapshot, session: Session) -> tuple[Fact, ...]:
    prescriber = shot.book.persons.get(session.prescriber)
    licence = f", {prescriber.licence}" if prescriber is not None and prescriber.licence else ""
    return (
        Fact(name="Dose", text=f"{shot.teller.amount(session.dose_ug, 0).partition(' (')[0]}"),
        Fact(name="Route, time", text=f"{ROUTES[session.route]}, over {session.duration_min} min"),
        Fact(name="Prescriber", text=f"{shot.teller.named(session.prescriber)}{licence}"),
    )


def _draws(shot: Snapshot, session: Session) -> tuple[Fact, ...]:
    facts = []
    for one in session.syringes:
        syringe = shot.book.containers[one]
        sources = ", ".join(
            f"{vial.label}, lot {vial.lot}, expires {vial.expiry[:7]}"
            for source in syringe.sources
            if (vial := shot.book.containers.get(source)) is not None
        )
        drawn = amount(syringe.content_ug, strength_of(syringe))
        facts.append(Fact(name="Container", text=sources))
        facts.append(Fact(name="Syringe", text=f"{syringe.label}, {words.format_amount(drawn)}"))
        if syringe.content_ul != drawn.volume_ul:
            made = f"to {words.format_ml(syringe.content_ul)} mL, {shot.teller.strength(one)}"
            facts.append(Fact(name="Made up", text=made))
    return tuple(facts) or (Fact(name="Draw", text="Nothing was drawn"),)


def _balances(shot: Snapshot, session: Session, acts: list[Recorded]) -> tuple[SessionBalance, ...]:
    """Return drawn = given + left in line + wasted + returned + held + short, for each strength of a session."""
    sums: dict[Kind, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    active = {one.entry.index for one in shot.posted if one.session == session.session}
    for entry in acts:
        if entry.index not in active:
            continue
        for posting in postings(entry.event):
            kind = strength_of(shot.book.containers[posting.container])
            if posting.account is Account.CUSTODY:
                sums[kind][_inflow(entry.event)] += posting.mass_ug
            for account, name in _PARTS:
                if posting.account is account:
                    sums[kind][name] += posting.mass_ug
            if posting.account is Account.HELD:
                sums[kind]["Held in a bag"] += posting.mass_ug
            if posting.account is Account.VARIANCE and isinstance(entry.event, events.WasteRecorded):
                sums[kind]["Short"] += posting.mass_ug
    return tuple(_balance(kind, parts, session) for kind, parts in sorted(sums.items()))


def _inflow(event: events.Event) -> str:
    """Return where a change of custody belongs: what came in is drawn, what went elsewhere has its own name."""
    match event:
        case events.DoseDrawn() | events.ContainerTaken():
            return "Drawn"
        case events.ContainerReturned():
            return "Back"
        case _:
            return "gone"


def _balance(kind: Kind, sums: dict[str, int], session: Session) -> SessionBalance:
    found = {**sums, "Returned": -sums.get("Back", 0)}
    names = ("Given", "Left in line", "Wasted", "Short", "Returned", "Held in a bag")
    parts = [Part(name=name, amount=amount(found[name], kind)) for name in names if found.get(name)]
    ordered = amount(session.dose_ug, kind)
    return SessionBalance(
        strength=strength(kind), ordered=ordered, drawn=amount(sums.get("Drawn", 0), kind), parts=tuple(parts)
    )


def _rates(shot: Snapshot, session: Session) -> tuple[RateStep, ...]:
    """Return the rates of the one syringe that ran; several at once are told by their rows."""
    ran = [(one, run) for one, run in session.runs.items() if run.changes]
    if len(ran) != 1:
        return ()
    syringe, run = shot.book.containers[ran[0][0]], ran[0][1]
    kind = strength_of(syringe)
    steps = []
    for moment, rate_ul_per_h in run.changes:
        hourly = amount(syringe.mass_in(rate_ul_per_h), kind)
        at = When(ms=moment, offset_min=shot.offset(moment))
        steps.append(RateStep(when=at, mass_ug_per_h=hourly.mass_ug, volume_ul_per_h=hourly.volume_ul))
    return tuple(steps)


def _row(shot: Snapshot, entry: Recorded) -> SessionRow:
    person = shot.book.persons.get(entry.actor)
    note = ", ".join(part for part in (person.profession, person.licence) if part) if person else ""
    return SessionRow(
        when=when(entry),
        entry=entry.index,
        act=TITLES[type(entry.event)],
        detail=_rate_words(shot, entry),
        amount=_amount(shot, entry),
        who=shot.teller.named(entry.actor),
        who_note=note,
        method=method_words(entry.method, entry.factors),
        meaning=f"“{MEANINGS[type(entry.event)]}”",
        marks=marks(shot, entry),
        struck_by=shot.book.struck.get(entry.index),
    )


def _rate_words(shot: Snapshot, entry: Recorded) -> str:
    if not isinstance(entry.event, events.InfusionStarted | events.RateChanged):
        return ""
    syringe = shot.book.containers.get(entry.event.container)
    if syringe is None:
        return ""
    rate = entry.event.rate_ul_per_h
    hourly = f"{words.format_mg(syringe.mass_in(rate))} mg/h ({words.format_ml(rate)} mL/h"
    return f"{hourly} of {shot.teller.strength(entry.event.container)})"


def _amount(shot: Snapshot, entry: Recorded) -> Amount | None:
    match entry.event:
        case events.DoseDrawn(mass_ug=mass, concentration_ug_per_ml=concentration, form=form):
            return amount(mass, Kind(concentration, form))
        case (
            events.RemainderRead(container=container, mass_ug=mass)
            | events.RemainderReread(container=container, mass_ug=mass)
            | events.WasteRecorded(container=container, mass_ug=mass)
            | events.RemainderHeld(container=container, mass_ug=mass)
            | events.ContainerTaken(container=container, mass_ug=mass)
            | events.ContainerReturned(container=container, mass_ug=mass)
        ):
            known = shot.book.containers.get(container)
            return amount(mass, strength_of(known)) if known else None
        case events.WasteWitnessed(container=container, volume_ul=volume):
            known = shot.book.containers.get(container)
            return amount(known.mass_in(volume), strength_of(known)) if known else None
        case _:
            return None


def _summary(session: Session, balances: tuple[SessionBalance, ...]) -> str:
    if session.closed_ms is None:
        return "Not closed: what is still to account for is in the session's custody."
    given = sum(part.amount.mass_ug for one in balances for part in one.parts if part.name == "Given")
    if len(balances) != 1 or given == session.dose_ug:
        return "Closed with nothing left to account for."
    less = given - session.dose_ug
    word = "below" if less < 0 else "above"
    gap = abs(less)
    kind = Kind(balances[0].strength.concentration_ug_per_ml, "")
    return f"Closed with nothing left to account for; given {words.format_amount(amount(gap, kind))} {word} the order."
