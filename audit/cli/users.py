"""`audit user`: who is enrolled, and a password link for who lost theirs, from the machine itself.

Enrolling, roles and ending are acts that an administrator signs on the pages; no command writes an entry for them.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import click

from audit.cli.machine import CouldNotRun, Machine, in_words
from audit.cli.serve import address
from audit.cli.signers import signer_of
from audit.config import Settings
from audit.domain.errors import Refused
from audit.services import people
from audit.services.demo.keys import keys_folder
from audit.services.keyring import Keyring, open_keyring
from audit.services.links import PASSWORD_LINK, VALID_MS, Link, issue_link, stamp_of
from audit.services.opening import Ground, find_register
from audit.services.register import Register
from audit.storage.engine import StorageRefused, open_engine, read
from audit.storage.guards import Unguarded
from audit.storage.people import by_sign_in
from audit.storage.upgrade import upgrade

MS_PER_HOUR = 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The register on this machine, its secrets and its settings."""

    register: Register
    keyring: Keyring
    settings: Settings


@click.group()
def user() -> None:
    """List the people of the register, or print a link by which one of them sets a password."""


@user.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def show(machine: Machine, *, as_json: bool) -> None:
    """List everyone ever enrolled."""
    with _opened(machine) as opened:
        found = sorted(people.persons(opened.register).values(), key=lambda one: (not one.is_active, one.name))
    if as_json:
        rows = [
            {
                "sign_in": one.sign_in,
                "name": one.name,
                "roles": list(one.roles),
                "is_active": one.is_active,
                "has_password": one.password_sha256 is not None,
            }
            for one in found
        ]
        click.echo(json.dumps(rows))
        return
    for one in found:
        state = "ended" if not one.is_active else "ready" if one.password_sha256 else "no password yet"
        click.echo(f"{one.sign_in:<24} {one.name:<28} {', '.join(one.roles):<36} {state}")


@user.command("link")
@click.argument("sign_in")
@click.pass_obj
def link(machine: Machine, sign_in: str) -> None:
    """Print a link by which SIGN_IN sets a password, once, within 48 hours."""
    with _opened(machine) as opened:
        with read(opened.register.engine) as conn:
            account = by_sign_in(conn, opened.register.site, sign_in)
        if account is None or not account.active:
            raise CouldNotRun(f"{sign_in}: nobody who acts here signs in by that name")
        said = Link(
            person=account.person,
            stamp=stamp_of(account),
            purpose=PASSWORD_LINK,
            expires_ms=machine.clock() + VALID_MS,
        )
        token = issue_link(opened.keyring.cookie_secret, said)
    click.echo(f"{account.name} sets a password here, once, within {VALID_MS // MS_PER_HOUR} hours:")
    click.echo(f"  {address(opened.settings)}/password/{token}")


@contextmanager
def _opened(machine: Machine) -> Iterator[Opened]:
    """Open the register of this machine.

    Raises:
        CouldNotRun: there is none, or database or keys cannot be used.
    """
    settings = machine.settings()
    try:
        upgrade(settings.database_url)
        engine = open_engine(settings.database_url)
        keyring = open_keyring(keys_folder(engine, settings.home), machine.random)
        ground = Ground(
            engine=engine,
            keyring=keyring,
            signer=signer_of(settings, machine.random),
            host=settings.host,
            scheme="http",
            port=settings.bind_port,
            clock=machine.clock,
            random=machine.random,
        )
        register = find_register(ground)
    except (StorageRefused, Unguarded) as refused:
        raise CouldNotRun(str(refused)) from refused
    except Refused as refused:
        raise CouldNotRun(f"the keys cannot be used: {in_words(refused)}") from refused
    except OSError as error:
        raise CouldNotRun(f"{error.filename or settings.home}: {error.strerror or error}") from error
    if register is None:
        raise CouldNotRun("no register is set up here yet: `audit serve` prints the link that does it")
    try:
        yield Opened(register=register, keyring=keyring, settings=settings)
    finally:
        engine.dispose()
