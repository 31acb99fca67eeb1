"""The first person's part of a waste: read what is left, sign its waste, or lock it away for a later witness.

Of a session's syringe and of the rest of an opened vial alike. The second person's part is `witness.py`. Not here:
closing the session.
"""

from flask import Blueprint, abort, render_template, url_for
from flask.typing import ResponseReturnValue

from audit.domain import commands
from audit.domain.book import Book, Container
from audit.domain.errors import Refused
from audit.domain.fold import local_day
from audit.domain.policy import Policy
from audit.domain.postings import Account
from audit.domain.waste import place
from audit.services.meanings import METHODS, WASTE_REASONS
from audit.services.reading import book_of, unsigned_acts
from audit.web.acting import act, signing
from audit.web.blind import is_withheld
from audit.web.desk import desk, register
from audit.web.forms import Form, Problems, attempt, posted
from audit.web.security import allow, current_person
from audit.web.session_view import strength_words
from audit.web.words import choices

blueprint = Blueprint("wastes", __name__)


@blueprint.get("/wastes/<container>/read")
@allow("clinician", "manager")
def show_reading(container: str) -> str:
    """Show the keypad for what is left."""
    return _render_reading(container, None, [])


@blueprint.post("/wastes/<container>/read")
@allow("clinician", "manager")
def read(container: str) -> ResponseReturnValue:
    """State what a first person reads; then a second person reads it blind."""
    form = posted()
    _, known = load_container(container)

    def do() -> str:
        # The chip is also what Enter sends: what was typed wins.
        chip = form.typed.get("confirmed_ul") and not form.typed.get("volume", "").strip()
        command = commands.ReadRemainder(
            container=container,
            volume_ul=form.count("confirmed_ul", most=10**9) if chip else form.amount("volume"),
            session=known.session,
            residual_ul=form.optional_amount("residual") or 0,
        )
        act(form, command)
        return after_reading(container)

    return attempt(do, lambda problems: _render_reading(container, form, problems))


@blueprint.get("/wastes/<container>/waste")
@allow("clinician", "manager")
def show_waste(container: str) -> str:
    """Show what is wasted, how, and the sentence to sign."""
    return _render_waste(container, None, [], alone=False)


@blueprint.post("/wastes/<container>/waste")
@allow("clinician", "manager")
def waste(container: str) -> ResponseReturnValue:
    """Sign a waste that a second person is about to see."""
    return _waste(container, alone=False)


@blueprint.get("/wastes/<container>/alone")
@allow("clinician", "manager")
def show_alone(container: str) -> str:
    """Show the same for a waste that nobody can witness."""
    return _render_waste(container, None, [], alone=True)


@blueprint.post("/wastes/<container>/alone")
@allow("clinician", "manager")
def waste_alone(container: str) -> ResponseReturnValue:
    """Sign a waste that stays unwitnessed for ever."""
    return _waste(container, alone=True)


@blueprint.get("/wastes/<container>/hold")
@allow("clinician", "manager")
def show_hold(container: str) -> str:
    """Show what to write on a tamper bag."""
    return _render_hold(container, None, [])


@blueprint.post("/wastes/<container>/hold")
@allow("clinician", "manager")
def hold(container: str) -> ResponseReturnValue:
    """Lock what was read into a numbered tamper bag."""
    form = posted()
    _, known = load_container(container)

    def do() -> str:
        command = commands.HoldRemainder(container=container, bag=form.text("bag", most=60), session=known.session)
        form.check()
        act(form, command, signing(form))
        return home_of(known)

    return attempt(do, lambda problems: _render_hold(container, form, problems))


def load_container(container: str) -> tuple[Book, Container]:
    """Return the book of a container with its session and sources, and the container.

    Raises:
        NotFound: no container of that identifier stands.
    """
    key = f"container:{container}"
    found = book_of(register(), {key}).containers.get(container)
    if found is None:
        abort(404)
    session = {f"session:{found.session}"} if found.session else set()
    book = book_of(register(), {key, *session, *(f"container:{one}" for one in found.sources)})
    return book, book.containers[container]


