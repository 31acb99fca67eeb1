"""The first page of each role, the page on which a person signs their acts, and the read-only alarm.

A person with several roles sees the parts of each, the most pressing first. Not here: what the day asks for
(`services.today`), how its rows look (`home_view.py`).
"""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audit.services import people
from audit.services.reading import book_around, book_on_hand
from audit.services.reconcile import Period, period_of
from audit.services.sentences import Teller
from audit.services.setting_up import SetUp, set_up_state
from audit.services.today import Day, day_of, last_count, signature_over, unsigned_of
from audit.web import home_view
from audit.web.acting import act, signing
from audit.web.desk import desk, register
from audit.web.erasure import waiting_rows
from audit.web.filters import format_day, moment
from audit.web.forms import Problems, attempt, posted
from audit.web.passkeys import waiting_for
from audit.web.security import allow, current_person, figures_seen, signed_in
from audit.web.signers import Signers
from audit.web.stock_view import StrengthView, stock_of

blueprint = Blueprint("home", __name__)

STAFF = frozenset({"clinician", "manager"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """What is on hand by strength, or why it is not shown."""

    strengths: list[StrengthView]
    is_withheld: bool


@blueprint.get("/")
@signed_in
def show() -> str:
    """Show today for the roles of whoever is signed in."""
    me, period = current_person(), today()
    names = {one.person: one.name for one in people.persons(register()).values()}
    state = set_up_state(register())
    sees_drug = bool(me.roles & (STAFF | {"inspector"}))
    day = day_of(register(), period) if sees_drug else None
    return render_template(
        "home/show.html",
        me_roles=me.roles,
        state=state,
        date_words=_date_words(period),
        names=names,
        day=day,
        stock=_stock(state, day) if day else None,
        erasures=waiting_rows(),
        unsigned=len(unsigned_of(register(), me.person)) if me.roles & STAFF else 0,
        needs_passkey=_needs_passkey(),
        passkeys_waiting=len(waiting_for(me.person)) if me.roles & {"manager", "administrator"} else 0,
        **(_rows(day, names, period) if day else {}),
    )


@blueprint.get("/sign")
@allow("clinician", "manager", "administrator")
def sign() -> str:
    """Show the acts that a person has still to sign."""
    return _sign_page([])


@blueprint.post("/sign")
@allow("clinician", "manager", "administrator")
def sign_acts() -> ResponseReturnValue:
    """Sign one's acts on the way."""
    form = posted()

    def do() -> str:
        acts, standing = unsigned_of(register(), current_person().person), signing(form)
        if acts:
            act(form, signature_over(acts), standing)
        report = form.typed.get("report", "")
        return url_for("reports.show", issued=report) if report else url_for(".show")

    return attempt(do, _sign_page)


@blueprint.get("/alarm")
@signed_in
def alarm() -> str:
    """Explain why nothing may be written now, or say that all is well."""
    watch = desk().watch
    found = watch.compared() if watch is not None else None
    return render_template("alarm.html", found=found, me_roles=current_person().roles)


def today() -> Period:
    """Return the local day it is at the site."""
    zone = desk().zone
    day = datetime.fromtimestamp(desk().now_ms() // 1000, ZoneInfo(zone)).date().isoformat()
    return period_of(day, day, zone)


def _rows(day: Day, names: dict[str, str], period: Period) -> dict[str, object]:
    me = current_person()
    waiting = home_view.waiting_rows(day, me.person, names)
    is_counting = bool(day.counts) and not me.roles.isdisjoint(STAFF)
    return {
        "sessions": home_view.session_rows(day, me.person),
        "waiting": waiting,
        "cases": home_view.case_rows(day.cases, day.book, names, period.first.isoformat()),
        "drawn": None if is_counting else home_view.drawn_rows(day, me.person),
        "late_by": home_view.minutes_late(day),
        "last_count": _last_count(),
    }


def _stock(state: SetUp, day: Day) -> Stock:
    """Return what is on hand, unless somebody with these roles may still count it blind."""
    me = current_person()
    found = state.inventory
    to_count = found is not None and not found.is_answered and found.first_person != me.person
    if me.roles & STAFF and (to_count or day.counts):
        return Stock(strengths=[], is_withheld=True)
    figures_seen()
    strengths = stock_of(book_on_hand(register()), me.person, today().first.isoformat())
    return Stock(strengths=strengths, is_withheld=False)


def _needs_passkey() -> bool:
    """Say whether to invite the person to add one: nobody signs by passkey who was never told of them."""
    me, here = current_person(), Signers()
    return me.roles != {"inspector"} and not here.has_mine and not here.why_not


def _last_count() -> str:
    basis = last_count(register(), desk().now_ms())
    if basis is None:
        return ""
    local = moment(basis.occurred_ms, desk().offset_min(basis.occurred_ms))
    return f"{format_day(local)}, {local:%H:%M}"


def _date_words(period: Period) -> str:
    local = moment(desk().now_ms(), desk().offset_min(desk().now_ms()))
    weekday = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")[period.first.weekday()]
    return f"{weekday} {format_day(local)}, {local:%H:%M}"


def _sign_page(problems: Problems) -> str:
    acts = unsigned_of(register(), current_person().person)
    told = [(entry, Teller(book_around(register(), entry)).tell(entry)) for entry in acts[:50]]
    return render_template(
        "home/sign.html",
        told=told,
        count=len(acts),
        problems=problems,
        typed=request.form,
        report=request.values.get("report", ""),
    )
