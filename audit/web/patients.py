"""Looking at a patient's identity: with a reason, which is an entry, and shown in that one answer only.

The name is in no address, title, log line or cookie; the answer is never kept by the browser.
"""

from flask import Blueprint, Response, abort, make_response, render_template
from flask.typing import ResponseReturnValue

from audit.domain import events
from audit.domain.errors import Refused
from audit.services.meanings import UNMASK_REASONS
from audit.services.reading import book_of, sealed_value
from audit.services.wording import patient_label
from audit.web.acting import act
from audit.web.desk import register
from audit.web.forms import UNPROCESSABLE, Faulty, Form, Problems, posted
from audit.web.messages import sentence
from audit.web.security import allow

blueprint = Blueprint("patients", __name__)

SHOWN = ("name", "birth_date", "health_number", "address")


@blueprint.get("/patients/<patient>/unmask")
@allow("clinician", "manager")
def unmask(patient: str) -> str:
    """Ask why somebody wants to see who this is."""
    _known(patient)
    return _ask(patient, posted(), [])


@blueprint.post("/patients/<patient>/unmask")
@allow("clinician", "manager")
def show(patient: str) -> ResponseReturnValue:
    """Record that and why a person looks, then show the identity once."""
    index = _known(patient)
    form = posted()
    try:
        reason = form.choice("reason", tuple(UNMASK_REASONS))
        form.check()
        act(form, events.PatientUnmasked(patient=patient, reason=reason))
    except Refused as refused:
        return _ask(patient, form, [(refused.field, sentence(refused))]), UNPROCESSABLE
    except Faulty as faulty:
        return _ask(patient, form, [(one.field, sentence(one)) for one in faulty.refusals]), UNPROCESSABLE
    return _identity(patient, index)


def _identity(patient: str, index: int) -> Response:
    values = [(name, sealed_value(register(), index, name)) for name in SHOWN]
    known = [(name, str(value)) for name, value in values if value is not None]
    answer = make_response(render_template("patients/identity.html", label=patient_label(patient), known=known))
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _ask(patient: str, form: Form, problems: Problems) -> str:
    return render_template(
        "patients/unmask.html", patient=patient, label=patient_label(patient), problems=problems,
        reasons=[(code, words, "") for code, words in UNMASK_REASONS.items()], typed=form.typed,
    )  # fmt: skip


def _known(patient: str) -> int:
    """Return the entry that registered a patient, or answer that there is nothing here."""
    entries = book_of(register(), {f"patient:{patient}"}).entries.values()
    found = [one.index for one in entries if isinstance(one.event, events.PatientRegistered)]
    if not found:
        abort(404)
    return found[0]
