"""What an inspector should read: unwitnessed, late, corrected, lost, expired, unconfirmed, unsigned, and every case.

Each as the sentence of its entry, with the mark it carries for ever.
"""

from audit.domain import events
from audit.domain.book import Case, Recorded
from audit.domain.flags import Flag
from audit.domain.postings import postings
from audit.domain.reconcile import Strength as Kind
from audit.reports.model import ExceptionLine, LaterLine
from audit.reports.values import Amount, Mark, When
from audit.reports.words import format_delay
from audit.services.reporting.figures import MARKS, amount, strength, when
from audit.services.reporting.snapshot import Snapshot, strength_of


def exceptions(shot: Snapshot) -> tuple[ExceptionLine, ...]:
    """Return every exception of the period, worst kinds first, then by entry."""
    found: list[ExceptionLine] = []
    for entry in shot.entries:
        if shot.is_in_period(entry):
            found += [_flagged(shot, entry, flag) for flag in shot.flags_of(entry) if flag in MARKS]
            found += _lost(shot, entry)
    found += [_case(shot, case) for case in shot.book.cases.values() if _concerns(shot, case)]
    found += _unsigned(shot)
    return tuple(sorted(found, key=lambda line: (_RANK[line.mark], line.entry)))


_RANK = {
    mark: rank
    for rank, mark in enumerate(
        (
            Mark.LOSS,
            Mark.DISCREPANCY,
            Mark.UNWITNESSED,
            Mark.UNCONFIRMED,
            Mark.EXPIRED,
            Mark.LATE,
            Mark.STRUCK,
            Mark.UNSIGNED,
        )
    )
}


def later(shot: Snapshot) -> tuple[LaterLine, ...]:
    """Return the entries about this period that an earlier report of it could not show."""
    made = []
    for issued in issued_for(shot):
        report = issued.event
        if isinstance(report, events.ReportIssued):
            entries = [one for one in shot.entries[report.size :] if moves(one) and shot.is_in_period(one)]
            made += [_later(shot, number_of(report), entry) for entry in entries]
    return tuple(made)


def issued_for(shot: Snapshot) -> list[Recorded]:
    """Return the reports already issued over a period that touches this one: only the latest of the same days."""
    first, last = shot.period.first.isoformat(), shot.period.last.isoformat()
    same = [
        entry
        for entry in shot.entries
        if isinstance(entry.event, events.ReportIssued)
        and entry.event.report_kind == "inspection"
        and (entry.event.from_on, entry.event.to_on) == (first, last)
    ]
    return same[-1:]


def moves(entry: Recorded) -> bool:
    """Say whether an entry could change what a report shows: not reports, sign-ins or looks."""
    unlike = (
        events.TrustEvent
        | events.ReportIssued
        | events.ActsSigned
        | events.PatientUnmasked
        | events.PasswordSet
        | events.ClockStepped
    )
    return not isinstance(entry.event, unlike)


def number_of(report: events.ReportIssued) -> str:
    """Return how people name a report or a bundle: by the log size it stands on."""
    return f"{'KB' if report.report_kind == 'bundle' else 'KA'}-{report.to_on}-{report.size}"


def _later(shot: Snapshot, number: str, entry: Recorded) -> LaterLine:
    told = shot.teller.tell(entry)
    return LaterLine(
        report=number,
        entry=entry.index,
        occurred=when(entry),
        recorded=When(ms=entry.recorded_ms, offset_min=entry.offset_min),
        text=told.what,
        amount=amount_of(shot, entry),
        who=shot.teller.named(entry.actor),
    )


def amount_of(shot: Snapshot, entry: Recorded) -> Amount | None:
    """Return how much an entry moved into or out of what is on hand or given; None where it moved nothing."""
    gains = [posting for posting in postings(entry.event) if posting.mass_ug > 0]
    kind = kind_of(shot, gains[0].container, entry) if gains else None
    return None if kind is None else amount(sum(posting.mass_ug for posting in gains), kind)


def kind_of(shot: Snapshot, container: str, entry: Recorded) -> Kind | None:
    """Return the strength an entry moved; a struck draw made no syringe, but says what it drew."""
    if isinstance(entry.event, events.DoseDrawn):
        return Kind(entry.event.concentration_ug_per_ml, entry.event.form)
    known = shot.book.containers.get(container)
    return strength_of(known) if known else None


