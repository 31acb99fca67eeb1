"""Passkeys of a person: see them, add one, let a colleague vouch for it, revoke one; and those waiting, for approvers.

Making one is script and the browser (static/js/passkey.js) with three answers of this module; everything else is plain
forms. Not here: the ceremony's rules (`services.passkeys`), one-time codes (`one_time.py`), signing acts.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_args

from flask import Blueprint, Response, abort, flash, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audit.domain import events
from audit.domain.book import Person
from audit.domain.credential import Credential
from audit.domain.errors import Refused
from audit.domain.events.trust import RevokeReason
from audit.domain.people import MAY
from audit.services import passkeys
from audit.services.passkeys import ENCOURAGED, Holder, Waiting
from audit.services.people import persons
from audit.services.reading import entry_at
from audit.web.acting import act, second_person, signing
from audit.web.desk import desk, register
from audit.web.filters import format_day, moment
from audit.web.forms import UNPROCESSABLE, Form, Problems, attempt, posted
from audit.web.messages import sentence
from audit.web.security import access, allow, current_person, current_token
from audit.web.signers import Signers

blueprint = Blueprint("passkeys", __name__, url_prefix="/passkeys")

_SIGNERS = ("clinician", "manager", "administrator")
_APPROVERS = frozenset(MAY["credential_enrolled"])
_REASONS: tuple[RevokeReason, ...] = get_args(RevokeReason)
_MALFORMED = Refused("passkey_malformed", "passkey")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A passkey as a list shows it."""

    passkey: Credential
    when: str
    vouched_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A passkey that waits, as a page shows it."""

    credential: str
    attachment: events.Attachment | None
    person: str
    when: str


@blueprint.get("")
@allow(*_SIGNERS)
def show() -> str:
    """Show one's own passkeys, those that wait for somebody to vouch, and the way to add one."""
    return _mine(None, [])


@blueprint.post("/options")
@allow(*_SIGNERS)
def options() -> ResponseReturnValue:
    """Answer the script with what the browser is to make."""
    return _answered(lambda: passkeys.creation_options(register(), _holder()))


@blueprint.post("/begin")
@allow(*_SIGNERS)
def begin() -> ResponseReturnValue:
    """Take a new passkey from the script, and answer with what it must sign to be believed."""
    return _answered(_begin)


@blueprint.post("/prove")
@allow(*_SIGNERS)
def prove() -> ResponseReturnValue:
    """Take the new passkey's own signature; from here on it waits for a colleague."""

    def do() -> dict[str, Any]:
        said = _sent()
        proof = said.get("proof")
        credential = str(said.get("credential", ""))
        passkeys.prove(register(), _holder(), credential, proof if isinstance(proof, dict) else {})
        # An address of its own: where only what follows # differs a browser loads nothing.
        return {"next": url_for(".show", made=credential[:8]) + "#waiting"}

    return _answered(do)


@blueprint.post("/<credential>/vouch")
@allow(*_SIGNERS)
def vouch(credential: str) -> ResponseReturnValue:
    """Enrol one's own passkey at this tablet, signed by the colleague who saw whose it is."""
    form, waiting = posted(), _waiting(credential)
    if waiting.event.person != current_person().person:
        abort(404)

    def do() -> str:
        if vouches_alone(current_person().person):
            act(form, waiting.event, signing(form))
        else:
            actor, standing = second_person(form)
            act(form, waiting.event, standing, actor=actor)
        return _enrolled(waiting)

    return attempt(do, lambda problems: _mine(form, problems))


@blueprint.get("/waiting")
@allow("manager", "administrator")
def show_waiting() -> str:
    """Show the passkeys of others that wait for somebody to vouch."""
    return _others(None, [])


@blueprint.post("/waiting/<credential>")
@allow("manager", "administrator")
def approve(credential: str) -> ResponseReturnValue:
    """Vouch for somebody's passkey, on one's own page."""
    form, waiting = posted(), _waiting(credential)

    def do() -> str:
        act(form, waiting.event, signing(form))
        _enrolled(waiting)
        return url_for(".show_waiting")

    return attempt(do, lambda problems: _others(form, problems))


@blueprint.post("/waiting/<credential>/drop")
@allow(*_SIGNERS)
def drop(credential: str) -> ResponseReturnValue:
    """Forget a passkey that nobody vouched for: its owner's wish, or an approver's."""
    waiting, me = _waiting(credential), current_person()
    is_mine = waiting.event.person == me.person
    if not is_mine and not me.roles & _APPROVERS:
        abort(404)

    def do() -> str:
        passkeys.drop(register(), credential)
        return url_for(".show" if is_mine else ".show_waiting")

    return attempt(do, lambda problems: _mine(None, problems))


@blueprint.get("/<credential>/revoke")
@allow(*_SIGNERS)
def show_revoke(credential: str) -> str:
    """Ask why a passkey signs no more."""
    return _revoke_page(_known(credential), None, [])


