"""Opening a session: whose it is, who ordered it, how much by what route, for how long.

Weight and dose per weight are sealed; the dose in mg is worked out once, exactly. Not here: the session's page.
"""

from dataclasses import dataclass

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from audit.domain import commands, events
from audit.domain.errors import Refused
from audit.domain.quantity import share
from audit.services.acts import Order
from audit.services.people import persons
from audit.services.reading import book_of_all
from audit.services.wording import patient_label
from audit.storage.seals import Sealable
from audit.web import words
from audit.web.acting import Beside, order_of, record_orders
from audit.web.desk import desk, register
from audit.web.filters import format_day, moment
from audit.web.forms import Form, Problems, attempt, posted
from audit.web.security import allow

blueprint = Blueprint("session_open", __name__)

MOST_WEIGHT_G = 300_000
"""Nobody of this clinic weighs more; a figure above it is a slip of the keyboard."""
NEW = "other"
"""The value of a "new patient" and of a dose typed in mg: the last chip of its row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPatient:
    """A patient to choose: pseudonym and what the log says of the series, never a name."""

    patient: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dose:
    """What was ordered: mg, and where it was ordered by weight the two figures it comes from."""

    dose_ug: int
    weight_g: int | None = None
    ug_per_kg: int | None = None


@blueprint.get("/sessions/new")
@allow("clinician")
def start() -> str:
    """Show the form."""
    return _render(None, [])


@blueprint.post("/sessions/new")
@allow("clinician")
def open_one() -> ResponseReturnValue:
    """Open a session, with its patient where they are new."""
    form = posted()

    def do() -> str:
        patient, registration = _patient(form)
        dose = _dose(form)
        command = commands.OpenSession(
            session=form.identifier("s"),
            patient=patient,
            prescriber=form.named("prescriber", "p"),
            dose_ug=dose.dose_ug,
            route=form.choice("route", tuple(words.ROUTES)),
            duration_min=form.count("duration"),
        )
        form.check()
        beside = Beside(sealed=_sealed(dose), owner=patient)
        record_orders([*registration, order_of(form, command, beside=beside)])
        return url_for("sessions.show", session=command.session)

    return attempt(do, lambda problems: _render(form, problems))


def known_patients() -> list[KnownPatient]:
    """Return the patients of the clinic by pseudonym, those seen last first."""
    book = book_of_all(register(), "patient")
    last = dict.fromkeys(book.patients - book.erased, (0, 0))
    for session in (one for one in book.sessions.values() if one.patient in last):
        number, opened_ms = last[session.patient]
        last[session.patient] = (number + 1, max(opened_ms, session.opened_ms))
    order = sorted(last, key=lambda patient: (-last[patient][1], patient))
    return [KnownPatient(patient=one, words=_series(one, *last[one])) for one in order]


def prescribers() -> list[tuple[str, str]]:
    """Return the physicians who may order now."""
    return [
        (one.person, one.name)
        for one in persons(register()).values()
        if one.is_active and one.profession == "physician"
    ]


def _series(patient: str, number: int, opened_ms: int) -> str:
    if not number:
        return f"{patient_label(patient)}, no session yet"
    day = format_day(moment(opened_ms, desk().offset_min(opened_ms)))
    return f"{patient_label(patient)}, {number} session{'s' if number > 1 else ''}, last {day}"


def _patient(form: Form) -> tuple[str, list[Order]]:
    """Return the pseudonym, and the order that registers it where the patient is new."""
    if form.choice("who", ("known", NEW)) == "known":
        return form.named("patient", "pt"), []
    patient = form.identifier("pt")
    sealed: dict[str, Sealable] = {"name": form.text("name", most=200), "birth_date": _birth_date(form)}
    for name in ("address", "health_number"):
        given = form.optional(name)
        if given is not None:
            sealed[name] = given
    if form.refusals:
        return patient, []
    command = events.PatientRegistered(patient=patient)
    return patient, [order_of(form, command, number=1, beside=Beside(sealed=sealed, owner=patient))]


def _birth_date(form: Form) -> str:
    day = form.day("birth_date")
    today = f"{moment(desk().now_ms(), desk().offset_min(desk().now_ms())):%Y-%m-%d}"
    if day > today:
        form.refusals.append(Refused("future_day", "birth_date", day=day, today=today))
    return day


def _dose(form: Form) -> Dose:
    if form.choice("dose_by", ("weight", NEW)) != "weight":
        return Dose(dose_ug=form.positive("dose"))
    ug_per_kg, weight_g = form.positive("per_kg"), form.positive("weight")
    if weight_g > MOST_WEIGHT_G:
        form.refusals.append(
            Refused("weight_too_large", "weight", weight_g=weight_g, most_g=MOST_WEIGHT_G, tenth_g=weight_g // 10)
        )
    return Dose(dose_ug=share(weight_g, ug_per_kg, 1000), weight_g=weight_g, ug_per_kg=ug_per_kg)


def _sealed(dose: Dose) -> dict[str, Sealable]:
    if dose.weight_g is None or dose.ug_per_kg is None:
        return {}
    return {"weight_g": dose.weight_g, "dose_ug_per_kg": dose.ug_per_kg}


def _render(form: Form | None, problems: Problems) -> str:
    patients = known_patients()
    typed = dict(form.typed) if form else {"who": "known" if patients else NEW, "dose_by": "weight"}
    return render_template(
        "sessions/open.html",
        patients=[(one.patient, one.words) for one in patients],
        prescribers=prescribers(),
        routes=[(route, label, "") for route, label in words.ROUTES.items()],
        typed={"per_kg": "0.5", "duration": "40", "route": "iv"} | typed,
        nonce=form.typed.get("nonce", "") if form else "",
        problems=problems,
        errors=dict(reversed(problems)),
    )
