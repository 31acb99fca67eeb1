"""Pages of signing in and out, and of setting a password.

Not here: the check of a password and its lockout (`audit.services.passwords`), who may see what (`security.py`),
enrolling a person and issuing a link (people's pages).
"""

import secrets
from typing import Final

from flask import Blueprint, Flask, abort, flash, g, redirect, render_template, request, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_security import LoginForm, logout_user
from flask_security.views import login as security_login
from flask_wtf import FlaskForm
from flask_wtf.csrf import CSRFError
from wtforms import PasswordField, StringField
from wtforms.validators import DataRequired, Length

from audit.services.links import PASSWORD_LINK, read_link, stamp_of
from audit.services.passwords import LONGEST, SHORTEST, Checked, Denied, Fault, Why, password_faults
from audit.storage.people import Account
from audit.web.headers import send_headers
from audit.web.security import Access, SignedIn, access, current_person, current_token, public, secure, signed_in

blueprint = Blueprint("signin", __name__)

_LONGEST_SIGN_IN: Final = 254
# One answer for a wrong password, an unknown name and a name without a password: who guesses learns nothing.
_WRONG: Final = "This name and password do not go together"
_FAULTS: Final = {
    Fault.TOO_SHORT: f"A password has at least {SHORTEST} characters. Four unrelated words will do",
    Fault.TOO_LONG: f"A password has at most {LONGEST} characters",
    Fault.NAMES_PERSON: "A password must not contain your name or what you type to sign in",
    Fault.COMMON: "This password is among the first that are guessed. Four unrelated words will do",
}


def install(app: Flask, given: Access) -> None:
    """Give the app its sign-in, its guard and its headers; before any other blueprint is registered."""
    secure(app, given, SignInForm)
    send_headers(app, https=given.https)
    app.register_error_handler(CSRFError, _show_expired)
    app.register_blueprint(blueprint)


def denial_text(denied: Denied) -> str:
    """What to say where a password was not accepted, at sign-in and at a signature alike."""
    if denied.why is Why.LOCKED and denied.until_ms is not None:
        return f"Too many wrong passwords. Try again after {access().clock_text(denied.until_ms)}"
    if denied.why is Why.ENDED:
        return "This account has ended. Ask a manager"
    if denied.why is Why.CODE:
        return "Type the one-time code that your device shows now"
    return _WRONG


def fault_text(fault: Fault) -> str:
    """What to say where a new password breaks a rule."""
    return _FAULTS[fault]


@blueprint.context_processor
def _for_templates() -> dict[str, object]:
    # A cookie of a sign-in that no longer holds: the page says so, and its script keeps what was typed.
    timed_out = request.endpoint == "signin.login" and "_user_id" in cookie and current_token() is None
    return {
        "problems": _problems,
        "timed_out": timed_out,
        "signed_out": request.endpoint == "signin.signed_out",
        "asks_code": access().sign_ins().any_codes,
    }


def _problems(form: FlaskForm) -> list[tuple[str, str]]:
    """Every message of a form beside the name of its field, in the order of the page."""
    return [(name, message) for name, messages in form.errors.items() for message in messages]


class SignInForm(LoginForm):
    """Name and password; a right pair opens a sign-in on the server. Never says which of the two was wrong."""

    email = None
    remember = None
    sign_in = StringField(
        validators=[DataRequired("Type your work e-mail or short name"), Length(max=_LONGEST_SIGN_IN)],
    )
    password = PasswordField(validators=[DataRequired("Type your password"), Length(max=LONGEST)])
    one_time = StringField(validators=[Length(max=12)])
    denied: Denied | None = None

    def validate_next(self, _field: object) -> None:
        """Accept anything: where `next` leads is judged when it is followed, and a bad one is only not followed."""

    def validate(self, **kwargs: object) -> bool:
        """Check the password, and on a right one open the sign-in that the cookie will carry."""
        if not super(LoginForm, self).validate(**kwargs):
            return False
        now_ms = access().now_ms()
        code = self.one_time.data or ""
        answer = access().sign_ins().check_both(self.sign_in.data, self.password.data, code, now_ms=now_ms)
        if isinstance(answer, Denied):
            self.denied = answer
            (self.one_time if answer.why is Why.CODE else self.password).errors = [denial_text(answer)]
            return False
        self.user = _start(answer.account, now_ms)
        return True


