"""A patient's record and the end of its identity: until when it is kept, who asks for the end, who agrees.

Two people erase: one asks, another signs. Everything is shown by pseudonym; a name is in no address, title or line of
the log. Not here: looking at an identity (patients.py), what erasing does (`services.erasure`).
"""

import typing
from dataclasses import dataclass
from datetime import date, datetime

from flask import Blueprint, abort, flash, render_template, url_for
from flask.typing import ResponseReturnValue

from audit.domain import events
from audit.domain.book import Recorded
from audit.domain.errors import Refused
from audit.domain.fold import local_day
from audit.domain.policy import Policy
from audit.services import erasure, people
from audit.services.wording import patient_label
from audit.web.acting import Beside, act, signing
from audit.web.desk import desk, register
from audit.web.filters import format_day
from audit.web.forms import Form, Problems, attempt, posted
from audit.web.register_view import stamp_ms
from audit.web.security import allow, current_person

blueprint = Blueprint("erasure", __name__)

GROUNDS: tuple[events.ErasureGround, ...] = typing.get_args(events.ErasureGround)
DECIDE = frozenset({"manager", "administrator"})
"""Roles of which a person needs one to ask for an erasure or to agree to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A request that waits for a second person."""

    patient: str
    label: str
    who: str
    stamp: str
    is_mine: bool


@blueprint.get("/patients")
@allow("manager", "administrator")
def show_all() -> str:
    """List the requests that wait, the patients whose time may be over, and those who are erased."""
    policy = _policy()
    found = erasure.candidates(register(), before=_years_ago(policy))
    return render_template(
        "patients/list.html", waiting=waiting_rows(), years=policy.patient_record_years,
        over=[(one.patient, patient_label(one.patient), _shown(one.last_on)) for one in found if not one.is_erased],
        erased=[(one.patient, patient_label(one.patient)) for one in found if one.is_erased],
    )  # fmt: skip


@blueprint.get("/patients/<patient>")
@allow("clinician", "manager", "administrator")
def show(patient: str) -> str:
    """Show how long a patient's identity is kept, and what may be done about it."""
    return _render(patient, posted(), [])


@blueprint.post("/patients/<patient>/erasure")
@allow("manager", "administrator")
def ask(patient: str) -> ResponseReturnValue:
    """Ask, as the first person, for an identity to be destroyed."""
    form = posted()

    def do() -> str:
        ground, note = form.choice("ground", GROUNDS), form.text("note")
        form.check()
        command = events.ErasureRequested(patient=patient, ground=ground)
        act(form, command, signing(form), beside=Beside(sealed={"note": note}, owner=patient))
        return url_for(".show", patient=patient)

    return attempt(do, lambda problems: _render(patient, form, problems))


@blueprint.post("/patients/<patient>/erasure/agree")
@allow("manager", "administrator")
def agree(patient: str) -> ResponseReturnValue:
    """Agree as the second person: the identity is destroyed."""
    form = posted()

    def do() -> str:
        if not form.ticked("sure"):
            form.refusals.append(Refused("required", "sure"))
        of = form.reference()
        form.check()
        act(form, events.PatientErased(of=of, patient=patient), signing(form))
        if not erasure.sweep(register(), desk().reports):
            flash("The database is busy: its files are cleaned within the next minutes.", "info")
        return url_for(".show", patient=patient)

    return attempt(do, lambda problems: _render(patient, form, problems))


def waiting_rows() -> list[Waiting]:
    """Return the requests that wait for a second person; nothing for whoever may not be that person."""
    me = current_person()
    if me.roles.isdisjoint(DECIDE):
        return []
    asked = erasure.waiting(register())
    names = _names() if asked else {}
    return [_waiting(one, names, me.person) for one in asked]


def _waiting(asked: Recorded, names: dict[str, str], me: str) -> Waiting:
    patient = str(getattr(asked.event, "patient", ""))
    return Waiting(
        patient=patient,
        label=patient_label(patient),
        who=names.get(asked.actor, asked.actor),
        stamp=stamp_ms(asked.occurred_ms, asked.offset_min),
        is_mine=asked.actor == me,
    )


def _render(patient: str, form: Form, problems: Problems) -> str:
    found = erasure.state_of(register(), patient, offset_min=_offset_min())
    if found is None:
        abort(404)
    me, policy = current_person(), _policy()
    return render_template(
        "patients/patient.html", found=found, label=patient_label(patient), names=_names(), problems=problems,
        typed=form.typed, me_id=me.person, my_name=me.name, may_decide=not me.roles.isdisjoint(DECIDE),
        may_look=bool(me.roles & {"clinician", "manager"}), until=_shown(found.kept_until), policy=policy,
        rule=policy.rule("patient_record_years"),
    )  # fmt: skip


def _names() -> dict[str, str]:
    return {one.person: one.name for one in people.persons(register()).values()}


def _policy() -> Policy:
    return register().policy_on(local_day(desk().now_ms(), _offset_min()))


def _offset_min() -> int:
    return desk().offset_min(desk().now_ms())


def _years_ago(policy: Policy) -> date:
    """Return a day so long ago that whoever was registered or treated since is certainly kept."""
    today = date.fromisoformat(local_day(desk().now_ms(), _offset_min()))
    return date(today.year - policy.patient_record_years, today.month, min(today.day, 28))


def _shown(day: str) -> str:
    return format_day(datetime.fromisoformat(day))
