"""First run: with the one-time link a clinic's log is opened by its first person, or a demo clinic is made.

Until a log exists every page leads here, and without the link a page says where it is printed. Afterwards the
check list of what a clinic still needs before its first session. Not here: enrolling everyone else (people.py),
products and the opening inventory (their own pages).
"""

import hmac
import threading
from zoneinfo import ZoneInfo, available_timezones

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from audit.domain import events
from audit.domain.errors import Refused
from audit.services.demo.people import PASSWORD, STAFF
from audit.services.opening import ClinicFacts, FirstPerson, find_register, open_log
from audit.services.packs import PACKS, load_pack
from audit.services.passwords import hash_password
from audit.services.reconcile import offset_at
from audit.services.setting_up import is_recovery_key, recovery_text, set_up_state
from audit.web.desk import desk, register
from audit.web.forms import Faulty, Form, Problems, posted, problems_of
from audit.web.people import PersonFields, new_password, person_fields
from audit.web.security import allow, public

blueprint = Blueprint("setup", __name__)

ZONE_OF = {"us-dea": "America/New_York", "ca-on": "America/Toronto"}
"""The time zone a jurisdiction starts with; a clinic elsewhere in it chooses its own."""
PACK_LINES = {
    "us-dea": ("United States, federal", "Schedule III under 21 CFR 1304 and its neighbours"),
    "ca-on": ("Canada, Ontario", "CDSA and its regulations"),
}
_OPENING = threading.Lock()
_BEFORE = frozenset({"setup.show", "setup.open_clinic", "setup.explore", "setup.waiting", "static"})


@blueprint.before_app_request
def lead_here() -> ResponseReturnValue | None:
    """Lead every page to the first run while there is no log."""
    if desk().register is not None or request.endpoint is None or request.endpoint in _BEFORE:
        return None
    return redirect(url_for("setup.waiting"), 303)


@blueprint.get("/set-up")
@public
def waiting() -> ResponseReturnValue:
    """Say where the link of the first run is printed; nothing to see once a log exists."""
    if desk().register is not None:
        return redirect("/", 303)
    return render_template("setup/waiting.html")


@blueprint.get("/set-up/<token>")
@public
def show(token: str) -> ResponseReturnValue:
    """Offer to set up a clinic or to explore a demo."""
    _check(token)
    return _first_page(token, MultiDict({"pack": "us-dea"}), [])


@blueprint.post("/set-up/<token>")
@public
def open_clinic(token: str) -> ResponseReturnValue:
    """Open the clinic's log; the answer is the recovery key, which is shown this once."""
    _check(token)
    form = posted()
    try:
        recovery = _open(form)
    except (Refused, Faulty) as wrong:
        return _first_page(token, form.typed, problems_of(wrong)), 422
    return _recovery_page(recovery)


@blueprint.post("/set-up/recovery-key")
@public
def keep_recovery() -> ResponseReturnValue:
    """Go on to the sign-in once somebody says that the recovery key is on paper."""
    form, opened = posted(), register()
    recovery = form.typed.get("recovery", "")
    if not is_recovery_key(opened, recovery):
        abort(404)
    if not form.ticked("kept"):
        return _recovery_page(recovery, [("kept", "Print it or write it down first, then tick this")]), 422
    flash("The register is open. Sign in with the name and password you chose.", "ok")
    return redirect(url_for("signin.login"), 303)


@blueprint.post("/set-up/<token>/demo")
@public
def explore(token: str) -> ResponseReturnValue:
    """Make a demo clinic with a few weeks of made-up records; the answer lists who may sign in."""
    _check(token)
    here = desk()
    with _OPENING:
        if here.register is None and here.explore is not None:
            here.explore(here)
    return render_template("setup/demo.html", staff=STAFF, password=PASSWORD)


@blueprint.get("/set-up/check-list")
@allow("administrator", "manager", "clinician")
def check_list() -> str:
    """Show what the clinic still needs before its first session."""
    return render_template("setup/check_list.html", state=set_up_state(register()))


def _check(token: str) -> None:
    known = desk().setup_token
    if known is None or not hmac.compare_digest(known.encode(), token.encode()):
        abort(404)


def _open(form: Form) -> str:
    facts, person, password = _clinic_facts(form), person_fields(form), new_password(form)
    form.check()
    first = FirstPerson(
        person=form.identifier("p"),
        name=person.name,
        sign_in=person.sign_in,
        profession=person.profession,
        licence=person.licence,
        roles=_with_administrator(person),
        password_hash=hash_password(password),
    )
    here = desk()
    with _OPENING:
        if here.register is not None:
            raise Refused("log_already_open")
        offset_min = offset_at(here.now_ms(), facts.zone)
        _, seed = open_log(here.ground, facts, first, nonce=form.nonce, offset_min=offset_min)
        _serve()
    return recovery_text(seed)


def _serve() -> None:
    here = desk()
    here.register = find_register(here.ground)
    if here.on_opened is not None:
        here.on_opened(here)


def _with_administrator(person: PersonFields) -> tuple[events.Role, ...]:
    return person.roles if "administrator" in person.roles else (*person.roles, "administrator")


def _clinic_facts(form: Form) -> ClinicFacts:
    pack = form.choice("pack", PACKS)
    expires = form.day("registration_expires") if form.typed.get("registration_expires", "").strip() else None
    return ClinicFacts(
        clinic=form.text("clinic", most=120),
        address=form.text("address"),
        telephone=form.optional("telephone", most=60),
        registration=form.text("registration", most=60),
        registration_expires=expires,
        licence=form.optional("clinic_licence", most=60),
        responsible=form.text("responsible", most=120),
        pack=pack,
        zone=form.choice("zone", ("", *zones())) or ZONE_OF[pack],
    )


def zones() -> tuple[str, ...]:
    """Return the time zones a clinic of these jurisdictions may be in, and UTC's neighbours left out."""
    return tuple(sorted(zone for zone in available_timezones() if zone.startswith(("America/", "Pacific/Honolulu"))))


def _zone_words() -> list[tuple[str, str]]:
    now_ms = desk().now_ms()
    return [(zone, f"{zone.partition('/')[2].replace('_', ' ')}, {_offset_words(now_ms, zone)}") for zone in zones()]


def _offset_words(now_ms: int, zone: str) -> str:
    minutes = offset_at(now_ms, ZoneInfo(zone).key)
    return f"{'−' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d} now"


def _first_page(token: str, typed: MultiDict[str, str], problems: Problems) -> str:
    packs = [(name, *PACK_LINES[name], load_pack(name).versions[-1].version) for name in PACKS]
    return render_template(
        "setup/first.html", token=token, typed=typed, problems=problems, packs=packs, zones=_zone_words()
    )


def _recovery_page(recovery: str, problems: Problems | None = None) -> str:
    return render_template("setup/recovery.html", recovery=recovery, problems=problems or [], origin=register().origin)
