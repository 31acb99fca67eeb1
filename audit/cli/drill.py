"""`audit drill`: carries out the attack table on a copy of the clinic's own log, and files a certificate of it."""

import logging
import sys

import click

from audit.cli import verdicts
from audit.cli.machine import WRONG, CouldNotRun, Machine, in_words
from audit.cli.opened import open_here
from audit.cli.signers import address_of
from audit.config import Settings
from audit.domain.errors import Refused
from audit.services.demo.keys import keys_folder
from audit.services.drill.copying import Own
from audit.services.drill.run import AlreadyBroken, Drill, Outcome, file_certificate, run_drill
from audit.services.opening import Ground
from audit.services.people import clinic_name
from audit.services.register import Register
from audit.services.reporting.press import Press, identity
from audit.services.signing.signer import SignerAway
from audit.services.time_authority import read_certificates
from audit.services.time_token import TimeRefused
from audit.services.verify import Installation


@click.command("drill")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def run(machine: Machine, *, as_json: bool) -> None:
    """Carry out every attack of the attack table on a copy of the log, and file a certificate of what caught each."""
    # Attacked copies make the service and the libraries complain, which is what is looked for.
    logging.disable(logging.CRITICAL)
    settings = machine.settings()
    own, press = _own(machine, settings)
    try:
        drill = run_drill(own, (lambda _: None) if as_json else _tell)
        path, entry = file_certificate(own, press, drill)
    except AlreadyBroken as broken:
        for detector, words in broken.noticed.items():
            click.echo(f"{detector.short}: {words[0]}", err=True)
        click.echo("Something is wrong with the record before any attack: run audit verify.")
        sys.exit(WRONG)
    except Refused as refused:
        raise CouldNotRun(in_words(refused)) from refused
    except SignerAway as away:
        raise CouldNotRun(str(away)) from away
    if as_json:
        verdicts.echo_json(_document(drill, str(path), entry.index))
    else:
        click.echo(f"\n{_sentence(drill)}\nCertificate: {path}, entry {entry.index}")
    if not drill.holds:
        sys.exit(WRONG)


def _own(machine: Machine, settings: Settings) -> tuple[Own, Press]:
    ground, register = open_here(machine, settings)
    press = Press(settings.home / "reports", keys_folder(ground.engine, settings.home))
    press.reports.mkdir(parents=True, exist_ok=True, mode=0o700)
    return _copied(machine, settings, ground, register, press), press


def _copied(machine: Machine, settings: Settings, ground: Ground, register: Register, press: Press) -> Own:
    is_embedded = address_of(settings) is None
    return Own(
        register=register,
        installation=Installation(
            keyring=ground.keyring,
            signer=ground.signer,
            reports=press.reports,
            time_certificates=_time_certificates(settings),
        ),
        signer=ground.signer,
        signer_folder=settings.signer_home if is_embedded else None,
        certificate=identity(press, register, clinic_name(register)).cert_pem,
        random=machine.random,
    )


def _time_certificates(settings: Settings) -> bytes | None:
    try:
        return read_certificates(settings.time_certificates)
    except TimeRefused as refused:
        raise CouldNotRun(f"AUDIT_TIME_CERTIFICATES: {refused}") from refused


def _tell(outcome: Outcome) -> None:
    name = outcome.attack.name
    if not outcome.is_applicable:
        click.echo(f"  n/a     {name}: not applicable: {outcome.missing}")
    elif outcome.is_caught:
        click.echo(f"  caught  {name}: {', '.join(one.short for one in outcome.caught_by)}")
    else:
        click.echo(f"  MISSED  {name}")


def _sentence(drill: Drill) -> str:
    left = len(drill.outcomes) - len(drill.carried_out)
    also = f"; {left} not applicable to this log" if left else ""
    return f"{drill.caught} of {len(drill.carried_out)} attacks were caught{also}."


def _document(drill: Drill, path: str, index: int) -> dict[str, object]:
    return {
        "holds": drill.holds,
        "origin": drill.origin,
        "size": drill.size,
        "root": drill.root,
        "attacks": len(drill.carried_out),
        "caught": drill.caught,
        "certificate": path,
        "entry": index,
        "rows": [
            {
                "attack": one.attack.name,
                "state": "not applicable" if one.missing else "caught" if one.is_caught else "missed",
                "caught_by": [detector.value for detector in one.caught_by],
                "missing": one.missing,
            }
            for one in drill.outcomes
        ],
    }
