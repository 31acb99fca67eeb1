"""Correcting an entry: it is struck through, with a reason, and what is right stands beside it in the same moment.

Nothing is edited. Whoever stated an entry corrects it, or a manager. Not here: what of a kind can be put right
(`correction_fields.py`).
"""

import dataclasses

from flask import Blueprint, abort, render_template, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from audit.domain import commands, events
from audit.domain.book import Book, Recorded
from audit.domain.errors import Refused
from audit.services.meanings import STRIKE_REASONS, TITLES
from audit.services.people import persons
from audit.services.reading import book_around, book_of, entry_at, sealed_value
from audit.services.sentences import Teller
from audit.storage.seals import Sealable
from audit.web import words
from audit.web.acting import Beside, order_of, record_orders, signing
from audit.web.correction_fields import Plan, is_changed, plan_for
from audit.web.desk import register
from audit.web.filters import decimal_mark, moment
from audit.web.forms import Form, Problems, attempt, posted
from audit.web.security import allow, current_person
from audit.web.session_story import is_hidden, may_correct
from audit.web.session_view import keys_of

blueprint = Blueprint("corrections", __name__)


@blueprint.get("/corrections/<int:index>")
@allow("clinician", "manager")
def show(index: int) -> str:
    """Show an entry with what can be put right of it."""
    return _render(index, None, [], [])


@blueprint.post("/corrections/<int:index>")
@allow("clinician", "manager")
def correct(index: int) -> ResponseReturnValue:
    """Strike an entry, and put what is right beside it unless it is only to be struck."""
    form = posted()
    book, entry = _load(index)
    _check_seen(book, entry)
    later: list[int] = []

    def do() -> str:
        plan = None if form.ticked("only_strike") else plan_for(book, entry)
        try:
            return _record(form, entry, plan)
        except Refused as refused:
            if refused.code == "strike_these_first":
                later.extend(int(one) for one in str(refused.values["entries"]).split(", "))
            raise

    return attempt(do, lambda problems: _render(index, form, problems, later))


def _record(form: Form, entry: Recorded, plan: Plan | None) -> str:
    strike = commands.StrikeEntry(
        of=entry.ref, reason=form.choice("reason", tuple(STRIKE_REASONS)), replacements=1 if plan else 0
    )
    replacement = plan.make(form) if plan else None
    happened_ms = _happened_ms(form, entry)
    form.check()
    if plan and not is_changed(form, plan) and happened_ms == entry.occurred_ms:
        raise Refused("nothing_changed")
    standing = signing(form)
    orders = [order_of(form, strike, standing)]
    if replacement is not None:
        beside = _beside(entry, replacement)
        order = order_of(form, replacement, standing, number=1, beside=beside)
        orders.append(dataclasses.replace(order, occurred_ms=happened_ms, offset_min=entry.offset_min))
    record_orders(orders)
    return _back_to(entry)


def _beside(entry: Recorded, replacement: commands.Command) -> Beside:
    """A corrected opening keeps weight and mg/kg only while they still give its dose."""
    if not isinstance(replacement, commands.OpenSession) or not isinstance(entry.event, events.SessionOpened):
        return Beside(answers_strike=True)
    sealed: dict[str, Sealable] = {}
    if replacement.dose_ug == entry.event.dose_ug and replacement.patient == entry.event.patient:
        for name in ("weight_g", "dose_ug_per_kg"):
            value = sealed_value(register(), entry.index, name)
            if value is not None:
                sealed[name] = value
    return Beside(sealed=sealed, owner=replacement.patient, answers_strike=True)


def _happened_ms(form: Form, entry: Recorded) -> int:
    """Return when it happened: as the entry says, unless another minute was typed."""
    typed = form.typed.get("happened", "").strip()
    if not typed or typed == _local(entry):
        return entry.occurred_ms
    return form.occurred_ms("happened") or entry.occurred_ms


def _local(entry: Recorded) -> str:
    return f"{moment(entry.occurred_ms, entry.offset_min):%Y-%m-%dT%H:%M}"


def _load(index: int) -> tuple[Book, Recorded]:
    entry = entry_at(register(), index)
    if entry is None:
        abort(404)
    book = book_around(register(), entry)
    sources = entry.event.sources if isinstance(entry.event, events.DoseDrawn) else ()
    container = getattr(entry.event, "container", None)
    keys = {f"container:{one}" for one in (container, *(source.container for source in sources)) if one}
    session = getattr(entry.event, "session", None)
    if session:
        keys |= keys_of(session)
    if keys:
        book = book_of(register(), keys | {f"entry:{index}"})
    return book, entry


def _check_seen(book: Book, entry: Recorded) -> None:
    if is_hidden(book, entry, current_person().person):
        abort(404)


def _back_to(entry: Recorded) -> str:
    session = getattr(entry.event, "session", None)
    if session and not isinstance(entry.event, events.SessionOpened):
        return url_for("sessions.show", session=session)
    return url_for("register.entry", index=entry.index)


def _render(index: int, form: Form | None, problems: Problems, later: list[int]) -> str:
    book, entry = _load(index)
    _check_seen(book, entry)
    known = persons(register())
    plan = plan_for(book, entry) if may_correct(entry, current_person().person, known) else None
    told = Teller(book, words.names(known), decimal_mark()).tell(entry)
    typed = form.typed if form else MultiDict({field.name: field.now for field in plan.fields} if plan else {})
    return render_template(
        "corrections/correct.html",
        entry=entry,
        title=TITLES[type(entry.event)],
        told=told,
        who=words.names(known).get(entry.actor, ""),
        may=may_correct(entry, current_person().person, known),
        struck_by=book.struck.get(index),
        plan=plan,
        is_waste=isinstance(entry.event, events.WasteRecorded | events.RemainderRead),
        reasons=words.choices(STRIKE_REASONS),
        happened=typed.get("happened") or _local(entry),
        later=later,
        back=_back_to(entry),
        me_name=current_person().name,
        typed=typed,
        nonce=form.typed.get("nonce", "") if form else "",
        problems=problems,
        errors=dict(reversed(problems)),
    )