def _start(account: Account, now_ms: int) -> SignedIn:
    # Nothing of what an anonymous browser held lives on: neither its cookie nor its CSRF token.
    cookie.clear()
    g.pop("csrf_token", None)
    token = secrets.token_urlsafe(32)
    access().sign_ins().start(account, token=token, now_ms=now_ms)
    return SignedIn(account, token)


@blueprint.route("/sign-in", methods=["GET", "POST"], endpoint="login")
@public
def sign_in() -> ResponseReturnValue:
    """Sign in by name and password; the view is Flask-Security's."""
    if request.is_json:
        abort(415)
    answer: ResponseReturnValue = security_login()
    return answer


@blueprint.post("/sign-out")
@public
def sign_out() -> ResponseReturnValue:
    """End the sign-in, here and on the server; public, so that an ended one gets the same answer."""
    token = current_token()
    if token is not None:
        access().sign_ins().stop(token, now_ms=access().now_ms())
    logout_user()
    cookie.clear()
    return redirect(url_for("signin.signed_out"), 303)


@blueprint.get("/signed-out")
@public
def signed_out() -> ResponseReturnValue:
    """Say that nobody is signed in at this tablet any more."""
    return render_template("security/signed_out.html")


class NewPasswordForm(FlaskForm):  # type: ignore[misc]  # the library ships no types
    """A new password, typed twice."""

    new = PasswordField(validators=[DataRequired("Type a new password")])
    again = PasswordField(validators=[DataRequired("Type the new password once more")])
    person: Account

    def validate(self, extra_validators: dict[str, object] | None = None) -> bool:
        """Check that both are the same and that the rules hold."""
        if not super().validate(extra_validators):
            return False
        faults = password_faults(self.new.data, name=self.person.name, sign_in=self.person.sign_in)
        self.new.errors = [fault_text(fault) for fault in faults]
        if self.new.data != self.again.data:
            self.again.errors = ["The two passwords are not the same"]
        return not self.new.errors and not self.again.errors


class ChangePasswordForm(NewPasswordForm):
    """The present password before a new one."""

    present = PasswordField(validators=[DataRequired("Type your present password"), Length(max=LONGEST)])

    def validate(self, extra_validators: dict[str, object] | None = None) -> bool:
        """Check the new password first, so that a slip there costs no attempt at the present one."""
        if not super().validate(extra_validators):
            return False
        answer = access().sign_ins().check(self.person.person, self.present.data, now_ms=access().now_ms())
        if isinstance(answer, Checked):
            return True
        self.present.errors = ["This is not your present password" if answer.why is Why.WRONG else denial_text(answer)]
        return False


@blueprint.route("/password", methods=["GET", "POST"])
@signed_in
def change_password() -> ResponseReturnValue:
    """Change one's own password; every sign-in of the person ends with it, this one too."""
    form = ChangePasswordForm()
    form.person = current_person()
    if not form.validate_on_submit():
        return render_template("security/change_password.html", form_of_page=form, person=form.person)
    return _password_set(form.person, form.new.data)


@blueprint.route("/password/<token>", methods=["GET", "POST"])
@public
def set_password(token: str) -> ResponseReturnValue:
    """Set a password by a link, once."""
    person = _person_of_link(token)
    if person is None:
        return render_template("security/link_spent.html"), 410
    form = NewPasswordForm()
    form.person = person
    if not form.validate_on_submit():
        return render_template("security/set_password.html", form_of_page=form, person=person)
    return _password_set(person, form.new.data)


def _password_set(person: Account, password: str) -> ResponseReturnValue:
    access().set_password(person.person, password)
    logout_user()
    cookie.clear()
    flash("Your password is set. Sign in with it.", "ok")
    return redirect(url_for("signin.login"), 303)


def _person_of_link(token: str) -> Account | None:
    link = read_link(access().secret, token, purpose=PASSWORD_LINK, now_ms=access().now_ms())
    person = None if link is None else access().sign_ins().account_of(link.person)
    if link is None or person is None or not person.active or stamp_of(person) != link.stamp:
        return None
    return person


def _show_expired(_error: CSRFError) -> ResponseReturnValue:
    """A form whose token is missing or of another sign-in: nothing was saved, and how to go on."""
    return render_template("security/expired.html"), 400
