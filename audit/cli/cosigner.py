"""`audit cosigner`: runs a cosigner (C2SP tlog-witness) for the logs of other clinics.

It needs no database and no clinic of its own: a key, a file of what it cosigned last, and the logs' verifier keys.
Not here: what is cosigned (`audit.services.cosigning`), TLS (a proxy in front).
"""

import signal
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import click
import waitress

from audit.cli.machine import CouldNotRun, Machine, in_words, read_file
from audit.config import ConfigRefused, parse_bind
from audit.domain.errors import Refused
from audit.services.cosigning.cosigner import Cosigner, logs_of
from audit.services.cosigning.request import MAX_BODY_BYTES
from audit.services.cosigning.wsgi import ADD, application
from audit.services.keyring import SECRET_BYTES, read_secret, write_secret
from audit.tlog.cosignature import CosigningKey
from audit.tlog.keys import KeyRefused, VerifierKey

SEED, STORE = "cosigner_seed", "cosigned.db"
THREADS = 4
_MOST_FILE_BYTES = 1 << 20


@click.command()
@click.option(
    "--log", "keys", multiple=True, metavar="VKEY", help="A log to cosign: its verifier key. May be repeated."
)
@click.option(
    "--logs",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file of logs to cosign, one verifier key a line; lines that begin with # are left out.",
)
@click.option("--name", help="Name of the cosigner in its key; AUDIT_HOST and /cosigner when left out.")
@click.option("--bind", default="127.0.0.1:8300", show_default=True, help="Address and port to listen on.")
@click.option("--key", "only_key", is_flag=True, help="Print the cosigner's verifier key and stop.")
@click.pass_obj
def cosigner(
    machine: Machine, keys: tuple[str, ...], file: Path | None, *, name: str | None, bind: str, only_key: bool
) -> None:
    """Cosign the checkpoints of the logs given, until the terminal or the system says stop."""
    settings = machine.settings()
    folder = settings.home / "cosigner"
    key = _key(machine, folder, name or f"{settings.host}/cosigner")
    if only_key:
        click.echo(key.verifier.to_string())
        return
    logs = logs_of([_log_key(text) for text in (*keys, *_lines(file))])
    made = Cosigner(key=key, logs=logs, store=folder / STORE, now_s=lambda: machine.clock() // 1000)
    server = _listen(made, bind)
    signal.signal(signal.SIGTERM, _leave)
    click.echo(f"Cosigner {key.verifier.to_string()}")
    click.echo(f"It answers at http://{bind}{ADD}, for the proxy that speaks TLS.")
    for origin in logs:
        click.echo(f"It cosigns {origin}.")
    if not logs:
        click.echo("It cosigns no log yet: give it one with --log.")
    click.echo("Stop it with Ctrl+C.")
    try:
        server.run()
    finally:
        server.close()
    click.echo("Stopped.")


def _key(machine: Machine, folder: Path, name: str) -> CosigningKey:
    """Return the cosigner's key, drawn on its first start. Raises CouldNotRun."""
    path = folder / SEED
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            if (folder / STORE).exists():
                raise CouldNotRun(f"{path} is missing though something was cosigned: put it back from your copy")
            write_secret(path, machine.random(SECRET_BYTES))
        return CosigningKey(name, read_secret(path))
    except Refused as refused:
        raise CouldNotRun(in_words(refused)) from refused
    except KeyRefused as refused:
        raise CouldNotRun(f"--name {name}: {refused}") from refused
    except OSError as error:
        raise CouldNotRun(f"{error.filename or folder}: {error.strerror or error}") from error


def _log_key(text: str) -> VerifierKey:
    try:
        return VerifierKey.from_string(text)
    except KeyRefused as refused:
        raise CouldNotRun(f"{text[:80]} is no verifier key of a log: {refused}") from refused


def _lines(file: Path | None) -> list[str]:
    if file is None:
        return []
    try:
        text = read_file(file, most_bytes=_MOST_FILE_BYTES).decode()
    except UnicodeDecodeError:
        raise CouldNotRun(f"{file} is not text in UTF-8") from None
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _listen(made: Cosigner, bind: str) -> Any:  # noqa: ANN401 (waitress ships no types)
    try:
        host, port = parse_bind(bind)
    except ConfigRefused:
        raise CouldNotRun(f"--bind {bind}: expected address:port, such as 127.0.0.1:8300") from None
    try:
        return waitress.create_server(
            application(made),
            host=host,
            port=port,
            threads=THREADS,
            ident=None,
            max_request_body_size=MAX_BODY_BYTES,
            clear_untrusted_proxy_headers=True,
        )
    except OSError as error:
        raise CouldNotRun(f"cannot listen on {bind}: {error.strerror or error}. --bind names another") from error


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)
