"""Pages of the administrator about people: who is enrolled, enrolling, password links, roles, ending.

Not here: setting one's password (signin.py), the first person (setup.py), what each role may do (domain.people).
"""

import typing
from dataclasses import dataclass
from typing import cast

from flask import Blueprint, flash, render_template, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import NotFound

from audit.domain import events
from audit.domain.book import Person
from audit.domain.errors import Refused
from audit.services import people
from audit.services.links import PASSWORD_LINK, VALID_MS, Link, issue_link, stamp_of
from audit.services.passwords import password_faults
from audit.web.acting import act, signing
from audit.web.desk import desk, register
from audit.web.forms import Form, Problems, attempt, posted
from audit.web.passkeys import rows_of
from audit.web.security import access, allow, current_person
from audit.web.signin import fault_text

blueprint = Blueprint("people", __name__, url_prefix="/people")

PROFESSIONS: tuple[events.Profession, ...] = typing.get_args(events.Profession)
ROLES: tuple[events.Role, ...] = typing.get_args(events.Role)
END_REASONS: tuple[events.EndReason, ...] = typing.get_args(events.EndReason)
MS_PER_HOUR = 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFields:
    """What a form says of a person."""

    name: str
    sign_in: str
    profession: events.Profession
    licence: str | None
    roles: tuple[events.Role, ...]


@blueprint.get("")
@allow("administrator")
def show_all() -> str:
    """List everyone ever enrolled, those who act here first."""
    known = people.persons(register()).values()
    return render_template(
        "people/list.html", persons=sorted(known, key=lambda one: (not one.is_active, one.name)), me_id=_my_id()
    )


@blueprint.get("/new")
@allow("administrator")
def new() -> str:
    """Show the form that enrols a person."""
    return _enrol_page(MultiDict({"profession": "nurse", "role_clinician": "yes"}), [])


@blueprint.post("/new")
@allow("administrator")
def enrol() -> ResponseReturnValue:
    """Enrol a person; next they are handed the link by which they choose a password."""
    form = posted()

    def do() -> str:
        fields = person_fields(form)
        form.check()
        person = form.identifier("p")
        command = events.PersonEnrolled(
            person=person,
            name=fields.name,
            sign_in=fields.sign_in,
            profession=fields.profession,
            licence=fields.licence,
            roles=fields.roles,
        )
        act(form, command, signing(form))
        flash(f"{fields.name} is enrolled.", "ok")
        return url_for(".link", person=person)

    return attempt(do, lambda problems: _enrol_page(form.typed, problems))


@blueprint.get("/<person>/link")
@allow("administrator")
def link(person: str) -> str:
    """Show the link by which a person sets a password: to hand over, good once, kept nowhere."""
    account = access().sign_ins().account_of(person)
    if account is None or not account.active:
        raise NotFound
    expires_ms = desk().now_ms() + VALID_MS
    said = Link(person=person, stamp=stamp_of(account), purpose=PASSWORD_LINK, expires_ms=expires_ms)
    address = url_for("signin.set_password", token=issue_link(access().secret, said), _external=True)
    return render_template("people/link.html", person=account, address=address, hours=VALID_MS // MS_PER_HOUR)


@blueprint.get("/<person>")
@allow("administrator")
def show(person: str) -> str:
    """Show a person, with what an administrator may change."""
    return _person_page(_person(person), None, [])


@blueprint.post("/<person>/roles")
@allow("administrator")
def change_roles(person: str) -> ResponseReturnValue:
    """Give a person other roles; their open sign-ins end with the old ones."""
    form, known = posted(), _person(person)

    def do() -> str:
        roles = roles_of(form)
        form.check()
        act(form, events.RolesChanged(person=person, roles=roles), signing(form))
        flash(f"{known.name}'s roles are changed.", "ok")
        return url_for(".show_all")

    return attempt(do, lambda problems: _person_page(known, form, problems))


@blueprint.post("/<person>/end")
@allow("administrator")
def end(person: str) -> ResponseReturnValue:
    """End a person's part here; what they did stays theirs."""
    form, known = posted(), _person(person)

    def do() -> str:
        reason = form.choice("reason", END_REASONS)
        form.check()
        act(form, events.PersonEnded(person=person, reason=reason), signing(form, "end_password"))
        flash(f"{known.name} acts here no more.", "ok")
        return url_for(".show_all")

    return attempt(do, lambda problems: _person_page(known, form, problems))


def person_fields(form: Form) -> PersonFields:
    """Read name, sign-in name, profession with licence, and roles."""
    return PersonFields(
        name=form.text("name", most=120),
        sign_in=form.text("sign_in", most=60),
        profession=form.choice("profession", PROFESSIONS),
        licence=form.optional("licence", most=60),
        roles=roles_of(form),
    )


def roles_of(form: Form) -> tuple[events.Role, ...]:
    """Read the roles that are ticked."""
    chosen = tuple(role for role in ROLES if form.ticked(f"role_{role}"))
    if not chosen:
        form.refusals.append(Refused("role_missing", f"role_{ROLES[0]}"))
    return chosen


def new_password(form: Form) -> str:
    """Read a new password typed twice, and what is wrong with it at its field."""
    password, again = form.typed.get("password", ""), form.typed.get("password_again", "")
    name, sign_in = form.typed.get("name", ""), form.typed.get("sign_in", "")
    faults = password_faults(password, name=name, sign_in=sign_in)
    form.refusals += [Refused("password_fault", "password", why=fault_text(fault)) for fault in faults[:1]]
    if password != again:
        form.refusals.append(Refused("passwords_differ", "password_again"))
    return password


def _person(person: str) -> Person:
    known = people.persons(register()).get(person)
    if known is None:
        raise NotFound
    return known


def _my_id() -> str:
    return current_person().person


def _enrol_page(typed: MultiDict[str, str], problems: Problems) -> str:
    return render_template("people/new.html", typed=typed, problems=problems)


def _person_page(known: Person, form: Form | None, problems: Problems) -> str:
    ticked = {f"role_{role}": "yes" for role in known.roles}
    typed = form.typed if form else cast("MultiDict[str, str]", MultiDict(ticked))
    return render_template(
        "people/person.html",
        person=known,
        passkeys=rows_of(known.person),
        typed=typed,
        problems=problems,
        is_me=known.person == _my_id(),
        uses_codes=access().sign_ins().uses_codes(known.person),
    )
