"""The administrator's page of who outside countersigns the record, and the act that changes them.

Not here: asking them (`services.cosigning`), and where they answer, which is a setting of the machine.
"""

from flask import Blueprint, flash, render_template, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from audit.services.cosigning.standing import changed_cosigners, cosigning_now
from audit.web.acting import act, signing
from audit.web.desk import desk, register
from audit.web.filters import format_day, format_offset, moment
from audit.web.forms import Form, Problems, attempt, posted
from audit.web.security import allow

blueprint = Blueprint("cosigners", __name__, url_prefix="/record/cosigners")


@blueprint.get("")
@allow("administrator")
def show() -> str:
    """Show who countersigns the record, and the form that changes them."""
    return _page(None, [])


@blueprint.post("")
@allow("administrator")
def change() -> ResponseReturnValue:
    """Set the cosigners and how many of them are wanted."""
    form = posted()

    def do() -> str:
        lines = tuple(line.strip() for line in form.typed.get("cosigners", "").splitlines() if line.strip())
        quorum = form.count("quorum")
        form.check()
        act(form, changed_cosigners(register(), lines, quorum), signing(form))
        flash("The cosigners are set." if lines else "Nobody countersigns from here on.", "ok")
        return url_for(".show")

    return attempt(do, lambda problems: _page(form, problems))


def _page(form: Form | None, problems: Problems) -> str:
    found = cosigning_now(register(), desk().cosigners)
    typed = form.typed if form is not None else MultiDict()
    if form is None:
        typed["cosigners"] = "\n".join(one.key for one in found.cosigners)
        typed["quorum"] = str(found.quorum)
    return render_template(
        "record/cosigners.html",
        found=found,
        when={one.name: _when(one.signed_ms) for one in found.cosigners if one.signed_ms is not None},
        typed=typed,
        problems=problems,
    )


def _when(signed_ms: int) -> str:
    offset = desk().offset_min(signed_ms)
    local = moment(signed_ms, offset)
    return f"{format_day(local)} {local:%H:%M} {format_offset(offset)}"
