"""`audit export` and `audit verify-bundle`: the whole log as one file that leaves, and whether such a file holds.

Not here: what is in a bundle and what is checked (`services.bundles`).
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, get_args

import click

from audit.cli import verdicts
from audit.cli.anchors import cosigner_key, log_key, read_head, read_note
from audit.cli.issuer import issuer
from audit.cli.machine import WRONG, CouldNotRun, Machine, in_words
from audit.cli.opened import open_here
from audit.domain import events
from audit.domain.errors import Refused
from audit.services.bundles.check import BundleRefused, BundleVerdict
from audit.services.bundles.check import verify_bundle as verify_file
from audit.services.bundles.export import Asked, Extras, Issued, Recipient, check_days, disclosure, export, whole_log
from audit.services.reconcile import offset_at, zone_of
from audit.services.record import record
from audit.services.register import Register
from audit.services.time_authority import read_certificates
from audit.services.time_token import TimeRefused
from audit.services.verify import Anchor, Progress
from audit.services.watch import Watch
from audit.storage.engine import read

_FILE = click.Path(path_type=Path, dir_okay=False)
_REASONS = get_args(events.DiscloseReason)


@click.command("export")
@click.argument("out", type=_FILE)
@click.option("--from", "first", help="First day that is asked about, YYYY-MM-DD; the log's first when left out.")
@click.option("--to", "last", help="Last day, YYYY-MM-DD, included; today when left out.")
@click.option("--for", "recipient", default="", help="Who gets the bundle; needed with --unmask.")
@click.option("--unmask", "patients", multiple=True, metavar="pt_…", help="Open this patient's sealed values to them.")
@click.option("--reason", type=click.Choice(_REASONS), help="Why they are opened; needed with --unmask.")
@click.option("--by", required=True, help="Sign-in name of the manager who issues it.")
@click.option("--password-file", type=click.Path(path_type=Path, allow_dash=True), help="Their password; - is stdin.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def export_bundle(  # noqa: PLR0913, PLR0917 (one argument for each option)
    machine: Machine,
    out: Path,
    first: str | None,
    last: str | None,
    recipient: str,
    patients: tuple[str, ...],
    reason: events.DiscloseReason | None,
    by: str,
    password_file: Path | None,
    *,
    as_json: bool,
) -> None:
    """Write the whole log as an evidence bundle to OUT and note its hash in the log."""
    if patients and not (recipient and reason):
        raise CouldNotRun("--unmask needs --for and --reason")
    settings = machine.settings()
    ground, register = open_here(machine, settings)
    actor, standing = issuer(register, by, password_file, now_ms=machine.clock())
    try:
        days = whole_log(register)
        asked = Asked(
            report=f"rp_{machine.random(10).hex()}", first=first or days[0], last=last or days[1],
            nonce=machine.random(16).hex(), actor=actor, offset_min=_offset(register), standing=standing,
            recipient=Recipient(name=recipient, patients=patients),
        )  # fmt: skip
        check_days(register, asked.first, asked.last)
        watch = Watch(register, ground.signer)
        watch.look()
        watch.check_writable()
        extras = Extras(
            page=machine.verify_page() if machine.verify_page else None,
            certificates=read_certificates(settings.time_certificates),
        )
        with _written(out) as file:
            if reason and patients:
                record(register, [disclosure(asked, reason, "", standing)])
            issued = export(register, watch.sign, asked, file, extras)
        watch.sign()
    except TimeRefused as refused:
        raise CouldNotRun(f"AUDIT_TIME_CERTIFICATES: {refused}") from refused
    except Refused as refused:
        if refused.code in {"read_only", "entries_differ"}:
            click.echo(_BROKEN[refused.code])
            sys.exit(WRONG)
        raise CouldNotRun(in_words(refused)) from refused
    _tell(issued, out, as_json=as_json)


@click.command()
@click.argument("file", type=_FILE)
@click.option("--key", help="The log's verifier key, name+hex+base64, as known from elsewhere.")
@click.option("--note", type=_FILE, help="An earlier checkpoint that the log must extend.")
@click.option("--head", help='A head from paper that the log must extend: "origin size root".')
@click.option("--cosigner", "cosigners", multiple=True, metavar="VKEY", help="A cosigner's key, had from its holder.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def verify_bundle(
    file: Path, key: str | None, note: Path | None, head: str | None, cosigners: tuple[str, ...], *, as_json: bool
) -> None:
    """Verify the evidence bundle FILE with nothing but itself, and what you have from elsewhere."""
    anchor = Anchor(
        note=read_note(note) if note else None,
        log_key=log_key(key),
        head=read_head(head),
        cosigners=tuple(map(cosigner_key, cosigners)),
    )
    try:
        with _bar(file, is_quiet=as_json) as progress:
            verdict = verify_file(file, anchor=anchor, progress=progress)
    except BundleRefused as refused:
        raise CouldNotRun(f"{file}: {refused.sentence}") from refused
    verdicts.answer(_document(verdict), _lines(verdict), holds=verdict.holds, as_json=as_json)


_BROKEN = {
    "read_only": "The record is read-only: the signer and the database do not agree.",
    "entries_differ": "The entries do not lead to the signed root: there is no bundle. Run audit verify.",
}


@contextmanager
def _written(out: Path) -> Iterator[IO[bytes]]:
    """Yield a file that stands whole and durable under its name at the end of the block, or not at all."""
    if out.exists():
        raise CouldNotRun(f"{out} is there already")
    part = out.with_name(f".{out.name}.part")
    try:
        handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "w+b") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            part.replace(out)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise CouldNotRun(f"{out}: {error.strerror}") from error


@contextmanager
def _bar(file: Path, *, is_quiet: bool) -> Iterator[Progress]:
    is_hidden = is_quiet or not sys.stderr.isatty()
    with click.progressbar(length=1, label=f"Verifying {file.name}", file=sys.stderr, hidden=is_hidden) as bar:

        def progress(more: int, count: int) -> None:
            bar.length = max(count, 1)
            bar.update(more)

        yield progress


def _offset(register: Register) -> int:
    with read(register.engine) as conn:
        return offset_at(register.clock(), zone_of(conn, register.site))


def _tell(issued: Issued, out: Path, *, as_json: bool) -> None:
    facts = issued.facts
    if as_json:
        verdicts.echo_json(
            {
                "number": issued.number, "report": facts.report, "entry": issued.entry.index, "from": facts.from_on,
                "to": facts.to_on, "size": facts.size, "root": facts.root, "sha256": facts.sha256, "out": str(out),
            }
        )  # fmt: skip
        return
    click.echo(f"{issued.number}: {out}, {facts.size} entries, SHA-256 {facts.sha256}, entry {issued.entry.index}.")
    click.echo("The log keeps its hash; this file is the only copy.")


def _lines(verdict: BundleVerdict) -> Iterator[str]:
    yield verdict.sentence
    if verdict.report:
        yield f"bundle  {verdict.report}, asked for {verdict.period[0]} to {verdict.period[1]}"
    yield from (f"{finding.check}: expected {finding.expected}; found {finding.found}" for finding in verdict.findings)
    if verdict.log is not None:
        yield ""
        yield from verdicts.lines(verdict.log)


def _document(verdict: BundleVerdict) -> dict[str, object]:
    return {
        "holds": verdict.holds,
        "sentence": verdict.sentence,
        "report": verdict.report,
        "from": verdict.period[0],
        "to": verdict.period[1],
        "findings": [
            {"check": finding.check, "expected": finding.expected, "found": finding.found}
            for finding in verdict.findings
        ],
        "log": verdicts.document(verdict.log) if verdict.log is not None else None,
    }
