"""Drawing into a syringe: from a vial scanned or chosen, or from several of one strength, diluted or not.

What the book has of a vial is shown, and noted as seen, unless a count is open. Not here: taking a vial whole.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audit.domain import commands, events
from audit.domain.book import Book, Container, Session
from audit.domain.errors import Refused
from audit.domain.fold import local_day
from audit.domain.postings import Account
from audit.services.reading import book_of
from audit.storage import registers
from audit.storage.engine import read
from audit.web.acting import act
from audit.web.blind import counting
from audit.web.desk import desk, register
from audit.web.filters import amount
from audit.web.forms import UNPROCESSABLE, Form, Problems, attempt, posted, problems_of
from audit.web.security import allow, figures_seen
from audit.web.session_view import load_session
from audit.web.sessions import render_session
from audit.web.shelf import find_vial

blueprint = Blueprint("session_draw", __name__)

MOST_VIALS = 20
OTHER = "other"
_TOTALS_UL = (20_000, 50_000, 100_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class VialToDraw:
    """A vial on the draw page; `left` is None while a count is open."""

    container: str
    label: str
    strength: str
    concentration_ug_per_ml: int
    lot: str
    expiry: str
    left: tuple[int, int] | None
    is_expired: bool


@blueprint.get("/sessions/<session>/draw")
@allow("clinician")
def choose(session: str) -> ResponseReturnValue:
    """Show the keypad for the vials named: scanned, typed or chosen."""
    try:
        vials = _named(request.args.getlist("vial"), request.args.get("code", "").strip())
    except Refused as refused:
        return render_session(session, Form(request.args), problems_of(refused)), UNPROCESSABLE
    return _render(session, vials, None, [])


@blueprint.post("/sessions/<session>/draw")
@allow("clinician")
def draw(session: str) -> ResponseReturnValue:
    """Draw into a new syringe."""
    form = posted()
    chosen = _known(form.typed.getlist("vial"))
    codes: list[str] = []

    def do() -> str:
        volumes = [_volume(form, place) for place in range(len(chosen))]
        parts = tuple(
            commands.Part(container=vial, volume_ul=volume) for vial, volume in zip(chosen, volumes, strict=True)
        )
        command = commands.DrawDose(
            session=session,
            syringe=form.identifier("c"),
            parts=parts,
            total_ul=_total(form),
            expired_used=form.ticked("expired_used"),
            beyond_confirmed=form.ticked("beyond"),
        )
        form.check()
        with _noting(codes):
            act(form, command)
        return url_for("sessions.show", session=session)

    return attempt(do, lambda problems: _render(session, chosen, form, problems, is_beyond="more_than_holds" in codes))


@contextmanager
def _noting(codes: list[str]) -> Iterator[None]:
    """Note a refusal's code; while a count is open, say it without what the book has."""
    try:
        yield
    except Refused as refused:
        codes.append(refused.code)
        if refused.code == "more_than_holds" and counting():
            kept = {name: value for name, value in refused.values.items() if name != "left_ul"}
            raise Refused("more_than_book", refused.field, **kept) from None
        raise


def _named(vials: list[str], code: str) -> list[str]:
    found = [*vials, find_vial(code)] if code else vials
    if not found:
        raise Refused("nothing_drawn", "code")
    return found


def _known(vials: list[str]) -> list[str]:
    """Return the vials of this clinic among those named, each once."""
    named = [one for one in dict.fromkeys(vials) if one.startswith("c_")][:MOST_VIALS]
    book = book_of(register(), {f"container:{one}" for one in named})
    return [one for one in named if one in book.containers]


def _volume(form: Form, place: int) -> int:
    """Return the volume from one vial in uL: the chip of the ordered dose, or what was typed for it."""
    if place == 0 and form.typed.get("ordered_ul") and not form.typed.get("volume", "").strip():
        return form.count("ordered_ul", most=10**9)
    return form.positive(_field(place))


def _field(place: int) -> str:
    return "volume" if place == 0 else f"volume_{place}"


def _total(form: Form) -> int | None:
    """Return what the syringe was made up to, in uL; None for not diluted."""
    made_up = form.typed.get("made_up", "")
    if made_up == OTHER:
        return form.positive("total")
    return form.count("made_up", most=10**9) if made_up else None


def _render(session: str, chosen: list[str], form: Form | None, problems: Problems, *, is_beyond: bool = False) -> str:
    _, found = load_session(session)
    chosen = _known(chosen)
    book = book_of(register(), {f"container:{one}" for one in chosen})
    is_counting = counting()
    vials = [_vial(book, book.containers[one], session, is_counting) for one in chosen if one in book.containers]
    if any(vial.left is not None for vial in vials):
        figures_seen()
    return render_template(
        "sessions/draw.html",
        found=found,
        vials=vials,
        ordered=_ordered(found, book, vials),
        totals=_totals(),
        is_expired=any(vial.is_expired for vial in vials),
        is_beyond=is_beyond or bool(form and form.ticked("beyond")),
        typed=form.typed if form else {"made_up": _last_total()},
        nonce=form.typed.get("nonce", "") if form else "",
        problems=problems,
        errors=dict(reversed(problems)),
    )


def _vial(book: Book, vial: Container, session: str, is_counting: bool) -> VialToDraw:  # noqa: FBT001 (one flag, named)
    now_ms = desk().now_ms()
    mass = book.balance(vial.container, Account.CUSTODY, session) or book.balance(vial.container, Account.STOCK)
    return VialToDraw(
        container=vial.container,
        label=vial.label,
        strength=f"{amount(vial.concentration_ug_per_ml)} mg/mL",
        concentration_ug_per_ml=vial.concentration_ug_per_ml,
        lot=vial.lot,
        expiry=vial.expiry,
        left=None if is_counting else (mass, vial.volume_in(max(mass, 0))),
        is_expired=vial.expiry < local_day(now_ms, desk().offset_min(now_ms)),
    )


def _ordered(found: Session, book: Book, vials: list[VialToDraw]) -> tuple[int, int] | None:
    """Return the ordered dose less what was drawn, in the strength of the only vial chosen."""
    wanted = found.dose_ug - found.drawn_ug
    if len(vials) != 1 or wanted <= 0:
        return None
    vial = book.containers[vials[0].container]
    volume = vial.volume_in(wanted)
    return vial.mass_in(volume), volume


def _totals() -> list[tuple[str, str, str]]:
    return [("", "Not diluted", ""), *((str(total), f"{amount(total)} mL", "") for total in _TOTALS_UL)]


def _last_total() -> str:
    """Return what the clinic's last syringe was made up to, as a suggestion; "" for not diluted."""
    with read(register().engine) as conn:
        last = registers.newest(conn, register().site, limit=1, kinds=("dose_drawn",)).entries
    if not last or not isinstance(last[0].event, events.DoseDrawn):
        return ""
    event = last[0].event
    drawn_ul = sum(source.volume_ul for source in event.sources)
    return str(event.volume_ul) if event.volume_ul != drawn_ul and event.volume_ul in _TOTALS_UL else ""
