"""`audit keys`: which keys the register has and where, and new ones in their place, also when one is lost or stolen.

Each change is the signed act of an administrator, who types name and password here; neither is ever an argument.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from audit.cli.machine import CouldNotRun, Machine, in_words
from audit.cli.opened import open_here
from audit.config import Settings
from audit.domain import events
from audit.domain.errors import Refused
from audit.services.acts import Factor, with_factors
from audit.services.administering import Administrator
from audit.services.key_changes import recover_log_key, rotate_log_key, rotate_service_key
from audit.services.opening import Ground
from audit.services.passkeys import holders
from audit.services.passwords import Checked
from audit.services.reconcile import offset_at, zone_of
from audit.services.register import Register
from audit.services.setting_up import is_recovery_key, recovery_seed
from audit.services.signing.signer import SignerAway, SignerRefused
from audit.services.signins import SignIns
from audit.services.tail import trust_of
from audit.storage.engine import read
from audit.tlog.keys import VerifierKey
from audit.tlog.paper import HeadRefused, parse_head

TRIES = 3
"""How often a recovery key may be mistyped."""
_REASON = "at the machine itself, where no passkey can be used"


@click.group()
def keys() -> None:
    """Show the register's keys, or put new ones in their place."""


@keys.command()
@click.pass_obj
def show(machine: Machine) -> None:
    """Print the verifier keys in force and where their secret halves are."""
    settings = machine.settings()
    ground, register = open_here(machine, settings)
    with read(register.engine) as conn:
        trust = trust_of(conn, register.site)
    if trust is None:
        raise CouldNotRun("no log is open in this database yet")
    click.echo(f"Log       {trust.log_key}")
    click.echo(f"          {_where_log(ground, register, settings, trust.log_key)}")
    click.echo(f"Service   {trust.service_key}")
    click.echo(f"          {ground.keyring.folder / 'service_seed'}")
    for text in trust.cosigners:
        click.echo(f"Cosigner  {text}")
    click.echo("Recovery  on paper; only its hash is in the log")


@keys.command("rotate-log")
@click.pass_obj
def rotate_log(machine: Machine) -> None:
    """Give the log a new key, which the old one signs over to."""
    with _administrator(machine) as (ground, register, by):
        _tell("log", rotate_log_key(register, ground.signer, by))
    click.echo("Give the new verifier key to whoever keeps the old one: cosigners, inspectors.")


@keys.command("rotate-service")
@click.option("--reason", type=click.Choice(["rotation", "lost", "stolen"]), default="rotation", show_default=True)
@click.pass_obj
def rotate_service(machine: Machine, reason: events.KeyReason) -> None:
    """Give the service a new key, by which it attests from the next entry on."""
    with _administrator(machine) as (ground, register, by):
        _tell("service", rotate_service_key(register, ground.keyring, by, reason))


@keys.command("recover-log")
@click.option("--stolen", is_flag=True, help="The old key is in wrong hands; it counts for nothing above a cut-off.")
@click.option("--cut-off", "cut_off", help="Last head to trust, as on paper: ORIGIN SIZE ROOT. The signer's otherwise.")
@click.pass_obj
def recover_log(machine: Machine, *, stolen: bool, cut_off: str | None) -> None:
    """Give the log a new key by the recovery key on paper, the old one being lost or stolen."""
    if cut_off is not None and not stolen:
        raise CouldNotRun("a cut-off is for a stolen key: --stolen")
    with _administrator(machine) as (ground, register, by):
        head = _cut_off(ground, register, cut_off) if stolen else None
        seed = _recovery(register)
        _tell("log", recover_log_key(register, ground.signer, by, seed, cut_off=head))
    click.echo("Give the new verifier key to whoever keeps the old one: cosigners, inspectors.")


def _where_log(ground: Ground, register: Register, settings: Settings, text: str) -> str:
    try:
        known = ground.signer.known(register.origin)
    except SignerAway as away:
        return str(away)
    if text not in {key.to_string() for key in known.keys}:
        return "the signer does not hold it: audit keys recover-log"
    held = f"it signed {known.held.size} entries" if known.held is not None else "it remembers nothing of this log"
    return f"the signer {_place(settings)}; {held}"


def _place(settings: Settings) -> str:
    if settings.signer_host:
        return f"at {settings.signer_host}:{settings.signer_port}"
    return f"at {settings.signer_path}" if settings.signer_path is not None else f"in {settings.signer_home}"


@contextmanager
def _administrator(machine: Machine) -> Iterator[tuple[Ground, Register, Administrator]]:
    """Open the register and ask who acts, with their password.

    Raises:
        CouldNotRun: the act is refused, or the signer is.
    """
    ground, register = open_here(machine, machine.settings())
    try:
        yield ground, register, _asked(machine, register)
    except Refused as refused:
        raise CouldNotRun(in_words(refused)) from refused
    except (SignerRefused, SignerAway) as refused:
        raise CouldNotRun(str(refused)) from refused
    finally:
        ground.engine.dispose()


def _asked(machine: Machine, register: Register) -> Administrator:
    sign_ins = SignIns(engine=register.engine, site=register.site)
    who: str = click.prompt("Administrator's sign-in name", err=True)
    password: str = click.prompt("Password", hide_input=True, err=True)
    now_ms = machine.clock()
    code = click.prompt("One-time code", default="", show_default=False, err=True) if sign_ins.any_codes else ""
    answer = sign_ins.check_both(who, password, code, now_ms=now_ms)
    if not isinstance(answer, Checked):
        raise CouldNotRun("this name and password do not sign in here")
    person = answer.account.person
    factors: tuple[Factor, ...] = ("password", "totp") if sign_ins.uses_codes(person) else ("password",)
    with read(register.engine) as conn:
        offset_min = offset_at(now_ms, zone_of(conn, register.site))
    return Administrator(
        person=person,
        standing=with_factors(*factors, reason=_REASON if person in holders(register) else None),
        nonce=machine.random(16).hex(),
        offset_min=offset_min,
    )


def _recovery(register: Register) -> bytes:
    """Ask for the recovery key as it is on paper.

    Raises:
        CouldNotRun: it was not the key of this register, three times.
    """
    for _ in range(TRIES):
        typed: str = click.prompt("Recovery key, from paper", hide_input=True, err=True)
        seed = recovery_seed(typed)
        if seed is not None and is_recovery_key(register, typed):
            return seed
        click.echo("That is not the recovery key of this register.", err=True)
    raise CouldNotRun("without the recovery key of this register nothing is changed")


def _cut_off(ground: Ground, register: Register, typed: str | None) -> events.SeenHead:
    """Return the last head to trust: the one typed in, or the last that the signer itself remembers."""
    if typed is None:
        held = ground.signer.held(register.origin)
        if held is None or not held.size:
            raise CouldNotRun("the signer remembers no head: give the last one to trust, from paper, with --cut-off")
        return events.SeenHead(size=held.size, root=held.root.hex())
    try:
        head = parse_head(typed)
    except HeadRefused as refused:
        raise CouldNotRun(str(refused)) from refused
    if head.origin != register.origin or head.is_short:
        raise CouldNotRun(f"expected a head of {register.origin} with its whole root")
    return events.SeenHead(size=head.size, root=head.root)


def _tell(whose: str, key: VerifierKey) -> None:
    click.echo(f"The {whose}'s key is now {key.to_string()}")