def policy_now() -> Policy:
    """Return the rules in force today."""
    now_ms = desk().now_ms()
    return register().policy_on(local_day(now_ms, desk().offset_min(now_ms)))


def home_of(container: Container) -> str:
    """Return the page an act on a container leads back to: its session's, or its own."""
    if container.session:
        return url_for("sessions.show", session=container.session)
    return url_for("stock.container", container=container.container)


def after_reading(container: str) -> str:
    """Return where a first reading leads: to the second person, to the waste, or back where nothing is left."""
    book, known = load_container(container)
    if book.on_hand(container) == 0:
        return home_of(known)
    if policy_now().waste_needs_witness:
        return url_for("witness.show_reading", container=container)
    return url_for("wastes.show_waste", container=container)


def _waste(container: str, *, alone: bool) -> ResponseReturnValue:
    form = posted()
    _, known = load_container(container)

    def do() -> str:
        command = commands.WasteRemainder(
            container=container,
            method=form.choice("method", tuple(METHODS)),
            reason=form.choice("reason", tuple(WASTE_REASONS)),
            session=known.session,
            alone=alone,
        )
        form.check()
        index = act(form, command, signing(form)).index
        needs_second = policy_now().waste_needs_witness and not alone
        return url_for("witness.show_waste", index=index) if needs_second else home_of(known)

    return attempt(do, lambda problems: _render_waste(container, form, problems, alone=alone))


def _render_reading(container: str, form: Form | None, problems: Problems) -> str:
    book, known = load_container(container)
    return render_template(
        "witness/first_reading.html",
        known=known,
        strength=strength_words(known),
        differ=known.reading is not None and known.reading.agrees is False,
        has_line=known.is_syringe and place_of(book, known) is Account.CUSTODY,
        **_shown(container, known, form, problems),
    )


def place_of(book: Book, known: Container) -> Account | None:
    """Return where what is left of a container is; None where nothing is."""
    try:
        return place(book, known)[0]
    except Refused:
        return None


def _render_waste(container: str, form: Form | None, problems: Problems, *, alone: bool) -> str:
    book, known = load_container(container)
    if known.reading is None or known.is_finished or is_withheld(book, known, current_person().person):
        return _render_not_yet(known)
    if not alone and policy_now().waste_needs_witness and not known.reading.agrees:
        return _render_not_yet(known)
    reading = known.reading
    typed = form.typed if form else {"method": "denature", "reason": _likely_reason(book, known)}
    return render_template(
        "witness/first_waste.html",
        known=known,
        reading=reading,
        strength=strength_words(known),
        alone=alone,
        methods=choices(METHODS),
        reasons=choices(WASTE_REASONS),
        **(_shown(container, known, form, problems) | {"typed": typed}),
    )


def _likely_reason(book: Book, known: Container) -> str:
    """Suggest why it is wasted; the person signing chooses."""
    if not known.is_syringe:
        return "in_use_limit"
    return "remainder" if book.balance(known.container, Account.GIVEN, known.session) else "not_given"


def _render_hold(container: str, form: Form | None, problems: Problems) -> str:
    book, known = load_container(container)
    if known.reading is None or is_withheld(book, known, current_person().person):
        return _render_not_yet(known)
    return render_template(
        "witness/hold.html",
        known=known,
        strength=strength_words(known),
        reading=known.reading,
        **_shown(container, known, form, problems),
    )


def _render_not_yet(known: Container) -> str:
    """Say why a waste is not to be signed on this page now, without any figure."""
    return render_template("witness/not_yet.html", known=known, home=home_of(known))


def _shown(container: str, known: Container, form: Form | None, problems: Problems) -> dict[str, object]:
    return {
        "container": container,
        "home": home_of(known),
        "me_name": current_person().name,
        "unsigned": unsigned_acts(register(), current_person().person),
        "typed": form.typed if form else {},
        "nonce": form.typed.get("nonce", "") if form else "",
        "problems": problems,
        "errors": dict(reversed(problems)),
    }
