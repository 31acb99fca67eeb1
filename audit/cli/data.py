"""`audit demo`: a synthetic clinic to look at and to try things on, made through the write path."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import click

from audit.cli.machine import CouldNotRun, Machine, in_words
from audit.cli.signers import signer_of
from audit.config import Settings
from audit.domain.errors import Refused
from audit.services.demo.make import MOST_SESSIONS, Made, Wish, check_free, make_demo
from audit.services.demo.people import PASSWORD, STAFF
from audit.services.keyring import open_keyring
from audit.services.opening import Ground
from audit.storage.engine import StorageRefused, Unguarded, open_engine
from audit.storage.upgrade import upgrade

_DAY = click.DateTime(["%Y-%m-%d"])
_WORDS = {
    "real_log_exists": "the log of a clinic is kept here. Set AUDIT_HOME to another folder for a demo",
    "demo_exists": "a demo clinic is here already. Set AUDIT_HOME to another folder for another one",
}


@click.command()
@click.option("--sessions", type=click.IntRange(1, MOST_SESSIONS), default=240, show_default=True, help="How many.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed and start make the same clinic.")
@click.option("--start", type=_DAY, help="First day, YYYY-MM-DD; when left out, the clinic's days end yesterday.")
@click.option("--serve", "is_served", is_flag=True, help="Serve the demo clinic afterwards, or the one there is.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def demo(
    ctx: click.Context, sessions: int, seed: int, start: datetime | None, *, is_served: bool, as_json: bool
) -> None:
    """Load a synthetic clinic: people, patients, sessions, counts and honest errors, none of them real."""
    machine: Machine = ctx.obj
    settings = machine.settings()
    wish = Wish(sessions=sessions, seed=seed, start=start.date() if start else None)
    try:
        ground = _ground(machine, settings)
        made = None if is_served and _has_demo(ground) else _make(ground, settings, wish, is_quiet=as_json)
    except (StorageRefused, Unguarded) as refused:
        raise CouldNotRun(str(refused)) from refused
    except Refused as refused:
        raise CouldNotRun(_WORDS.get(refused.code, in_words(refused))) from refused
    _show(made, seed, as_json=as_json)
    if is_served:
        _serve(ctx)


def _ground(machine: Machine, settings: Settings) -> Ground:
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    upgrade(settings.database_url)
    is_local = settings.host in {"localhost", "127.0.0.1"}
    return Ground(
        engine=open_engine(settings.database_url),
        keyring=open_keyring(settings.home / "keys", machine.random),
        signer=signer_of(settings, machine.random),
        host=settings.host,
        scheme="http" if is_local else "https",
        port=settings.bind_port if is_local else 443,
        clock=machine.clock,
        random=machine.random,
    )


def _has_demo(ground: Ground) -> bool:
    try:
        check_free(ground)
    except Refused as refused:
        if refused.code == "demo_exists":
            return True
        raise
    return False


def _make(ground: Ground, settings: Settings, wish: Wish, *, is_quiet: bool) -> Made:
    with _bar(wish.sessions, is_quiet=is_quiet) as tell:
        return make_demo(ground, wish, home=settings.home, tell=tell)


@contextmanager
def _bar(sessions: int, *, is_quiet: bool) -> Iterator[Callable[[int, int], None]]:
    is_hidden = is_quiet or not sys.stderr.isatty()
    with click.progressbar(length=sessions, label="Sessions", file=sys.stderr, hidden=is_hidden) as bar:

        def tell(done: int, _all: int) -> None:
            bar.update(done - bar.pos)

        yield tell


def _show(made: Made | None, seed: int, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(_document(made, seed)))
        return
    if made is not None:
        days = f"{made.first_day} to {made.last_day}"
        click.echo(f"Demo clinic: {made.sessions} sessions from {days}, {made.entries} entries, seed {seed}.")
        click.echo(f"The same again: --sessions {made.sessions} --seed {seed} --start {made.first_day}")
    click.echo("Nobody in it is real. Everybody signs in with the same password:")
    click.echo(f"  {PASSWORD}")
    for member in STAFF:
        click.echo(f"  {member.sign_in:<16} {member.name:<24} {', '.join(member.roles)}")


def _document(made: Made | None, seed: int) -> dict[str, object]:
    signing: dict[str, object] = {
        "password": PASSWORD,
        "sign_ins": [{"sign_in": member.sign_in, "name": member.name, "roles": list(member.roles)} for member in STAFF],
    }
    if made is None:
        return signing
    return signing | {
        "site": made.register.site,
        "origin": made.register.origin,
        "seed": seed,
        "start": made.first_day.isoformat(),
        "end": made.last_day.isoformat(),
        "sessions": made.sessions,
        "entries": made.entries,
    }


def _serve(ctx: click.Context) -> None:
    """Go on as `audit serve`; found by name, so that this module does not load the web."""
    group = ctx.find_root().command
    serve = group.get_command(ctx, "serve") if isinstance(group, click.Group) else None
    if serve is None:
        raise CouldNotRun("there is no `serve` here")
    ctx.invoke(serve)
