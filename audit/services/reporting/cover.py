"""The report as a whole: verdict in words, who and when, key figures, and what an outsider needs to check it.

Completeness is claimed for the log, never for the world; an open difference is named in its own sentence.
"""

from collections.abc import Iterator

from audit.domain import events
from audit.domain.reconcile import Statement as Accounted
from audit.reports import words
from audit.reports.model import (
    Clinic,
    InspectionReport,
    KeyLine,
    Pack,
    Paper,
    Period,
    Verdict,
    VerdictState,
    Verification,
)
from audit.reports.sections.verification import COSIGNER
from audit.reports.values import Head, KeyFigure, When
from audit.services.reporting import figures
from audit.services.reporting.exceptions import exceptions, later
from audit.services.reporting.ledger import ledgers
from audit.services.reporting.sessions import sessions
from audit.services.reporting.snapshot import Snapshot
from audit.services.reporting.wastage import wastages
from audit.services.verifying.verdict import Cosigning
from audit.tlog.keys import VerifierKey


def report_of(
    shot: Snapshot, *, number: str, issued_ms: int, signed_ms: int, certificate_sha256: str
) -> InspectionReport:
    """Return the report of a snapshot, ready to draw; times in ms since 1970 UTC."""
    opened = shot.opened
    found = exceptions(shot)
    statements = figures.statements(shot)
    return InspectionReport(
        number=number,
        paper=Paper.LETTER,
        clinic=Clinic(
            name=opened.clinic,
            address=opened.address,
            registration=opened.registration,
            registration_note=_valid_to(opened.registration_expires),
            responsible=opened.responsible,
            is_demo=opened.demo,
        ),
        period=_period(shot),
        pack=_pack(shot),
        head=Head(origin=shot.origin, size=shot.size, root_hex=shot.checkpoint.root.hex()),
        issued=_at(shot, issued_ms),
        verdict=_verdict(shot, len(found)),
        stock=figures.stock(shot),
        stock_note=figures.stock_note(shot),
        key_figures=_key_figures(shot),
        exceptions=found,
        statements=statements,
        statement_notes=figures.statement_notes(shot),
        ledgers=ledgers(shot),
        sessions=sessions(shot),
        wastages=wastages(shot),
        later=later(shot),
        verification=_verification(shot, signed_ms, certificate_sha256),
    )


def _valid_to(day: str | None) -> str:
    return f"valid to {day}" if day else ""


def _at(shot: Snapshot, moment_ms: int) -> When:
    return When(ms=moment_ms, offset_min=shot.offset(moment_ms))


def _period(shot: Snapshot) -> Period:
    first, last = shot.period.first, shot.period.last
    start, end = _at(shot, shot.period.from_ms), _at(shot, shot.period.until_ms - 1)
    label = words.format_date(start)
    if first != last:
        label = f"{label} to {words.format_date(end)}"
    offsets = dict.fromkeys((words.format_offset(start.offset_min), words.format_offset(end.offset_min)))
    return Period(label=label, note=f"whole days in {shot.zone}, UTC {' and '.join(offsets)}", start=start, end=end)


def _pack(shot: Snapshot) -> Pack:
    """Name both versions where the rules changed within the period."""
    days = (shot.period.first.isoformat(), shot.period.last.isoformat())
    rules = dict.fromkeys(shot.pack.on(day) for day in days)
    notes = [f"{one.pack} {one.version}, from {one.effective_from}" for one in rules]
    return Pack(name=shot.pack.title, note="; ".join(notes))


def _verdict(shot: Snapshot, exceptions_count: int) -> Verdict:
    size = f"All {shot.size:,} entries verify against the signed head."
    found = (
        f"{exceptions_count:,} exceptions need reading." if exceptions_count != 1 else "One exception needs reading."
    )
    read = found if exceptions_count else "There is no exception to read."
    if not shot.verdict.holds or not shot.tables_agree:
        why = shot.verdict.sentence if not shot.verdict.holds else "The tables beside the log differ from its entries."
        return Verdict(
            state=VerdictState.BROKEN,
            sentences=(why,),
            lede="Do not rely on the figures below until the fault is explained. “audit verify” names each entry.",
        )
    since = words.format_date(When(ms=shot.entries[0].recorded_ms, offset_min=shot.entries[0].offset_min))
    unaltered = f"Unaltered since {since}, {_anchored(shot)}."
    differing = [one for one in shot.statements if one.difference_ug]
    if differing:
        return Verdict(
            state=VerdictState.OPEN_DIFFERENCE,
            sentences=(unaltered, *(_difference(one) for one in differing)),
            lede=f"{size} {read}",
        )
    counted = "" if shot.closing else " Nobody counted in this period, so no difference can be told."
    nothing = counted or " Everything counted is explained."
    return Verdict(state=VerdictState.UNALTERED, sentences=(unaltered,), lede=f"{size}{nothing} {read}")