@blueprint.post("/<credential>/revoke")
@allow(*_SIGNERS)
def revoke(credential: str) -> ResponseReturnValue:
    """Revoke one's own passkey, or as an administrator anybody's."""
    form, known = posted(), _known(credential)

    def do() -> str:
        reason = form.choice("reason", _REASONS)
        form.check()
        command = events.CredentialRevoked(person=known.person, credential=credential, reason=reason)
        act(form, command, signing(form))
        flash("The passkey is revoked. It signs nothing any more.", "ok")
        is_mine = known.person == current_person().person
        return url_for(".show") if is_mine else url_for("people.show", person=known.person)

    return attempt(do, lambda problems: _revoke_page(known, form, problems))


def rows_of(person: str) -> list[Row]:
    """Return a person's passkeys with who vouched for each, those that may sign first."""
    names, found = persons(register()), []
    for one in sorted(passkeys.passkeys_of(register(), person), key=lambda one: (not one.is_active, one.index)):
        entry = entry_at(register(), one.index)
        by = names.get(entry.actor) if entry else None
        found.append(Row(passkey=one, when=_day_of(one.enrolled_ms), vouched_by=by.name if by else ""))
    return found


def vouches_alone(person: str) -> bool:
    """Say whether nobody else is needed: the first person's first passkey (log-format, section 6)."""
    known = persons(register()).get(person)
    return known is not None and known.is_first and not passkeys.passkeys_of(register(), person)


def waiting_for(person: str) -> list[Waiting]:
    """Return the passkeys that wait for this person to vouch: everybody's but their own."""
    return [one for one in passkeys.waiting(register()) if one.event.person != person]


def _begin() -> dict[str, Any]:
    event = passkeys.begin(register(), _holder(), _sent())
    return passkeys.question(register(), event)


def _answered(do: Callable[[], dict[str, Any]]) -> ResponseReturnValue:
    try:
        made: Response = jsonify(do())
    except Refused as refused:
        return jsonify(problem=sentence(refused)), UNPROCESSABLE
    return made


def _sent() -> dict[str, Any]:
    try:
        said = json.loads(request.form.get("answer", ""))
    except ValueError as error:
        raise _MALFORMED from error
    if not isinstance(said, dict):
        raise _MALFORMED
    return said


def _holder() -> Holder:
    me = current_person()
    return Holder(
        person=me.person, name=me.name, sign_in=me.sign_in, token=current_token() or "", secret=access().secret
    )


def _enrolled(waiting: Waiting) -> str:
    passkeys.drop(register(), waiting.event.credential)
    name = persons(register())[waiting.event.person].name
    flash(f"{name}'s passkey is enrolled.", "ok")
    return url_for(".show")


def _waiting(credential: str) -> Waiting:
    found = next((one for one in passkeys.waiting(register()) if one.event.credential == credential), None)
    if found is None:
        abort(404)
    return found


def _known(credential: str) -> Credential:
    me = current_person()
    mine = [me.person]
    owners = list(persons(register())) if "administrator" in me.roles else mine
    found = [one for owner in owners for one in passkeys.passkeys_of(register(), owner) if one.credential == credential]
    if not found or not found[0].is_active:
        abort(404)
    return found[0]


def _approvers(me: str) -> list[Person]:
    known = persons(register()).values()
    return [one for one in known if one.is_active and one.person != me and _APPROVERS & set(one.roles)]


def _mine(form: Form | None, problems: Problems) -> str:
    me = current_person().person
    rows = rows_of(me)
    return render_template(
        "passkeys/mine.html",
        rows=rows,
        active=sum(row.passkey.is_active for row in rows),
        encouraged=ENCOURAGED,
        waiting=[_request(one) for one in passkeys.waiting(register()) if one.event.person == me],
        alone=vouches_alone(me),
        approvers=[(one.person, one.name) for one in _approvers(me)],
        why_not=Signers().why_not,
        uses_codes=access().sign_ins().uses_codes(me),
        **_typed(form, problems),
    )


def _others(form: Form | None, problems: Problems) -> str:
    return render_template(
        "passkeys/waiting.html",
        waiting=[_request(one) for one in waiting_for(current_person().person)],
        names={one.person: one.name for one in persons(register()).values()},
        **_typed(form, problems),
    )


def _revoke_page(known: Credential, form: Form | None, problems: Problems) -> str:
    owner = persons(register())[known.person]
    is_last = sum(one.is_active for one in passkeys.passkeys_of(register(), known.person)) == 1
    return render_template(
        "passkeys/revoke.html",
        passkey=known,
        owner=owner,
        is_mine=owner.person == current_person().person,
        is_last=is_last,
        **_typed(form, problems),
    )


def _request(waiting: Waiting) -> Request:
    event, asked_ms = waiting.event, waiting.requested_ms
    local = moment(asked_ms, desk().offset_min(asked_ms))
    when = f"{format_day(local)}, {local:%H:%M}"
    return Request(credential=event.credential, attachment=event.attachment, person=event.person, when=when)


def _day_of(moment_ms: int) -> str:
    return format_day(moment(moment_ms, desk().offset_min(moment_ms)))


def _typed(form: Form | None, problems: Problems) -> dict[str, Any]:
    return {
        "typed": form.typed if form else {},
        "nonce": form.typed.get("nonce", "") if form else "",
        "problems": problems,
        "errors": dict(reversed(problems)),
    }
