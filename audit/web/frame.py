"""What every page has around it: the clinic, who is signed in, where they may go, how the record stands."""

import hashlib
from dataclasses import dataclass

from flask import Flask, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, SecurityError

from audit.services.drawn_up import HeadDiffers
from audit.services.passkey_acts import SignaturesWanted
from audit.services.record import OutcomeUnknown
from audit.web import filters
from audit.web.desk import Desk, desk
from audit.web.passkey_forms import show_differs, show_wanted
from audit.web.security import person_or_none
from audit.web.signers import Signers

_SHORT = 8
_READ_ONLY = "Read-only: the signer and this database do not agree."
_READ_ONLY_MORE = "Nothing can be saved. Write on paper and call your administrator; the record badge tells more."
_NOT_OURS = "No register is served under this name. Its name is AUDIT_HOST; a proxy passes the Host header on.\n"
SERVICE_UNAVAILABLE = 503

NAV: tuple[tuple[str, str, str, frozenset[str]], ...] = (
    ("home.show", "home", "Today", frozenset({"clinician", "manager", "administrator", "inspector"})),
    ("sessions.show_all", "drip", "Sessions", frozenset({"clinician", "manager", "inspector"})),
    ("stock.show", "vial", "Stock", frozenset({"clinician", "manager", "inspector"})),
    ("counts.show_all", "count", "Counts", frozenset({"clinician", "manager"})),
    ("cases.show_all", "flag", "Cases", frozenset({"clinician", "manager", "inspector"})),
    ("register.show", "book", "Register", frozenset({"clinician", "manager", "inspector"})),
    ("reports.show", "file", "Reports", frozenset({"manager", "inspector"})),
    ("people.show_all", "two", "People", frozenset({"administrator"})),
)
"""Endpoint, icon, words and the roles it is for, in the order of the rail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Badge:
    """How the record stands, as the badge of each page shows it."""

    state: str
    label: str
    detail: str
    href: str


def install(app: Flask, given: Desk) -> None:
    """Give pages their frame, filters and request numbers."""
    filters.install(app)
    app.before_request(_choose_language)
    app.context_processor(_frame)
    app.jinja_env.globals["signers"] = Signers()
    app.jinja_env.globals["new_nonce"] = lambda: given.ground.random(16).hex()
    app.register_error_handler(HTTPException, _show_refused)
    app.register_error_handler(OutcomeUnknown, _show_unknown)
    app.register_error_handler(SignaturesWanted, show_wanted)
    app.register_error_handler(HeadDiffers, show_differs)


def _choose_language() -> None:
    g.lang = "fr" if request.cookies.get("lang") == "fr" else "en"


def _frame() -> dict[str, object]:
    here = desk()
    person = person_or_none()
    return {
        "lang": g.get("lang", "en"),
        "theme": "",
        "clinic": {
            "name": here.clinic_name,
            "is_demo": bool(here.register and here.register.is_demo),
        },
        "me": {
            "name": person.name,
            "role": ", ".join(sorted(person.roles)),
            "key": hashlib.sha256(person.person.encode()).hexdigest()[:12],
        }
        if person
        else None,
        "home_url": "/",
        "sign_out_url": url_for("signin.sign_out"),
        "nav": _nav(person.roles) if person else [],
        "record_state": _badge(here) if person else None,
        "notices": _notices(here),
    }


def _notices(here: Desk) -> list[tuple[str, str, str]]:
    """What every page says on top: that nothing can be written while the record is broken."""
    if here.watch is None or not here.watch.is_read_only or request.endpoint == "home.alarm":
        return []
    return [("stop", _READ_ONLY, f" {_READ_ONLY_MORE}")]


def _nav(roles: frozenset[str]) -> list[tuple[str, str, str, bool, int]]:
    section = (request.endpoint or "").partition(".")[0]
    return [
        (url_for(endpoint), icon, label, endpoint.partition(".")[0] == section, 0)
        for endpoint, icon, label, allowed in NAV
        if roles & allowed
    ]


def _badge(here: Desk) -> Badge | None:
    if here.watch is None:
        return None
    state = here.watch.state()
    words = {
        "intact": ("Record intact", f"entry {state.size - 1} · {state.root[:_SHORT]}…"),
        "late": ("Checkpoint late", f"signed to {state.checkpoint_size - 1} of {state.size - 1}"),
        "broken": ("Record broken", "read-only: see the alarm"),
    }
    label, detail = words[state.state]
    return Badge(
        state=state.state,
        label=label,
        detail=detail,
        href=url_for("home.alarm" if state.state == "broken" else "register.verify"),
    )


def _show_unknown(_error: OutcomeUnknown) -> ResponseReturnValue:
    """Answer a form of which nobody knows yet whether it was saved; sending it again is one entry."""
    return render_template("unknown.html"), SERVICE_UNAVAILABLE


def _show_refused(error: HTTPException) -> ResponseReturnValue:
    """Answer a page that is not there, or not for this person, in the look of all others."""
    code = error.code or 500
    if code < 400:  # noqa: PLR2004 (a redirect is no error)
        return error
    if isinstance(error, SecurityError):  # a host that is not ours, for which no page's links can be built
        return _NOT_OURS, code, {"Content-Type": "text/plain; charset=utf-8"}
    return render_template("refused.html", code=code), code