def _anchored(shot: Snapshot) -> str:
    """Say who outside vouches for the head: its cosigners where as many countersigned as are wanted, else nobody."""
    found = shot.verdict.cosigning
    if found is None or not found.names or not found.is_reached:
        return "not yet anchored outside"
    return f"cosigned outside by {len(found.names)} of {found.cosigners}"


def _difference(one: Accounted) -> str:
    mass = one.difference_ug or 0
    amount = words.format_amount(figures.amount(abs(mass), one.strength))
    word = "missing" if mass < 0 else "over"
    return f"{amount} at {figures.strength(one.strength).label} is {word} without explanation."


def _key_figures(shot: Snapshot) -> tuple[KeyFigure, ...]:
    inside = [one for one in shot.book.sessions.values() if shot.is_in_period(shot.entries[one.index])]
    made = [KeyFigure(label="Sessions", value=f"{len(inside):,}", second="begun in the period")]
    for one in shot.statements:
        label = figures.strength(one.strength).label
        for name, mass in (("Given", one.given_ug), ("Wasted", one.wasted_ug)):
            if mass:
                made.append(_figure(f"{name}, {label}", mass, one))
        if one.difference_ug:
            made.append(_figure(f"Unexplained, {label}", one.difference_ug, one, signed=True))
    return tuple(made)


def _figure(label: str, mass_ug: int, one: Accounted, *, signed: bool = False) -> KeyFigure:
    shown = figures.amount(mass_ug, one.strength)
    mg = words.format_signed_mg(mass_ug) if signed else words.format_mg(mass_ug)
    ml = words.format_signed_ml(shown.volume_ul) if signed else words.format_ml(shown.volume_ul)
    return KeyFigure(label=label, value=mg, unit="mg", second=f"{ml} mL")


def _verification(shot: Snapshot, signed_ms: int, certificate_sha256: str) -> Verification:
    opened = shot.opened
    keys = zip(("Log", "Service"), shot.keys, strict=True)
    lines = tuple(
        KeyLine(
            role=role,
            key_id=VerifierKey.from_string(text).key_id.hex(),
            algorithm="Ed25519",
            held_by=f"{opened.clinic}, this service",
            since=_named_at(shot, text),
        )
        for role, text in keys
    )
    found = shot.verdict.cosigning
    return Verification(
        note=shot.checkpoint.note,
        verifier_keys=(*shot.keys, *shot.cosigners),
        keys=(*lines, *_cosigner_lines(shot)),
        checkpoint_signed=_at(shot, signed_ms),
        time=_dated(shot),
        certificate_sha256=certificate_sha256,
        facts=(_clock_fact(shot), *([_cosigned_fact(found)] if found is not None else [])),
        is_anchored=found is not None and bool(found.names) and found.is_reached,
    )


def _named_at(shot: Snapshot, key: str) -> When:
    """Return when an entry first named a verifier key."""
    by = shot.entries[0]
    for entry in shot.entries:
        match entry.event:
            case events.LogKeyChanged(log_key=named) | events.ServiceKeyChanged(service_key=named) if named == key:
                by = entry
                break
            case _:
                pass
    return When(ms=by.recorded_ms, offset_min=by.offset_min)


def _cosigner_lines(shot: Snapshot) -> Iterator[KeyLine]:
    """The cosigners in force, each since the entry that first named its key."""
    for text in shot.cosigners:
        entry = next(one for one in shot.entries if text in getattr(one.event, "cosigners", ()))
        name, key_id, _ = text.split("+", 2) if text.count("+") > 1 else (text, "", "")
        yield KeyLine(
            role=COSIGNER,
            key_id=key_id,
            algorithm="Ed25519",
            held_by=f"{name}, outside",
            since=When(ms=entry.recorded_ms, offset_min=entry.offset_min),
        )


def _cosigned_fact(found: Cosigning) -> KeyFigure:
    return KeyFigure(
        label="Cosigned by",
        value=f"{len(found.names)} of {found.cosigners}",
        second=f"{found.quorum} wanted, {'reached' if found.is_reached else 'not reached'}",
    )


def _dated(shot: Snapshot) -> str:
    """Who outside dated the log last, and why there is nothing newer."""
    found, why = shot.dating.last(shot.entries), shot.dating.why_none
    if found is None:
        return f"No time authority dated this log: {why}." if why else "No time authority dated this log."
    event, authority = found
    when = words.format_stamp(_at(shot, event.gen_ms))
    said = f"{authority or 'A time authority'} dated the head of {event.size:,} entries: {when} (RFC 3161)."
    return f"{said} There is no newer token: {why}." if why else said


def _clock_fact(shot: Snapshot) -> KeyFigure:
    steps = [one for one in shot.entries if type(one.event).__name__ == "ClockStepped" and shot.is_in_period(one)]
    value = f"{len(steps)} steps" if len(steps) > 1 else "one step" if steps else "no step"
    return KeyFigure(label="Clock", value=value, second="stated in the period")
