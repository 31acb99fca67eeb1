"""What of an entry can be put right, field by field, and the act that takes its place.

A field left empty keeps what the entry says. A kind without fields here can be struck, not replaced: the right act is
then stated anew. Not here: the strike itself and its page (`corrections.py`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from audit.domain import commands, events
from audit.domain.book import Book, Container, Recorded
from audit.domain.commands import Command
from audit.domain.errors import Refused
from audit.services.meanings import METHODS, RATE_REASONS, STOP_REASONS, WASTE_REASONS
from audit.web import words
from audit.web.filters import amount
from audit.web.forms import Form
from audit.web.session_open import known_patients, prescribers
from audit.web.shelf import shelf
from audit.web.words import Value

Kind = Literal["pad", "amount", "chips", "select", "text", "day", "count", "tick"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One value of an entry that may be wrong; `now` is what the entry says of it."""

    kind: Kind
    name: str
    label: str
    now: str
    unit: str = ""
    options: tuple[tuple[str, str, str], ...] = ()
    mass_ug: int = 0
    volume_ul: int = 0

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Return the options of a list: value and words."""
        return [(value, words) for value, words, _ in self.options]


@dataclass(frozen=True, slots=True)
class Plan:
    """The fields of an entry's kind and how they become the replacing act."""

    fields: tuple[Field, ...]
    make: Callable[[Form], Command]


def plan_for(book: Book, entry: Recorded) -> Plan | None:
    """Return what can be put right of an entry; None where it can only be struck."""
    match entry.event:
        case events.SessionOpened() as event:
            return _opening(event)
        case events.DoseDrawn() as event:
            return _draw(book, event)
        case events.InfusionStarted() | events.RateChanged() as event:
            return _rate(book, event)
        case events.InfusionStopped() as event:
            return _stop(event)
        case events.RemainderRead() as event:
            return _reading(book, event)
        case events.WasteRecorded() as event:
            return _waste(event)
        case events.RemainderHeld() as event:
            return _hold(event)
        case events.ReceiptRecorded() as event:
            return _receipt(event)
        case _:
            return None


def is_changed(form: Form, plan: Plan) -> bool:
    """Say whether anything was typed or chosen that the entry does not say."""
    return any(_typed(form, field) != field.now for field in plan.fields)


def _typed(form: Form, field: Field) -> str:
    typed = form.typed.get(field.name, "").strip()
    return typed if typed or field.kind == "tick" else field.now


def _kept(form: Form, name: str, now: int, parse: Callable[[str], int]) -> int:
    """Return what was typed for an amount, or what the entry says where nothing was."""
    return parse(name) if form.typed.get(name, "").strip() else now


def _opening(event: events.SessionOpened) -> Plan:
    fields = (
        Field(kind="amount", name="dose", label="Ordered dose", now=amount(event.dose_ug), unit="mg"),
        Field(kind="count", name="duration", label="Minutes", now=str(event.duration_min), unit="min"),
        Field(kind="chips", name="route", label="Route", now=event.route, options=_options(words.ROUTES)),
        Field(
            kind="select",
            name="prescriber",
            label="Prescriber",
            now=event.prescriber,
            options=tuple((person, name, "") for person, name in prescribers()),
        ),
        Field(
            kind="select",
            name="patient",
            label="Patient",
            now=event.patient,
            options=tuple((one.patient, one.words, "") for one in known_patients()),
        ),
    )

    def make(form: Form) -> Command:
        return commands.OpenSession(
            session=event.session,
            patient=form.named("patient", "pt"),
            prescriber=form.named("prescriber", "p"),
            dose_ug=_kept(form, "dose", event.dose_ug, form.positive),
            route=form.choice("route", tuple(words.ROUTES)),
            duration_min=_kept(form, "duration", event.duration_min, form.count),
        )

    return Plan(fields, make)


