"""Ways out of the alarm, for the administrator: state the signer's head, fill in lost entries, or open the next log.

Each is offered only where it can work, says what it does and what it does not bring back, and is signed with a
password: a passkey signs over a head that its owner's page has verified, and this record has none now.
"""

import dataclasses
from collections.abc import Callable
from typing import TypeVar

from flask import Blueprint, abort, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audit.domain.errors import Refused
from audit.services.administering import Administrator
from audit.services.mirror import Mirrored, MirrorRefused, read_mirror
from audit.services.passkeys import holders
from audit.services.refill import refill
from audit.services.row_statement import Learnt, highest_head, state_row
from audit.services.signing.signer import SignerAway
from audit.services.succession import succeed, successor_of
from audit.storage.engine import read
from audit.web.acting import signing
from audit.web.desk import desk, register
from audit.web.forms import Form, Problems, attempt, posted
from audit.web.security import allow, current_person

Answer = TypeVar("Answer")
blueprint = Blueprint("recovery", __name__)
_REASON = "recovery of the record"


@blueprint.get("/recovery")
@allow("administrator")
def show() -> str:
    """Show the ways out that there are."""
    return _page([])


@blueprint.post("/recovery/state")
@allow("administrator")
def state() -> ResponseReturnValue:
    """State the head that a signer without memory goes on from."""
    form = posted()

    def do() -> str:
        by = _administrator(form)
        _asking(lambda: state_row(register(), desk().ground.signer, by, _learnt()))
        return _over("The head is stated, and the signer goes on from it.")

    return attempt(do, _page)


@blueprint.post("/recovery/refill")
@allow("administrator")
def fill_in() -> ResponseReturnValue:
    """Fill in what was lost from the mirror."""
    form = posted()

    def do() -> str:
        by, mirror = _administrator(form), _mirror()
        _asking(lambda: refill(register(), desk().ground.signer, mirror.entries(), by))
        return _over("The lost entries are back, byte for byte.")

    return attempt(do, _page)


@blueprint.post("/recovery/succeed")
@allow("administrator")
def open_next() -> ResponseReturnValue:
    """Freeze this log and open the one that follows."""
    form, here = posted(), desk()

    def do() -> str:
        if not form.ticked("gap"):
            raise Refused("confirm_gap", "gap")
        by = _administrator(form, "next_password")
        here.register = _asking(lambda: succeed(here.ground, register(), by, _learnt()))
        if here.on_opened is not None:
            here.on_opened(here)
        flash("The next log is open. Sign in again, and count the stock anew before the first session.", "ok")
        return url_for("signin.login")

    return attempt(do, _page)


def _administrator(form: Form, name: str = "password") -> Administrator:
    """Return the signed-in administrator, whose password was typed for this act.

    Raises:
        Refused: those of `signing`.
    """
    standing, person = signing(form, name), current_person().person
    if person in holders(register()):
        standing = dataclasses.replace(standing, reason=_REASON)
    now_ms = desk().now_ms()
    return Administrator(person=person, standing=standing, nonce=form.nonce, offset_min=desk().offset_min(now_ms))


def _asking(ask: Callable[[], Answer]) -> Answer:
    """Ask something that needs the signer.

    Raises:
        Refused: `signer_away`, or what the asking refuses.
    """
    try:
        return ask()
    except SignerAway as away:
        raise Refused("signer_away", why=str(away)) from away


def _over(words: str) -> str:
    """Look at the record anew, and return where it is told how it stands."""
    watch = desk().watch
    if watch is not None:
        watch.look()
    flash(words, "ok")
    return url_for(".show")


def _learnt() -> tuple[Learnt, ...]:
    """Return the heads of this log that its cosigners remember, largest first; of those who answer."""
    cosigners = desk().cosigners
    if cosigners is None:
        return ()
    return tuple(Learnt(who=one.key.name, size=one.head.size, root=one.head.root) for one in cosigners.remembered())


def _mirror() -> Mirrored:
    """Return the mirror of this log.

    Raises:
        Refused: `mirror_missing`.
    """
    folder = desk().mirror
    if folder is None:
        raise Refused("mirror_missing", why="none is kept")
    try:
        return read_mirror(folder, register().origin)
    except (MirrorRefused, OSError) as refused:
        raise Refused("mirror_missing", why=str(refused)) from refused


def _page(problems: Problems) -> str:
    watch = desk().watch
    if watch is None:
        abort(404)
    found, learnt = watch.compared(), _learnt()
    mirror, why = _mirror_or_why()
    with read(register().engine) as conn:
        highest = highest_head(conn, register(), learnt)
    return render_template(
        "recovery/show.html",
        found=found,
        learnt=learnt,
        highest=highest,
        mirror=mirror,
        mirror_why=why,
        can_refill=mirror is not None and found.held_size is not None and mirror.checkpoint.size >= found.held_size,
        next_origin=successor_of(register().origin),
        is_broken=watch.is_read_only,
        problems=problems,
        typed=request.form,
    )


def _mirror_or_why() -> tuple[Mirrored | None, str]:
    try:
        return _mirror(), ""
    except Refused as refused:
        return None, str(refused.values.get("why", ""))
