"""Pages of cases: what needs an answer, the work on it, and the answer with its effect said before it is signed.

Not here: which answer fits (`domain.case`), what a case is about (`services.casework`).
"""

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import NotFound

from audit.domain import events
from audit.domain.commands import CloseCase
from audit.domain.errors import Refused
from audit.domain.facts import Ref
from audit.services.casework import CaseFile, all_cases, open_file
from audit.services.people import persons
from audit.services.reading import entry_at
from audit.web.acting import Beside, act, signing
from audit.web.case_view import EXPLANATIONS, NO_QUANTITY, answers, case_page, row
from audit.web.count_pages import owners
from audit.web.desk import register
from audit.web.forms import Form, attempt, posted
from audit.web.security import allow
from audit.web.stock import figures_withheld, today

blueprint = Blueprint("cases", __name__, url_prefix="/cases")

_MOST_DIGITS = 15


@blueprint.get("")
@allow("clinician", "manager", "inspector")
def show_all() -> str:
    """List the cases: open ones by their due day, then closed ones, the newest first."""
    book, cases = all_cases(register())
    rows = [row(book, case, today()) for case in cases]
    return render_template(
        "cases/list.html",
        open=sorted((one for one in rows if one.case.is_open), key=lambda one: (one.case.due_on or "", one.case.index)),
        closed=[one for one in rows if not one.case.is_open],
        names={one: person.name for one, person in persons(register()).items()},
        is_counting=figures_withheld(),
    )


@blueprint.get("/<case>")
@allow("clinician", "manager", "inspector")
def show(case: str) -> str:
    """Show one case."""
    return case_page(_load(case), MultiDict(), [])


@blueprint.post("/<case>/notes")
@allow("clinician", "manager")
def note(case: str) -> ResponseReturnValue:
    """Add a note; its words are sealed, and it is never edited."""
    form, known = posted(), _load(case)

    def do() -> str:
        text = form.text("note", most=2_000)
        form.check()
        act(form, events.CaseNoted(case=case), beside=Beside(sealed={"note": text}))
        return url_for(".show", case=case)

    return attempt(do, lambda problems: case_page(known, form.typed, problems))


@blueprint.post("/<case>/owner")
@allow("manager")
def assign(case: str) -> ResponseReturnValue:
    """Give a case an owner and a due day."""
    form, known = posted(), _load(case)

    def do() -> str:
        assigned = events.CaseAssigned(case=case, owner=form.choice("owner", owners()), due_on=form.day("due_on"))
        form.check()
        act(form, assigned)
        return url_for(".show", case=case)

    return attempt(do, lambda problems: case_page(known, form.typed, problems))


@blueprint.post("/<case>/close")
@allow("manager")
def close(case: str) -> ResponseReturnValue:
    """Answer a case."""
    form, known = posted(), _load(case)

    def do() -> str:
        command = _answer(form, known)
        form.check()
        act(form, command, signing(form))
        return url_for(".show", case=case)

    return attempt(do, lambda problems: case_page(known, form.typed, problems))


def _load(case: str) -> CaseFile:
    found = open_file(register(), case)
    if found is None:
        raise NotFound
    return found


def _answer(form: Form, known: CaseFile) -> CloseCase:
    outcome = form.choice("outcome", tuple(one.outcome for one in answers(known)))
    offered: tuple[events.Explanation, ...] = tuple(NO_QUANTITY if outcome == "no_quantity" else EXPLANATIONS)
    needs = outcome in {"explained", "no_quantity"}
    chosen = form.typed.getlist("containers")
    if not set(chosen) <= {vial.container for vial in known.missing}:
        form.refusals.append(Refused("unknown_container", "containers"))
    return CloseCase(
        case=known.case.case,
        outcome=outcome,
        explanation=form.choice("explanation", offered) if needs else None,
        of=_named_entry(form),
        containers=tuple(chosen),
    )


def _named_entry(form: Form) -> Ref | None:
    """Return the entry that puts a case right, by its number."""
    typed = form.typed.get("of", "").strip().replace(",", "")
    if not typed:
        return None
    if not (typed.isascii() and typed.isdecimal()) or len(typed) > _MOST_DIGITS:
        form.refusals.append(Refused("not_a_whole_number", "of", typed=typed[:40]))
        return None
    found = entry_at(register(), int(typed))
    if found is None:
        form.refusals.append(Refused("unknown_entry", "of"))
        return None
    return found.ref
