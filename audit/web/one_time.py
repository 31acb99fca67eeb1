"""One-time codes of a person: begin with a QR code, confirm with the first code, stop.

Not here: what a code is (`services.one_time`), and asking for one (`acting`, `signin`).
"""

from flask import Blueprint, Response, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from audit.domain.errors import Refused
from audit.services.labels import qr_svg
from audit.services.one_time import Codes, address_of, spelled
from audit.services.passwords import Checked
from audit.web.desk import desk
from audit.web.forms import SEE_OTHER, Form, Problems, attempt, posted
from audit.web.security import access, current_person, signed_in

blueprint = Blueprint("one_time", __name__, url_prefix="/codes")


@blueprint.get("")
@signed_in
def show() -> str:
    """Show whether one uses codes, and a secret that waits to be confirmed."""
    return _page([])


@blueprint.get("/code.svg")
@signed_in
def code_image() -> ResponseReturnValue:
    """Draw what an authenticator app reads, while it waits to be confirmed."""
    me, secret = current_person(), _codes().waiting(current_person().person)
    if secret is None:
        abort(404)
    drawn = qr_svg(address_of(secret, clinic=desk().clinic_name, sign_in=me.sign_in))
    return Response(drawn, mimetype="image/svg+xml")


@blueprint.post("/begin")
@signed_in
def begin() -> ResponseReturnValue:
    """Draw a secret, after the present password."""
    form = posted()

    def do() -> str:
        _check_password(form)
        if _codes().are_used_by(current_person().person):
            raise Refused("codes_in_use", "password")
        _codes().begin(current_person().person)
        return url_for(".show")

    return attempt(do, _page)


@blueprint.post("/confirm")
@signed_in
def confirm() -> ResponseReturnValue:
    """Let the codes count, after the first right one."""
    form = posted()

    def do() -> str:
        _codes().confirm(current_person().person, form.typed.get("one_time", ""), now_ms=desk().now_ms())
        flash("From now on your password goes with a one-time code.", "ok")
        return url_for("passkeys.show")

    return attempt(do, _page)


@blueprint.post("/stop")
@signed_in
def stop() -> ResponseReturnValue:
    """Go back to the password alone."""
    form = posted()

    def do() -> str:
        _check_password(form)
        _codes().stop(current_person().person)
        flash("Your password alone does again.", "ok")
        return url_for("passkeys.show")

    return attempt(do, _page)


@blueprint.post("/<person>/stop")
@signed_in
def stop_for(person: str) -> ResponseReturnValue:
    """Let a person whose device is lost go on with the password alone: for administrators, of others.

    One's own codes are stopped by one's own password and code (`stop`), by nobody who finds a browser open.
    """
    if "administrator" not in current_person().roles or person == current_person().person:
        abort(404)
    _codes().stop(person)
    flash("Their one-time codes are stopped. Their password alone does again.", "ok")
    return redirect(url_for("people.show", person=person), SEE_OTHER)


def _codes() -> Codes:
    found = access().sign_ins().codes
    if found is None:
        abort(404)
    return found


def _check_password(form: Form) -> None:
    me = current_person().person
    sign_ins, code = access().sign_ins(), form.typed.get("one_time", "")
    answer = sign_ins.check_both(me, form.typed.get("password", ""), code, now_ms=desk().now_ms())
    if not isinstance(answer, Checked):
        raise Refused("password_wrong", "password")


def _page(problems: Problems) -> str:
    me = current_person()
    secret = _codes().waiting(me.person)
    return render_template(
        "passkeys/codes.html",
        is_used=_codes().are_used_by(me.person),
        secret=spelled(secret) if secret else "",
        problems=problems,
        errors=dict(reversed(problems)),
    )