def _draw(book: Book, event: events.DoseDrawn) -> Plan:
    drawn_ul = sum(source.volume_ul for source in event.sources)
    fields: list[Field] = []
    for place, source in enumerate(event.sources):
        vial = book.containers[source.container]
        suffix = f"_{place}" if place else ""
        fields += [
            Field(
                kind="pad",
                name=f"volume{suffix}",
                label=f"Volume drawn from {vial.label}",
                now=amount(source.volume_ul),
                unit="mL",
                mass_ug=vial.concentration_ug_per_ml,
                volume_ul=1000,
            ),
            Field(kind="select", name=f"vial{suffix}", label="Vial", now=source.container, options=_vials(vial)),
        ]
    fields += [
        Field(
            kind="amount",
            name="total",
            label="Made up to",
            now=amount(event.volume_ul) if event.volume_ul != drawn_ul else "",
            unit="mL",
        ),
        Field(kind="tick", name="expired_used", label="An expired vial was really used", now=_yes(event.expired_used)),
        Field(kind="tick", name="beyond", label="More than the book holds was really drawn", now=""),
    ]

    def make(form: Form) -> Command:
        parts = []
        for place, source in enumerate(event.sources):
            suffix = f"_{place}" if place else ""
            volume = _kept(form, f"volume{suffix}", source.volume_ul, form.positive)
            parts.append(commands.Part(container=form.named(f"vial{suffix}", "c"), volume_ul=volume))
        was_made_up = event.volume_ul if event.volume_ul != drawn_ul else 0
        return commands.DrawDose(
            session=event.session,
            syringe=event.syringe,
            parts=tuple(parts),
            total_ul=_kept(form, "total", was_made_up, form.positive) or None,
            expired_used=form.ticked("expired_used"),
            beyond_confirmed=form.ticked("beyond"),
        )

    return Plan(tuple(fields), make)


def _rate(book: Book, event: events.InfusionStarted | events.RateChanged) -> Plan:
    syringe = book.containers[event.container]
    pad = Field(
        kind="pad",
        name="rate",
        label="Rate, in an hour",
        now=amount(event.rate_ul_per_h),
        unit="mL",
        mass_ug=syringe.content_ug,
        volume_ul=syringe.content_ul,
    )
    if isinstance(event, events.InfusionStarted):
        started = event

        def start(form: Form) -> Command:
            rate = _kept(form, "rate", started.rate_ul_per_h, form.positive)
            return events.InfusionStarted(session=started.session, container=started.container, rate_ul_per_h=rate)

        return Plan((pad,), start)
    changed = event
    why = Field(
        kind="chips", name="why", label="Reason of the change", now=changed.reason, options=_options(RATE_REASONS)
    )

    def change(form: Form) -> Command:
        return events.RateChanged(
            session=changed.session,
            container=changed.container,
            rate_ul_per_h=_kept(form, "rate", changed.rate_ul_per_h, form.positive),
            dose_ug=changed.dose_ug,
            reason=form.choice("why", tuple(RATE_REASONS)),
        )

    return Plan((pad, why), change)


def _stop(event: events.InfusionStopped) -> Plan:
    why = Field(kind="chips", name="why", label="Reason of the stop", now=event.reason, options=_options(STOP_REASONS))

    def make(form: Form) -> Command:
        reason = form.choice("why", tuple(STOP_REASONS))
        return events.InfusionStopped(session=event.session, container=event.container, reason=reason)

    return Plan((why,), make)


def _reading(book: Book, event: events.RemainderRead) -> Plan:
    known = book.containers[event.container]
    residual_ul = known.volume_in(event.residual_ug) if event.residual_ug else 0
    fields = [
        Field(
            kind="pad",
            name="volume",
            label=f"What is left in {known.label}",
            now=amount(event.volume_ul),
            unit="mL",
            mass_ug=known.content_ug,
            volume_ul=known.content_ul,
        )
    ]
    if known.is_syringe:
        fields.append(
            Field(kind="amount", name="residual", label="Left in the line", now=amount(residual_ul), unit="mL")
        )

    def make(form: Form) -> Command:
        return commands.ReadRemainder(
            container=event.container,
            volume_ul=_kept(form, "volume", event.volume_ul, form.amount),
            session=event.session,
            residual_ul=_kept(form, "residual", residual_ul, form.amount),
        )

    return Plan(tuple(fields), make)


