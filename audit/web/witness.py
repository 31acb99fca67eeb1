"""The second person's pages: read blind, then see it emptied and sign; on the first person's tablet or their own.

No answer of this module holds the first figure before the second reading agrees with it. Not here: the first
person's part (`wastes.py`).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audit.domain import commands, events
from audit.domain.book import Book, Container, Person, Recorded, Waste
from audit.domain.errors import Refused
from audit.domain.facts import Ref
from audit.services.acts import Standing
from audit.services.blind import is_reading_open, waiting
from audit.services.meanings import METHODS
from audit.services.people import persons
from audit.services.reading import book_of, entry_at
from audit.storage import registers
from audit.storage.engine import read as snapshot
from audit.web.acting import act, second_person, signing
from audit.web.desk import register
from audit.web.forms import SEE_OTHER, Form, Problems, attempt, posted
from audit.web.security import allow, current_person
from audit.web.session_view import strength_words
from audit.web.wastes import home_of, load_container, policy_now

blueprint = Blueprint("witness", __name__)

_WITNESS_ROLES = frozenset({"clinician", "manager"})
_RECENT = 100
_MOST_CHIPS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Something that waits for this person's eyes: what, since when, by whom; never how much."""

    label: str
    first: str
    href: str
    entry: Recorded


@blueprint.get("/witness")
@allow("clinician", "manager")
def show_all() -> str:
    """List the readings and wastes that the person signed in may be second person to."""
    return render_template(
        "witness/list.html", readings=_readings_waiting(), wastes=_wastes_waiting(), came=request.args.get("came")
    )


@blueprint.get("/witness/reading/<container>")
@allow("clinician", "manager")
def show_reading(container: str) -> ResponseReturnValue:
    """Show the blind keypad, or what comes after it."""
    book, known = load_container(container)
    reading = known.reading
    if reading is None or not is_reading_open(book, container):
        has_hand = current_person().person in known.hands
        wasting = reading is not None and reading.agrees and not known.is_finished and has_hand
        return redirect(url_for("wastes.show_waste", container=container) if wasting else home_of(known), SEE_OTHER)
    return _render_reading(known, None, [])


@blueprint.post("/witness/reading/<container>")
@allow("clinician", "manager")
def reread(container: str) -> ResponseReturnValue:
    """Lock a second person's own reading; only then are the two compared."""
    form = posted()
    _, known = load_container(container)
    if known.reading is None:
        abort(404)
    of = Ref(index=known.reading.index, leaf=known.reading.leaf)

    def do() -> str:
        if form.typed.get("reading") != str(of.index):
            raise Refused("not_this_reading")
        volume = form.amount("volume")
        form.check()
        person, standing = _second(form, eligible_for(known.hands))
        command = commands.RereadRemainder(of=of, container=container, volume_ul=volume, session=known.session)
        event = act(form, command, standing, actor=person).event
        agrees = isinstance(event, events.RemainderReread) and event.agrees
        return _after_reread(known, agrees=agrees)

    return attempt(do, lambda problems: _render_reading(known, form, problems))


@blueprint.get("/witness/waste/<int:index>")
@allow("clinician", "manager")
def show_waste(index: int) -> ResponseReturnValue:
    """Show what the second person signs, once the readings agree and the first person has signed."""
    book, known, waste = _load_waste(index)
    if waste.witness is not None or waste.is_alone:
        return redirect(home_of(known), SEE_OTHER)
    return _render_waste(book, waste, None, [])


@blueprint.post("/witness/waste/<int:index>")
@allow("clinician", "manager")
def witness(index: int) -> ResponseReturnValue:
    """Sign as the second person who saw it made unusable."""
    form = posted()
    book, known, waste = _load_waste(index)

    def do() -> str:
        if not form.ticked("seen"):
            form.refusals.append(Refused("seen_missing", "seen"))
        form.check()
        person, standing = _second(form, eligible_for(known.hands | {waste.actor}))
        command = commands.WitnessWaste(
            of=Ref(index=waste.index, leaf=waste.leaf), container=waste.container, session=waste.session
        )
        act(form, command, standing, actor=person)
        return home_of(known)

    return attempt(do, lambda problems: _render_waste(book, waste, form, problems))


@blueprint.get("/witness/cannot-sign/<int:index>")
@allow("clinician", "manager")
def cannot_sign(index: int) -> str:
    """Say what can be done where the second person did not see it."""
    _, known, waste = _load_waste(index)
    return render_template("witness/cannot_sign.html", known=known, waste=waste, home=home_of(known))


@blueprint.get("/witness/cannot-read/<container>")
@allow("clinician", "manager")
def cannot_read(container: str) -> str:
    """Say what can be done where nobody can read it now."""
    _, known = load_container(container)
    return render_template("witness/cannot_read.html", known=known, home=home_of(known))


def eligible_for(hands: Iterable[str]) -> list[Person]:
    """Return who may be second person to an amount: staff of a profession the rules name, without a hand in it."""
    had_a_hand, allowed = set(hands), policy_now().waste_witness_professions
    return [
        one
        for one in persons(register()).values()
        if one.is_active
        and one.person not in had_a_hand
        and one.profession in allowed
        and _WITNESS_ROLES & set(one.roles)
    ]


def _second(form: Form, eligible: list[Person]) -> tuple[str, Standing]:
    """Return who signs: the person signed in where they may, else whoever was chosen at this tablet."""
    me = current_person().person
    if me in {one.person for one in eligible} and "second" not in form.typed:
        return me, signing(form, "second_password")
    chosen = form.typed.get("second", "")
    if chosen and chosen not in persons(register()):
        raise Refused("unknown_person", "second")
    if chosen and chosen != me and chosen not in {one.person for one in eligible}:
        raise Refused("own_second_person", "second")
    return second_person(form)


