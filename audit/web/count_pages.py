"""What the pages of a blind count show at each stage. Until the reveal: nothing anybody else found, nothing expected.

Not here: the acts (`counts.py`), the rows of the form (`count_form.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from flask import render_template, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import NotFound

from audit.domain.book import Book, Count
from audit.domain.errors import Refused
from audit.domain.flags import Flag
from audit.domain.fold import local_day
from audit.services.blind import may_count
from audit.services.counting import Line, Revealed, differing, recent_counts, reveal
from audit.services.people import persons
from audit.services.reading import flags_of
from audit.web.blind import is_withheld
from audit.web.count_form import Found, change, level_rows, lot_rows
from audit.web.desk import register
from audit.web.forms import UNPROCESSABLE, Form, Problems, problems_of
from audit.web.products import product_words, registered
from audit.web.register_view import FLAG_TAGS
from audit.web.security import current_person, figures_seen
from audit.web.stock import figures_withheld, today
from audit.web.stock_view import mg_per_ml

Show = Callable[[MultiDict[str, str], Problems, Found | None], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineView:
    """One revealed line and how its strength is marked."""

    line: Line
    mg_per_ml: int | None
    is_withheld: bool
    """A first reading of it still waits for its second person; the book's figure would tell it."""


def changed(form: Form, show: Show) -> ResponseReturnValue:
    """Carry out a button that is no signature and show the form again; nothing is written."""
    typed = MultiDict(form.typed)
    for secret in ("password", "second_password"):
        typed.pop(secret, None)
    try:
        found = change(typed, typed.get("do", ""))
    except Refused as refused:
        return show(typed, problems_of(refused), None), UNPROCESSABLE
    return show(typed, [], found)


def list_page(problems: Problems) -> str:
    """Show every count with its state, and the buttons that start one."""
    counts = recent_counts(register())
    return render_template(
        "counts/list.html",
        counts=[(count, _state(count)) for count in counts],
        open=next((count for count in counts if count.is_open), None),
        names=_names(),
        problems=problems,
    )


def count_page(
    count: Count, book: Book, typed: MultiDict[str, str], problems: Problems, found: Found | None = None
) -> str:
    """Show the first person's form; after two unlike counts with the names of the lines that differ."""
    is_again = count.second is not None
    return render_template(
        "counts/count.html",
        is_starter=count.started.actor == current_person().person,
        count=count,
        differ=_differing(count, book) if is_again else None,
        **_for_rows(typed, problems, found),
    )


def second_page(count: Count, typed: MultiDict[str, str], problems: Problems, found: Found | None = None) -> str:
    """Show the second person's form, on their own sign-in or at the first person's tablet."""
    me = current_person()
    is_borrowed = count.first is not None and count.first.actor == me.person
    others = [(one, person.name) for one, person in persons(register()).items() if _may_be_second(count, one)]
    second = {
        "name": "sign below" if is_borrowed else me.name,
        "role": "",
        "since": "",
        "not_me_href": url_for("counts.show_all"),
    }
    return render_template(
        "counts/second.html",
        count=count,
        second=second,
        is_borrowed=is_borrowed,
        others=others,
        **_for_rows(typed, problems, found),
    )


def waiting_page(count: Count, book: Book, problems: Problems, form: Form | None = None) -> str:
    """Show somebody who can do nothing now what the count waits for."""
    me = current_person()
    return render_template(
        "counts/waiting.html",
        count=count,
        state=_state(count),
        names=_names(),
        is_first=count.first is not None and count.first.actor == me.person,
        differ=_differing(count, book) if count.second is not None else None,
        problems=problems,
        typed=form.typed if form else MultiDict(),
    )


def revealed_page(count: str, problems: Problems, form: Form | None = None) -> str:
    """Show a count's figures to everybody, and who still has to own what differs.

    Raises:
        NotFound: the count is open, or there is none.
    """
    found = reveal(register(), count)
    if found is None:
        raise NotFound
    if figures_withheld():
        return render_template("counts/withheld.html", count=found.count)
    figures_seen()
    unowned = [case for case in found.cases if case.is_open and case.owner is None]
    return render_template(
        "counts/revealed.html",
        found=found,
        lines=[_line_view(found, line) for line in found.lines],
        state=_state(found.count),
        marks=_marks(found),
        products={one.product: product_words(one) for one in registered()},
        names=_names(),
        unowned=unowned,
        owners=[(one, persons(register())[one].name) for one in owners()],
        managers=[(one, p.name) for one, p in persons(register()).items() if p.is_active and "manager" in p.roles],
        due=_due(found),
        problems=problems,
        typed=form.typed if form else MultiDict(),
    )


def owners() -> tuple[str, ...]:
    """Return who may own a case: clinicians and managers who act here now."""
    return tuple(one for one, person in persons(register()).items() if person.is_active and may_count(person.roles))


def _line_view(found: Revealed, line: Line) -> LineView:
    vial = found.book.containers.get(line.container or "")
    hidden = vial is not None and is_withheld(found.book, vial, current_person().person)
    return LineView(line=line, mg_per_ml=mg_per_ml(line.concentration_ug_per_ml), is_withheld=hidden)


def _state(count: Count) -> tuple[str, str, str]:
    """Return label, icon and tone of a count's state."""
    if count.is_open and count.first is None:
        return "being counted", "tally", "live"
    if count.is_open:
        return ("two counts differ", "alert", "warn") if count.second else ("needs a second person", "two", "second")
    return ("confirmed", "check", "ok") if count.agrees else ("unconfirmed", "alert", "warn")


def _marks(found: Revealed) -> list[tuple[str, str, str]]:
    """Return the marks that the entries of a count carry for ever."""
    entries = [found.count.started, found.count.first]
    marks = {flag for entry in entries if entry for flag in flags_of(register(), found.book, entry)}
    return [FLAG_TAGS[flag] for flag in Flag if flag in marks and flag is not Flag.REPLACES]


def _due(found: Revealed) -> tuple[str, str, str]:
    """Return the day a case is due by the rules in force, and where that comes from."""
    started = found.count.started
    policy = register().policy_on(local_day(started.occurred_ms, started.offset_min))
    day = date.fromisoformat(today()) + timedelta(days=policy.case_due_days)
    rule = policy.rule("case_due_days")
    return day.isoformat(), rule.kind, rule.citation


def _may_be_second(count: Count, person: str) -> bool:
    return person in owners() and count.first is not None and person != count.first.actor


def _differing(count: Count, book: Book) -> dict[str, list[str]]:
    """Return the lines two people found differently, by label and lot alone."""
    policy = register().policy_on(local_day(count.started.occurred_ms, count.started.offset_min))
    found = differing(count, book, policy)
    words = {one.product: product_words(one) for one in registered()}
    return {
        "labels": list(found.labels),
        "lots": [f"{lot}: {words.get(product, product)}" for product, lot in found.lots],
    }


def _names() -> dict[str, str]:
    return {one: person.name for one, person in persons(register()).items()}


def _for_rows(typed: MultiDict[str, str], problems: Problems, found: Found | None) -> dict[str, object]:
    return {
        "typed": typed,
        "problems": problems,
        "found": found,
        "lots": lot_rows(typed),
        "levels": level_rows(typed),
        "products": [(one.product, product_words(one)) for one in registered()],
    }