def _waste(event: events.WasteRecorded) -> Plan:
    fields = (
        Field(kind="chips", name="method", label="Method", now=event.method, options=_options(METHODS)),
        Field(kind="chips", name="why", label="Reason of the waste", now=event.reason, options=_options(WASTE_REASONS)),
        Field(kind="tick", name="alone", label="Nobody saw it: it stays unwitnessed", now=_yes(event.alone)),
    )

    def make(form: Form) -> Command:
        return commands.WasteRemainder(
            container=event.container,
            method=form.choice("method", tuple(METHODS)),
            reason=form.choice("why", tuple(WASTE_REASONS)),
            session=event.session,
            alone=form.ticked("alone"),
        )

    return Plan(fields, make)


def _hold(event: events.RemainderHeld) -> Plan:
    bag = Field(kind="text", name="bag", label="Number of the tamper bag", now=event.bag)

    def make(form: Form) -> Command:
        number = form.typed.get("bag", "").strip() or event.bag
        return commands.HoldRemainder(container=event.container, bag=number, session=event.session)

    return Plan((bag,), make)


def _receipt(event: events.ReceiptRecorded) -> Plan:
    fields = [
        Field(kind="text", name="invoice", label="Invoice", now=event.invoice),
        Field(kind="day", name="invoice_date", label="Invoice date", now=event.invoice_date),
        Field(kind="day", name="received_on", label="Received on", now=event.received_on),
    ]
    for place, line in enumerate(event.lots):
        fields += [
            Field(kind="text", name=f"lot_{place}", label=f"Lot of line {place + 1}", now=line.lot),
            Field(kind="day", name=f"expiry_{place}", label="Expiry", now=line.expiry),
            Field(kind="count", name=f"count_{place}", label="Containers", now=str(len(line.containers))),
        ]

    def make(form: Form) -> Command:
        return commands.Receive(
            receipt=event.receipt,
            supplier=event.supplier,
            supplier_address=event.supplier_address,
            supplier_registration=event.supplier_registration,
            invoice=form.text("invoice", most=60),
            invoice_date=form.day("invoice_date"),
            received_on=form.day("received_on"),
            lots=tuple(_lot(form, place, line) for place, line in enumerate(event.lots)),
            part=event.part,
            parts=event.parts,
        )

    return Plan(tuple(fields), make)


def _lot(form: Form, place: int, line: events.LotLine) -> commands.LotArrived:
    """Keep as many of the line's containers as there were; more than were stated get identifiers of their own."""
    number = form.count(f"count_{place}", most=300)
    if number == 0:
        form.refusals.append(Refused("zero", f"count_{place}"))
    more = (form.identifier("c", 1000 * place + extra) for extra in range(max(0, number - len(line.containers))))
    return commands.LotArrived(
        product=line.product,
        lot=form.text(f"lot_{place}", most=60),
        expiry=form.day(f"expiry_{place}"),
        containers=(*line.containers[:number], *more),
    )


def _vials(own: Container) -> tuple[tuple[str, str, str], ...]:
    others = [(one.container, one.words, "") for one in shelf() if one.container != own.container]
    return ((own.container, f"{own.label}, as stated", ""), *others)


def _options(meanings: Mapping[Value, str]) -> tuple[tuple[str, str, str], ...]:
    return tuple(words.choices(meanings))


def _yes(value: bool) -> str:  # noqa: FBT001 (a box of a form)
    return "yes" if value else ""