def _flagged(shot: Snapshot, entry: Recorded, flag: Flag) -> ExceptionLine:
    told = shot.teller.tell(entry)
    detail = told.detail
    if flag is Flag.LATE:
        delay = format_delay(entry.recorded_ms - entry.occurred_ms)
        limit = format_delay(shot.policy(entry).late_after_min * 60_000)
        detail = f"Entered {delay} after it happened; limit {limit}"
    elif flag is Flag.STRUCK:
        strike = shot.entries[shot.book.struck[entry.index]]
        detail = f"{shot.teller.tell(strike).what}; by {shot.teller.named(strike.actor)}, entry {strike.index:,}"
    return ExceptionLine(
        mark=MARKS[flag],
        text=f"{told.what}{_of(shot, entry)}",
        detail=detail,
        amount=amount_of(shot, entry),
        when=when(entry),
        entry=entry.index,
        who=shot.teller.named(entry.actor),
    )


def _of(shot: Snapshot, entry: Recorded) -> str:
    """Return the strength, where the entry moved something of one."""
    for posting in postings(entry.event):
        vial = shot.book.containers.get(posting.container)
        if vial is not None:
            return f", {strength(strength_of(vial)).label}"
    return ""


def _lost(shot: Snapshot, entry: Recorded) -> list[ExceptionLine]:
    if not (isinstance(entry.event, events.CaseClosed) and entry.event.outcome == "loss"):
        return []
    return [
        ExceptionLine(
            mark=Mark.LOSS,
            text=f"Posted as lost{_of(shot, entry)}",
            detail=shot.teller.tell(entry).detail,
            amount=amount_of(shot, entry),
            when=when(entry),
            entry=entry.index,
            who=shot.teller.named(entry.actor),
        )
    ]


def _concerns(shot: Snapshot, case: Case) -> bool:
    """Say whether a case opened by the end of the period is open, or was opened in it, and says more than a mark."""
    inside = shot.period.from_ms <= case.opened_ms < shot.period.until_ms
    still_open = case.is_open and case.opened_ms < shot.period.until_ms
    marked = case.cause in {"unwitnessed", "expired"} and inside
    return (inside or still_open) and not marked


def _case(shot: Snapshot, case: Case) -> ExceptionLine:
    entry = shot.entries[case.index]
    told = shot.teller.tell(entry)
    kind = case_strength(shot, case)
    state = "open" if case.is_open else f"closed by entry {case.closed.index:,}" if case.closed else "counted again"
    owner = f", owner {shot.teller.named(case.owner)}" if case.owner else ""
    return ExceptionLine(
        mark=Mark.DISCREPANCY,
        text=f"{told.what}{f', {strength(kind).label}' if kind else ''}",
        detail=f"{told.detail}; {state}{owner}",
        amount=amount(abs(case.variance_ug), kind) if kind and case.variance_ug else None,
        when=when(entry),
        entry=entry.index,
        who=shot.teller.named(entry.actor),
    )


def case_strength(shot: Snapshot, case: Case) -> Kind | None:
    """Return the strength a case is about, if it is about one."""
    if case.container in shot.book.containers:
        return strength_of(shot.book.containers[case.container])
    product = shot.book.products.get(case.product or "")
    return Kind(product.concentration_ug_per_ml, product.form) if product else None


def _unsigned(shot: Snapshot) -> list[ExceptionLine]:
    """Return one line for each person with acts never signed: the first of them, and how many."""
    by_person: dict[str, list[Recorded]] = {}
    for entry in shot.entries:
        if shot.is_unsigned(entry) and shot.is_in_period(entry):
            by_person.setdefault(entry.actor, []).append(entry)
    return [
        ExceptionLine(
            mark=Mark.UNSIGNED,
            text=f"{len(acts):,} acts on the way never signed" if len(acts) > 1 else "One act on the way never signed",
            detail=f"First: {shot.teller.tell(acts[0]).what}",
            amount=None,
            when=when(acts[0]),
            entry=acts[0].index,
            who=shot.teller.named(person),
        )
        for person, acts in by_person.items()
    ]
