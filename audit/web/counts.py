"""Acts of a blind count: two people find what is there, each alone; only then are figures shown to both.

Not here: what the pages show (`count_pages.py`), the rows of the form (`count_form.py`), the comparison
(`services.counting`), work on a case (`cases.py`).
"""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import NotFound

from audit.domain import events
from audit.domain.book import Book, Case, Count
from audit.domain.commands import ConfirmCount, RevealCount
from audit.services.acts import SIGNED_IN, Standing
from audit.services.blind import may_count
from audit.services.counting import find_count, open_count, reveal
from audit.services.tiles import head_on_paper
from audit.web.acting import act, order_of, record_orders, second_person, signing
from audit.web.count_form import read_found
from audit.web.count_pages import changed, count_page, list_page, owners, revealed_page, second_page, waiting_page
from audit.web.desk import desk, register
from audit.web.forms import SEE_OTHER, Form, Problems, attempt, posted
from audit.web.products import registered
from audit.web.security import access, allow, current_person
from audit.web.stock_view import local_stamp, mg_per_ml

blueprint = Blueprint("counts", __name__, url_prefix="/counts")

BUSINESS_TIMES: tuple[events.BusinessTime, ...] = ("opening", "close")
SEEN_BEFORE_MS = 15 * 60_000
"""Having looked at figures this short a time before a count is recorded with it (product.md, blind means absent)."""


@blueprint.get("")
@allow("clinician", "manager")
def show_all() -> str:
    """List the counts, newest first, and offer to start one."""
    return list_page([])


@blueprint.post("")
@allow("clinician", "manager")
def start() -> ResponseReturnValue:
    """Start a count; where one is open, lead to it."""
    form = posted()

    def do() -> str:
        known, mine = open_count(register()), form.identifier("n")
        if known is not None and known.count != mine:
            return url_for(".show", count=known.count)
        started = events.CountStarted(
            count=mine,
            business_time=form.choice("business_time", BUSINESS_TIMES),
            figures_seen_ms=_figures_seen_ms(),
        )
        act(form, started)
        return url_for(".show", count=started.count)

    return attempt(do, list_page)


@blueprint.get("/sheet")
@allow("clinician", "manager")
def sheet() -> str:
    """Show a blank count sheet to print, with the head of the log."""
    strengths = sorted({one.concentration_ug_per_ml for one in registered()})
    return render_template(
        "counts/sheet.html",
        strengths=[(one, mg_per_ml(one)) for one in strengths],
        head=head_on_paper(register()),
        printed=local_stamp(desk().now_ms()),
    )


@blueprint.get("/<count>")
@allow("clinician", "manager", "inspector")
def show(count: str) -> ResponseReturnValue:
    """Show a count as it stands for the person asking: to be counted, waiting, or revealed."""
    known, book = _load(count)
    me = current_person()
    if not known.is_open:
        return revealed_page(count, [])
    if not may_count(me.roles) or _waits_for_other(known, me.person):
        return waiting_page(known, book, [])
    if known.first is not None and known.first.actor != me.person:
        return redirect(url_for(".second", count=count), SEE_OTHER)
    return count_page(known, book, MultiDict(), [])


@blueprint.post("/<count>")
@allow("clinician", "manager")
def take(count: str) -> ResponseReturnValue:
    """State what the first person found, or change a row of the form."""
    form, (known, book) = posted(), _load(count)
    if not _is_signing(form):
        return changed(form, lambda typed, problems, found: count_page(known, book, typed, problems, found))

    def do() -> str:
        lots, opened = read_found(form)
        form.check()
        act(form, events.CountRecorded(count=count, lots=lots, opened=opened), signing(form))
        return url_for(".show", count=count)

    return attempt(do, lambda problems: count_page(known, book, form.typed, problems))


@blueprint.get("/<count>/second")
@allow("clinician", "manager")
def second(count: str) -> ResponseReturnValue:
    """Show the second person's own blank form."""
    known, _ = _load(count)
    if not known.is_open or known.first is None or known.second is not None:
        return redirect(url_for(".show", count=count), SEE_OTHER)
    return second_page(known, MultiDict(), [])


@blueprint.post("/<count>/second")
@allow("clinician", "manager")
def confirm(count: str) -> ResponseReturnValue:
    """State what the second person found, or change a row of their form."""
    form, (known, _) = posted(), _load(count)
    if not _is_signing(form):
        return changed(form, lambda typed, problems, found: second_page(known, typed, problems, found))

    def do() -> str:
        lots, opened = read_found(form)
        of = form.reference()
        form.check()
        actor, standing = _second_signs(form, known)
        act(form, ConfirmCount(of=of, count=count, lots=lots, opened=opened), standing, actor=actor)
        return url_for(".show", count=count)

    return attempt(do, lambda problems: second_page(known, form.typed, problems))


@blueprint.post("/<count>/end")
@allow("clinician", "manager")
def end(count: str) -> ResponseReturnValue:
    """End a count that nobody confirmed; it keeps that mark for ever."""
    form, (known, book) = posted(), _load(count)

    def do() -> str:
        act(form, RevealCount(count=count), signing(form, "end_password"))
        return url_for(".show", count=count)

    def again(problems: Problems) -> str:
        if known.first is None:
            return count_page(known, book, form.typed, problems)
        return waiting_page(known, book, problems, form)

    return attempt(do, again)


@blueprint.post("/<count>/owners")
@allow("clinician", "manager")
def assign(count: str) -> ResponseReturnValue:
    """Give every case that the count opened an owner and a due day, by a manager."""
    form, waiting = posted(), _unowned(count)

    def do() -> str:
        assigned = [
            events.CaseAssigned(
                case=case.case, owner=form.choice(f"owner_{number}", owners()), due_on=form.day(f"due_{number}")
            )
            for number, case in enumerate(waiting)
        ]
        form.check()
        actor, standing = _manager_signs(form)
        record_orders(
            [order_of(form, one, standing, number=number, actor=actor) for number, one in enumerate(assigned)]
        )
        return url_for(".show", count=count)

    return attempt(do, lambda problems: revealed_page(count, problems, form))


def _load(count: str) -> tuple[Count, Book]:
    found = find_count(register(), count)
    if found is None:
        raise NotFound
    return found


def _is_signing(form: Form) -> bool:
    do = form.typed.get("do", "")
    # A scanner's script sends the form without a button.
    return do == "sign" or (not do and not form.typed.get("code", "").strip())


def _waits_for_other(count: Count, me: str) -> bool:
    """Say whether this person can do nothing now: they counted and wait, or the first person counts again."""
    if count.first is None:
        return False
    is_first = count.first.actor == me
    return is_first if count.second is None else not is_first


def _figures_seen_ms() -> int | None:
    seen = access().sign_ins().figures_seen_ms(current_person().person)
    return seen if seen is not None and desk().now_ms() - seen <= SEEN_BEFORE_MS else None


def _second_signs(form: Form, count: Count) -> tuple[str, Standing]:
    """Who signed in themself signs; the first person's tablet takes the second one's own name and password."""
    me = current_person().person
    if count.first is not None and count.first.actor == me:
        return second_person(form)
    return me, signing(form, "second_password")


def _manager_signs(form: Form) -> tuple[str, Standing]:
    """A manager who is signed in assigns; else one at this tablet does, with their own name and password."""
    me = current_person()
    return (me.person, SIGNED_IN) if "manager" in me.roles else second_person(form)


def _unowned(count: str) -> list[Case]:
    found = reveal(register(), count)
    return [case for case in found.cases if case.is_open and case.owner is None] if found else []