def _after_reread(known: Container, *, agrees: bool) -> str:
    if current_person().person not in known.hands:
        return url_for("witness.show_all", came="agreed" if agrees else "differed")
    endpoint = "wastes.show_waste" if agrees else "wastes.show_reading"
    return url_for(endpoint, container=known.container)


def _render_reading(known: Container, form: Form | None, problems: Problems) -> str:
    reading = known.reading
    names = {one.person: one.name for one in persons(register()).values()}
    return render_template(
        "witness/reading.html",
        container=known.container,
        label=known.label,
        is_syringe=known.is_syringe,
        content=(known.content_ug, known.content_ul),
        strength=strength_words(known),
        first=names.get(reading.actor, "") if reading else "",
        reading=reading.index if reading else 0,
        waits_for_first=reading is not None and reading.agrees is False,
        home=home_of(known),
        **_shown(form, problems, eligible_for(known.hands), ""),
    )


def _render_waste(book: Book, waste: Waste, form: Form | None, problems: Problems) -> str:
    known = book.containers[waste.container]
    reading = known.reading
    second = reading.second if reading and reading.second and "other" not in request.args else ""
    names = {one.person: one.name for one in persons(register()).values()}
    return render_template(
        "witness/sign.html",
        waste=waste,
        label=known.label,
        is_syringe=known.is_syringe,
        strength=strength_words(known),
        first=names.get(waste.actor, ""),
        method=METHODS[waste.method],
        read_by=reading.second if reading else None,
        read_amount=(reading.second_volume_ul, known.mass_in(reading.second_volume_ul))
        if reading and reading.second_volume_ul is not None
        else None,
        entry=book.entries[waste.index],
        home=home_of(known),
        **_shown(form, problems, eligible_for(known.hands | {waste.actor}), second or ""),
    )


def _shown(form: Form | None, problems: Problems, eligible: list[Person], suggested: str) -> dict[str, object]:
    """Return who may sign here; on one's own device that is oneself, on the first person's whoever is chosen."""
    me = current_person()
    is_own = me.person in {one.person for one in eligible}
    chosen = form.typed.get("second", "") if form else suggested or _last_second(eligible)
    return {
        "is_own": is_own,
        "me_name": me.name,
        "eligible": [(one.person, one.name, one.profession.capitalize()) for one in eligible],
        "eligible_pairs": [(one.person, one.name) for one in eligible],
        "use_chips": len(eligible) <= _MOST_CHIPS,
        "chosen": chosen,
        "chosen_name": next((one.name for one in eligible if one.person == chosen), ""),
        "is_fixed": bool(suggested) and not is_own and suggested in {one.person for one in eligible},
        "typed": form.typed if form else {},
        "nonce": form.typed.get("nonce", "") if form else "",
        "problems": problems,
        "errors": dict(reversed(problems)),
    }


def _last_second(eligible: list[Person]) -> str:
    """Suggest who was second person last; a lone eligible person is suggested anyway."""
    if len(eligible) == 1:
        return eligible[0].person
    with snapshot(register().engine) as conn:
        page = registers.newest(conn, register().site, limit=10, kinds=("remainder_reread", "waste_witnessed"))
    may = {one.person for one in eligible}
    return next((entry.actor for entry in page.entries if entry.actor in may), "")


def _load_waste(index: int) -> tuple[Book, Container, Waste]:
    entry = entry_at(register(), index)
    if entry is None or not isinstance(entry.event, events.WasteRecorded):
        abort(404)
    book, known = load_container(entry.event.container)
    if index not in book.wastes:
        abort(404)
    return book, known, book.wastes[index]


def _readings_waiting() -> list[Waiting]:
    found = waiting(register()).readings
    firsts = [entry for entry in found if isinstance(entry.event, events.RemainderRead)]
    return [one for entry in firsts if (one := _waiting_reading(entry)) is not None]


def _waiting_reading(entry: Recorded) -> Waiting | None:
    container = getattr(entry.event, "container", "")
    known = book_of(register(), {f"container:{container}"}).containers[container]
    is_latest = known.reading is not None and known.reading.index == entry.index and known.reading.agrees is None
    if not is_latest or not _may_be_second(known.hands):
        return None
    return _waiting(entry, known, url_for("witness.show_reading", container=container))


def _wastes_waiting() -> list[Waiting]:
    with snapshot(register().engine) as conn:
        page = registers.newest(conn, register().site, limit=_RECENT, kinds=("waste_recorded",))
    keys = {f"container:{getattr(entry.event, 'container', '')}" for entry in page.entries}
    book = book_of(register(), keys)
    found = []
    for entry in page.entries:
        waste = book.wastes.get(entry.index)
        if waste is None or waste.witness is not None or waste.is_alone:
            continue
        known = book.containers[waste.container]
        if _may_be_second(known.hands | {waste.actor}):
            found.append(_waiting(entry, known, url_for("witness.show_waste", index=entry.index)))
    return found


def _may_be_second(hands: Iterable[str]) -> bool:
    return current_person().person in {one.person for one in eligible_for(hands)}


def _waiting(entry: Recorded, known: Container, href: str) -> Waiting:
    first = persons(register()).get(entry.actor)
    return Waiting(label=known.label, first=first.name if first else "", href=href, entry=entry)
