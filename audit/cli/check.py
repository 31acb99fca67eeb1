"""`audit verify`, `audit proof` and `audit verify-proof`: whether the record holds, and that one entry stands in it."""

import sys
from collections.abc import Callable
from pathlib import Path

import click

from audit.cli import verdicts
from audit.cli.anchors import MOST_NOTE_BYTES, cosigner_key, read_head, read_note, read_text
from audit.cli.machine import WRONG, CouldNotRun, Machine, in_words, read_file
from audit.cli.signers import signer_of
from audit.config import Settings
from audit.domain.errors import Refused
from audit.services.demo.keys import keys_folder
from audit.services.keyring import Keyring, open_keyring
from audit.services.proofs import check_entry, prove_entry
from audit.services.time_authority import read_certificates
from audit.services.time_token import TimeRefused
from audit.services.verify import (
    Anchor,
    Engine,
    Installation,
    StorageRefused,
    Verdict,
    open_database,
    sites,
    verify_site,
)

_MOST_ENTRY_BYTES = 16_384
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option("--site", help="Verify this site alone; all sites when left out.")
@click.option("--checkpoint", "checkpoint", type=_FILE, help="An earlier checkpoint that the log must extend.")
@click.option("--head", "head", help='A head from paper that the log must extend: "origin size root".')
@click.option("--cosigner", "cosigners", multiple=True, metavar="VKEY", help="A cosigner's key, had from its holder.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def verify(
    machine: Machine,
    site: str | None,
    checkpoint: Path | None,
    head: str | None,
    cosigners: tuple[str, ...],
    *,
    as_json: bool,
) -> None:
    """Verify chain, signatures, tree, checkpoints, and that every derived table equals its rebuild."""
    settings = machine.settings()
    anchor = Anchor(
        note=read_note(checkpoint) if checkpoint else None,
        head=read_head(head),
        cosigners=tuple(map(cosigner_key, cosigners)),
    )
    try:
        engine = open_database(settings.database_url)
        installation = _installation(machine, settings, engine)
        chosen = _chosen(sites(engine), site)
        if head is not None and len(chosen) > 1:
            raise CouldNotRun(f"--site is needed beside --head: {', '.join(chosen)}")
        found = {
            one: _verify_one(engine, one, installation, machine=machine, anchor=anchor, is_quiet=as_json)
            for one in chosen
        }
    except StorageRefused as refused:
        raise CouldNotRun(str(refused)) from refused
    _show(found, as_json=as_json)
    if not all(verdict.holds for verdict in found.values()):
        sys.exit(WRONG)


@click.command()
@click.argument("index", type=click.IntRange(min=0))
@click.option("--site", help="The site of the entry; needed where the database has several.")
@click.option("--out", type=_FILE, help="Write the proof here instead of printing it.")
@click.pass_obj
def proof(machine: Machine, index: int, site: str | None, out: Path | None) -> None:
    """Write the proof file (C2SP tlog-proof) of the entry at INDEX."""
    settings = machine.settings()
    try:
        engine = open_database(settings.database_url)
        chosen = _chosen(sites(engine), site)
        if len(chosen) > 1:
            raise CouldNotRun(f"--site is needed: {', '.join(chosen)}")
        text = prove_entry(engine, chosen[0], index)
    except StorageRefused as refused:
        raise CouldNotRun(str(refused)) from refused
    except Refused as refused:
        raise CouldNotRun(in_words(refused)) from refused
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise CouldNotRun(f"{out}: {error.strerror}") from error


@click.command()
@click.argument("file", type=_FILE)
@click.option("--entry", required=True, type=_FILE, help="The exact bytes of the entry, without a newline.")
@click.option("--key", "keys", required=True, multiple=True, help="The log's verifier key, name+hex+base64.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def verify_proof(file: Path, entry: Path, keys: tuple[str, ...], *, as_json: bool) -> None:
    """Verify the proof FILE of one entry, with no database and no network."""
    text = read_text(file, most_bytes=MOST_NOTE_BYTES * 2)
    body = read_file(entry, most_bytes=_MOST_ENTRY_BYTES)
    try:
        shown = check_entry(text, body, keys)
    except Refused as refused:
        if refused.code == "not_a_key":
            raise CouldNotRun(in_words(refused)) from refused
        if as_json:
            verdicts.echo_json({"holds": False, "why": str(refused.values["why"])})
        else:
            click.echo(f"Not shown: {refused.values['why']}")
        sys.exit(WRONG)
    if as_json:
        verdicts.echo_json(
            {"holds": True, "origin": shown.origin, "index": shown.index, "size": shown.size, "root": shown.root}
        )
    else:
        click.echo(f"Entry {shown.index} of {shown.origin} stands under its head of {shown.size} entries.")


def find_keyring(folder: Path, random: Callable[[int], bytes]) -> Keyring | None:
    """Return the secrets of an installation, None where it has none; makes none. Raises CouldNotRun."""
    try:
        if not folder.is_dir() or not any(folder.iterdir()):
            return None
        return open_keyring(folder, random)
    except Refused as refused:
        raise CouldNotRun(in_words(refused)) from refused
    except OSError as error:
        raise CouldNotRun(f"{error.filename}: {error.strerror}") from error


def _installation(machine: Machine, settings: Settings, engine: Engine) -> Installation:
    reports = settings.home / "reports"
    return Installation(
        keyring=find_keyring(keys_folder(engine, settings.home), machine.random),
        signer=signer_of(settings, machine.random),
        reports=reports,
        time_certificates=_time_certificates(settings),
    )


def _time_certificates(settings: Settings) -> bytes | None:
    try:
        return read_certificates(settings.time_certificates)
    except TimeRefused as refused:
        raise CouldNotRun(f"AUDIT_TIME_CERTIFICATES: {refused}") from refused


def _verify_one(
    engine: Engine, site: str, installation: Installation, *, machine: Machine, anchor: Anchor, is_quiet: bool
) -> Verdict:
    is_hidden = is_quiet or not sys.stderr.isatty()
    with click.progressbar(length=1, label=f"Verifying {site}", file=sys.stderr, hidden=is_hidden) as bar:

        def progress(more: int, count: int) -> None:
            bar.length = max(count, 1)
            bar.update(more)

        return verify_site(engine, site, installation, now_ms=machine.clock(), anchor=anchor, progress=progress)


def _chosen(known: tuple[str, ...], site: str | None) -> tuple[str, ...]:
    if not known:
        raise CouldNotRun("no log is open in this database yet")
    if site is None:
        return known
    if site not in known:
        raise CouldNotRun(f"no site {site}: there is {', '.join(known)}")
    return (site,)


def _show(found: dict[str, Verdict], *, as_json: bool) -> None:
    if as_json:
        verdicts.echo_json(
            {
                "holds": all(verdict.holds for verdict in found.values()),
                "sites": {site: verdicts.document(verdict) for site, verdict in found.items()},
            }
        )
        return
    for site, verdict in found.items():
        click.echo(f"{site}: ", nl=False)
        for line in verdicts.lines(verdict):
            click.echo(line)
