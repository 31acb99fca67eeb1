"""Acts of a session on its page: draw, take and return a vial, run the pump, close.

Not here: reading what is left and wasting it (`wastes.py`), the second person (`witness.py`).
"""

from collections.abc import Callable

from flask import Blueprint, abort, render_template, url_for
from flask.typing import ResponseReturnValue

from audit.domain import commands, events
from audit.domain.commands import Command
from audit.domain.errors import Refused
from audit.services.meanings import RATE_REASONS, STOP_REASONS
from audit.web.acting import act, acts_signed_too, order_of, record_orders, signing
from audit.web.desk import desk
from audit.web.forms import Form, Problems, attempt, posted
from audit.web.security import allow, current_person
from audit.web.session_view import Look, load_session, syringes
from audit.web.sessions import render_session
from audit.web.words import choices

blueprint = Blueprint("session_acts", __name__)


@blueprint.post("/sessions/<session>/take")
@allow("clinician")
def take(session: str) -> ResponseReturnValue:
    """Take a whole vial into the session's custody."""
    form = posted()
    return _on_page(
        session, form, lambda: commands.TakeContainer(session=session, container=form.named("container", "c"))
    )


@blueprint.post("/sessions/<session>/return")
@allow("clinician")
def give_back(session: str) -> ResponseReturnValue:
    """Return a whole vial to the shelf."""
    form = posted()
    return _on_page(
        session, form, lambda: commands.ReturnContainer(session=session, container=form.named("container", "c"))
    )


@blueprint.post("/sessions/<session>/start")
@allow("clinician")
def start(session: str) -> ResponseReturnValue:
    """Start a syringe at a rate."""
    form = posted()
    return _on_page(
        session,
        form,
        lambda: events.InfusionStarted(
            session=session, container=form.named("container", "c"), rate_ul_per_h=_rate(form)
        ),
    )


@blueprint.post("/sessions/<session>/rate")
@allow("clinician")
def change(session: str) -> ResponseReturnValue:
    """Change the rate, or the ordered dose with it."""
    form = posted()
    return _on_page(
        session,
        form,
        lambda: events.RateChanged(
            session=session,
            container=form.named("container", "c"),
            rate_ul_per_h=_rate(form),
            dose_ug=form.positive("dose") if form.typed.get("dose", "").strip() else None,
            reason=form.choice("reason", tuple(RATE_REASONS)),
        ),
    )


@blueprint.post("/sessions/<session>/stop")
@allow("clinician")
def stop(session: str) -> ResponseReturnValue:
    """Stop a syringe, for a reason."""
    form = posted()
    return _on_page(
        session,
        form,
        lambda: events.InfusionStopped(
            session=session,
            container=form.named("container", "c"),
            reason=form.choice("reason", tuple(STOP_REASONS)),
        ),
    )


@blueprint.get("/sessions/<session>/other-rate/<container>")
@allow("clinician")
def other_rate(session: str, container: str) -> str:
    """Show the keypad for a rate of one's own, with the reason and the ordered dose."""
    return _render_rate(session, container, None, [])


@blueprint.post("/sessions/<session>/other-rate/<container>")
@allow("clinician")
def set_other_rate(session: str, container: str) -> ResponseReturnValue:
    """Start at, or change to, a rate that was typed."""
    form = posted()

    def do() -> str:
        running = form.ticked("is_running")
        rate = form.positive("rate")
        reason = form.choice("reason", tuple(RATE_REASONS)) if running else "other"
        dose = form.positive("dose") if running and form.typed.get("dose", "").strip() else None
        form.check()
        if running:
            act(
                form,
                events.RateChanged(
                    session=session, container=container, rate_ul_per_h=rate, dose_ug=dose, reason=reason
                ),
            )
        else:
            act(form, events.InfusionStarted(session=session, container=container, rate_ul_per_h=rate))
        return url_for("sessions.show", session=session)

    return attempt(do, lambda problems: _render_rate(session, container, form, problems))


@blueprint.post("/sessions/<session>/close")
@allow("clinician")
def close(session: str) -> ResponseReturnValue:
    """Close a session of which nothing is left to account for; one's acts on the way are signed with it."""
    form = posted()

    def do() -> str:
        standing = signing(form)
        order = order_of(form, commands.CloseSession(session=session), standing)
        record_orders([order, *acts_signed_too(form, standing)])
        return url_for("sessions.show", session=session)

    return attempt(do, lambda problems: render_session(session, form, problems))


def _on_page(session: str, form: Form, make: Callable[[], Command]) -> ResponseReturnValue:
    """Carry out an act of the session's own page and show that page again."""

    def do() -> str:
        command = make()
        form.check()
        act(form, command)
        return url_for("sessions.show", session=session)

    return attempt(do, lambda problems: render_session(session, form, problems))


def _rate(form: Form) -> int:
    """Return the rate of the chip that was tapped, in uL/h."""
    rate = form.count("rate", most=10**9)
    if rate == 0 and not form.refusals:
        form.refusals.append(Refused("zero", "rate"))
    return max(rate, 1)


def _render_rate(session: str, container: str, form: Form | None, problems: Problems) -> str:
    book, found = load_session(session)
    look = Look(book=book, session=found, viewer=current_person().person, now_ms=desk().now_ms())
    syringe = next((one for one in syringes(look) if one.container == container), None)
    if syringe is None:
        abort(404)
    return render_template(
        "sessions/rate.html",
        found=found,
        syringe=syringe,
        reasons=choices(RATE_REASONS),
        typed=form.typed if form else {"reason": "effect"},
        nonce=form.typed.get("nonce", "") if form else "",
        problems=problems,
        errors=dict(reversed(problems)),
    )
