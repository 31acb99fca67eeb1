"""A case as its page shows it: rows of the list, who touched it, and each possible answer with what it would do.

While a count is open no amount of a case is shown to anyone who may count: it would tell what the book expects. The
same while a first reading of its container waits for a second person.
"""

from dataclasses import dataclass

from flask import render_template
from werkzeug.datastructures import MultiDict

from audit.domain import events
from audit.domain.book import Book, Case, Recorded
from audit.domain.fold import local_day
from audit.services.blind import is_withheld
from audit.services.casework import CaseFile, variance_ul
from audit.services.meanings import CAUSES, TITLES, explained
from audit.services.people import persons
from audit.services.sentences import Teller
from audit.web.blind import is_withheld as is_container_withheld
from audit.web.count_pages import owners
from audit.web.desk import register
from audit.web.filters import amount, decimal_mark
from audit.web.forms import Problems
from audit.web.security import current_person
from audit.web.stock import figures_withheld, today
from audit.web.stock_view import days_until, mg_per_ml

EXPLANATIONS: tuple[events.Explanation, ...] = ("overfill", "puncture_loss", "spill", "recounted", "late_entry")
NO_QUANTITY: tuple[events.Explanation, ...] = ("record_complete", "late_entry", "recounted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One case in the list."""

    case: Case
    what: str
    about: str
    variance_ul: int
    is_withheld: bool
    days_left: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One way a case may end, and what signing it would do."""

    outcome: events.Outcome
    label: str
    effect: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """One entry about a container of the case."""

    entry: Recorded
    what: str
    who: str
    session: str | None
    is_struck: bool


def row(book: Book, case: Case, day: str) -> Row:
    """Return a case as its line in the list."""
    return Row(
        case=case,
        what=CAUSES[case.cause],
        about=about(book, case),
        variance_ul=variance_ul(book, case),
        is_withheld=figures_withheld() or _waits_for_second(book, case),
        days_left=days_until(case.due_on, day) if case.due_on else None,
    )


def about(book: Book, case: Case) -> str:
    """Return what a case is about, by label or lot."""
    vial, product = book.containers.get(case.container or ""), book.products.get(case.product or "")
    if vial is not None:
        return f"{vial.label}, {amount(vial.mass_in(1000))} mg/mL"
    if product is not None:
        return f"lot {case.lot}, {amount(product.concentration_ug_per_ml)} mg/mL"
    return ""


def answers(known: CaseFile) -> list[Answer]:
    """Return the answers that fit a case, each with its effect in words."""
    variance, what = known.case.variance_ug, about(known.book, known.case)
    size = f"{amount(abs(variance))} mg ({amount(abs(known.variance_ul))} mL)"
    found = [Answer(outcome="corrected", label="An entry was wrong and is corrected", effect=_CORRECTED)]
    if variance == 0:
        return [Answer(outcome="no_quantity", label="Answered; no amount is open", effect=_NOTHING), *found]
    if variance < 0 or known.container is not None:
        verb = f"Takes {size} off" if variance < 0 else f"Adds {size} to"
        found.append(
            Answer(
                outcome="explained",
                label="Explained, on a line of its own",
                effect=f"{verb} the book of {what}, on the line “explained”. It stays in every report.",
            )
        )
    if variance < 0:
        effect = f"Takes {size} off the book of {what} as lost. It stays in every report, and may have to be notified."
        found.append(Answer(outcome="loss", label="A loss", effect=effect))
    elif known.container is not None:
        effect = f"Adds {size} to the book of {what} as gained. It stays in every report."
        found.append(Answer(outcome="gain", label="A gain", effect=effect))
    return found


_CORRECTED = "Moves nothing itself. Name the correcting or late entry, after which book and count agree."
_NOTHING = "Moves nothing. The mark on the entry that opened this case stays for ever."


def case_page(known: CaseFile, typed: MultiDict[str, str], problems: Problems) -> str:
    """Show one case; without amounts while a count is open and its reader may count."""
    is_counting = figures_withheld()
    is_blind = is_counting or _waits_for_second(known.book, known.case)
    names = {one: person.name for one, person in persons(register()).items()}
    strength = known.container.mass_in(1000) if known.container else None
    policy = register().policy_on(local_day(known.opened.occurred_ms, known.opened.offset_min))
    touches = _touches(known, names, is_blind=is_blind)
    return render_template(
        "cases/case.html",
        known=known,
        case=known.case,
        what=CAUSES[known.case.cause],
        about=about(known.book, known.case),
        mg_per_ml=mg_per_ml(strength) if strength else None,
        is_counting=is_counting,
        is_blind=is_blind,
        touches=touches,
        touchers=sorted({touch.who for touch in touches}),
        work=_work(known, names, is_blind=is_blind),
        notes={one.entry.index: one.text for one in known.notes},
        names=names,
        answers=answers(known),
        explanations=[(one, explained(one)) for one in (EXPLANATIONS if known.case.variance_ug else NO_QUANTITY)],
        owners=[(one, names[one]) for one in owners()],
        rule=policy.rule("case_due_days"),
        policy=policy,
        days_left=days_until(known.case.due_on, today()) if known.case.due_on else None,
        typed=typed,
        problems=problems,
    )


def _waits_for_second(book: Book, case: Case) -> bool:
    """Say whether a first reading of the case's container is still blind, which the book's figures would tell."""
    vial = book.containers.get(case.container or "")
    return vial is not None and is_container_withheld(book, vial, current_person().person)


def _touches(known: CaseFile, names: dict[str, str], *, is_blind: bool) -> list[Touch]:
    teller = Teller(known.book, names, decimal_mark())
    viewer = current_person().person
    return [
        Touch(
            entry=entry,
            what=TITLES[type(entry.event)]
            if is_blind or is_withheld(known.book, entry, viewer)
            else teller.tell(entry).what,
            who=names.get(entry.actor, entry.actor),
            session=getattr(entry.event, "session", None),
            is_struck=entry.index in known.book.struck,
        )
        for entry in known.touched
    ]


def _work(known: CaseFile, names: dict[str, str], *, is_blind: bool) -> list[tuple[Recorded, str, str, bool]]:
    """Return what was done on the case: entry, words, who, and whether it is struck."""
    teller = Teller(known.book, names, decimal_mark())
    return [
        (
            entry,
            TITLES[type(entry.event)] if is_blind else teller.tell(entry).what,
            names.get(entry.actor, "The service"),
            entry.index in known.book.struck,
        )
        for entry in known.work
    ]


__all__ = ["EXPLANATIONS", "NO_QUANTITY", "Answer", "Row", "answers", "case_page", "row"]
