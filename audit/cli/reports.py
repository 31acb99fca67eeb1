"""`audit report` and `audit reconcile`: the signed report of a period, and its accountability as table or JSON.

A report is issued by a manager, who types their password here as they would on the page. Not here: what either says.
"""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import click

from audit.cli import verdicts
from audit.cli.issuer import issuer
from audit.cli.machine import WRONG, CouldNotRun, Machine, in_words
from audit.cli.opened import open_here
from audit.config import Settings
from audit.domain.errors import Refused
from audit.domain.quantity import format_thousandths, volume_of
from audit.domain.reconcile import Statement
from audit.services import blind, report
from audit.services.cosigning.asking import Cosigners
from audit.services.demo.keys import keys_folder
from audit.services.drilldown import CHART, as_plain, figure
from audit.services.opening import Ground
from audit.services.reconcile import Reconciliation, offset_at, reconcile, zone_of
from audit.services.register import Register
from audit.services.reporting.press import Press
from audit.services.time_authority import authority_at, read_certificates
from audit.services.time_token import TimeRefused
from audit.services.timestamps import Timekeeper
from audit.services.watch import Watch
from audit.storage.engine import read

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("report")
@click.argument("kind", type=click.Choice(["inspection"]))
@click.option("--from", "first", required=True, help="First day, YYYY-MM-DD.")
@click.option("--to", "last", required=True, help="Last day, YYYY-MM-DD, included.")
@click.option("--out", required=True, type=_FILE, help="Where the PDF is written too.")
@click.option("--by", "by", required=True, help="Sign-in name of the manager who issues it.")
@click.option("--password-file", type=click.Path(path_type=Path, allow_dash=True), help="Their password; - is stdin.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def write_report(  # noqa: PLR0913, PLR0917 (one argument for each option)
    machine: Machine, kind: str, first: str, last: str, out: Path, by: str, password_file: Path | None, *, as_json: bool
) -> None:
    """Issue and sign the report KIND of a period."""
    settings = machine.settings()
    ground, register = open_here(machine, settings)
    try:
        actor, standing = issuer(register, by, password_file, now_ms=machine.clock())
        watch = Watch(register, ground.signer)
        watch.look()
        watch.check_writable()
        asked = report.Asked(
            report=f"rp_{machine.random(10).hex()}", first=first, last=last, nonce=machine.random(16).hex(),
            actor=actor, offset_min=_offset(register, machine.clock()), standing=standing,
        )  # fmt: skip
        signs = _sign_head(settings, register, watch)
        issued = report.issue(register, signs, _press(ground, settings), asked, _keeper(settings, register, watch))
        watch.sign()
    except Refused as refused:
        if refused.code == "read_only":
            click.echo("The record is read-only: the signer and the database do not agree.")
            sys.exit(WRONG)
        raise CouldNotRun(in_words(refused)) from refused
    _copy(issued.file, out)
    _tell(issued, out, kind, as_json=as_json)


@click.command("reconcile")
@click.option("--from", "first", required=True, help="First day, YYYY-MM-DD.")
@click.option("--to", "last", required=True, help="Last day, YYYY-MM-DD, included.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def show_reconcile(machine: Machine, first: str, last: str, *, as_json: bool) -> None:
    """Print the accountability of a period for each strength. Exit status 1 where a counted difference is open."""
    _, register = open_here(machine, machine.settings())
    try:
        found = reconcile(register, first, last)
    except Refused as refused:
        raise CouldNotRun(in_words(refused)) from refused
    if blind.waiting(register).counts:
        click.echo("A count is open: show these figures to nobody who may still count.", err=True)
    if as_json:
        verdicts.echo_json(as_plain(found))
    else:
        for line in table_of(found):
            click.echo(line)
    if any(one.difference_ug for one in found.statements):
        sys.exit(WRONG)


def table_of(found: Reconciliation) -> list[str]:
    """Return the chart as lines of text, a block for each strength, mg and mL side by side."""
    period = found.period
    made = [f"Accountability {period.first} to {period.last}, on {found.size} entries"]
    for one in found.statements:
        made += ["", f"{format_thousandths(one.strength.concentration_ug_per_ml)} mg/mL {one.strength.form}"]
        made += [_line(one, letter, name, label) for letter, name, label in CHART if _is_shown(one, name)]
    if not found.statements:
        made.append("Nothing was held, received or used.")
    return made


def _is_shown(one: Statement, name: str) -> bool:
    return figure(one, name) != 0 or name not in {"initial", "overfill", "gained", "residual", "explained"}


def _line(one: Statement, letter: str, name: str, label: str) -> str:
    mass = figure(one, name)
    if mass is None:
        return f"  {letter}  {label:<20}{'not counted':>14}"
    volume = volume_of(mass, concentration_ug_per_ml=one.strength.concentration_ug_per_ml)
    mg, ml = format_thousandths(mass, decimals=1), format_thousandths(volume, decimals=2)
    return f"  {letter}  {label:<20}{mg:>14} mg{ml:>12} mL"


def _press(ground: Ground, settings: Settings) -> Press:
    reports = settings.home / "reports"
    reports.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Press(reports, keys_folder(ground.engine, settings.home))


def _sign_head(settings: Settings, register: Register, watch: Watch) -> Callable[[], None]:
    """Return what signs the head and has it countersigned, by those who answer."""

    def sign() -> None:
        watch.sign()
        Cosigners(register, settings.cosigners).ask()

    return sign


def _keeper(settings: Settings, register: Register, watch: Watch) -> Timekeeper:
    try:
        certificates = read_certificates(settings.time_certificates)
    except TimeRefused as refused:
        raise CouldNotRun(f"AUDIT_TIME_CERTIFICATES: {refused}") from refused
    return Timekeeper(register, authority_at(settings.time_authority, certificates), watch.sign, certificates)


def _offset(register: Register, now_ms: int) -> int:
    with read(register.engine) as conn:
        return offset_at(now_ms, zone_of(conn, register.site))


def _copy(file: Path, out: Path) -> None:
    try:
        shutil.copyfile(file, out)
    except OSError as error:
        raise CouldNotRun(f"issued and kept as {file}, but not written to {out}: {error.strerror}") from error


def _tell(issued: report.Issued, out: Path, kind: str, *, as_json: bool) -> None:
    facts = issued.facts
    state, sentences = report.verdict_of(issued)
    if as_json:
        verdicts.echo_json(
            {
                "kind": kind, "number": issued.number, "report": facts.report, "entry": issued.entry.index,
                "size": facts.size, "root": facts.root, "sha256": facts.sha256, "out": str(out), "verdict": state,
            }
        )  # fmt: skip
    else:
        for sentence in sentences:
            click.echo(sentence)
        click.echo(f"{issued.number}: {out}, SHA-256 {facts.sha256}, entry {issued.entry.index}.")
    if state == "broken":
        sys.exit(WRONG)
