"""`audit serve`: brings the database up to date, says where the service is, and serves until told to stop.

Not here: what is served (`audit.app`), TLS (a proxy in front), settings (`audit.config`).
"""

import logging
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType
from typing import Any, NoReturn
from urllib.parse import urlsplit

import click
import waitress

from audit.cli.machine import CouldNotRun, Machine, Servable, in_words
from audit.cli.signers import address_of
from audit.config import Settings
from audit.domain.errors import Refused
from audit.services.passkeys import can_have_passkeys
from audit.services.signing.beside import Beside
from audit.services.signing.signer import SignerAway
from audit.services.time_token import TimeRefused
from audit.storage.engine import StorageRefused
from audit.storage.guards import Unguarded

THREADS = 8
"""As many requests at once; one writes at a time anyway."""
STOP_WITHIN_S = 5


@click.command()
@click.pass_obj
def serve(machine: Machine) -> None:
    """Serve the register on AUDIT_BIND, until the terminal or the system says stop."""
    settings = machine.settings()
    logging.basicConfig(
        level=settings.log_level, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    # Libraries that tell of each of their parts; their warnings are enough.
    for noisy in ("alembic", "pikepdf"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    with _signer_beside(machine, settings) as settings:
        _serve(machine, settings)
    click.echo("Stopped.")


def _serve(machine: Machine, settings: Settings) -> None:
    service = _prepare(machine, settings)
    server = _listen(service, settings)
    _tell(service, settings)
    stop = threading.Event()
    watching = threading.Thread(target=service.watch, args=(stop,), name="watch", daemon=True)
    watching.start()
    signal.signal(signal.SIGTERM, _leave)
    try:
        # Returns when interrupted, after the requests under way were answered.
        server.run()
    finally:
        stop.set()
        server.close()
        watching.join(STOP_WITHIN_S)


@contextmanager
def _signer_beside(machine: Machine, settings: Settings) -> Iterator[Settings]:
    """Run a signer beside the service where no other is named; the settings then name it.

    A system without Unix sockets has the signer's code in the service's own process.
    """
    if address_of(settings) is not None or not hasattr(socket, "AF_UNIX"):
        yield settings
        return
    beside = Beside(settings.signer_home, machine.environ)
    try:
        beside.start()
    except SignerAway as away:
        raise CouldNotRun(f"the signer does not start: {away}") from away
    except OSError as error:
        raise CouldNotRun(f"{error.filename or settings.signer_home}: {error.strerror or error}") from error
    try:
        yield replace(settings, signer_path=beside.address.path)
    finally:
        beside.stop()


def address(settings: Settings) -> str:
    """Return the address under which people reach the service, without a slash at its end."""
    if settings.host in {"localhost", "127.0.0.1"}:
        return f"http://{settings.host}:{settings.bind_port}"
    return f"https://{settings.host}"


def _prepare(machine: Machine, settings: Settings) -> Servable:
    """Make the service.

    Raises:
        CouldNotRun: the database, the keys or the folder cannot be used.
    """
    if machine.service is None:
        raise CouldNotRun("this machine cannot serve")
    try:
        return machine.service(settings)
    except (StorageRefused, Unguarded) as refused:
        raise CouldNotRun(str(refused)) from refused
    except TimeRefused as refused:
        raise CouldNotRun(f"AUDIT_TIME_CERTIFICATES: {refused}") from refused
    except Refused as refused:
        raise CouldNotRun(f"the keys cannot be used: {in_words(refused)}") from refused
    except OSError as error:
        raise CouldNotRun(f"{error.filename or settings.home}: {error.strerror or error}") from error


def _listen(service: Servable, settings: Settings) -> Any:  # noqa: ANN401 (waitress ships no types)
    try:
        return waitress.create_server(
            service.wsgi,
            host=settings.bind_address,
            port=settings.bind_port,
            threads=THREADS,
            ident=None,
            max_request_body_size=4 * 1024 * 1024,
            clear_untrusted_proxy_headers=True,
            # What people type, whoever speaks TLS: passkeys and links are made for that address.
            url_scheme=urlsplit(address(settings)).scheme,
        )
    except OSError as error:
        where = f"{settings.bind_address}:{settings.bind_port}"
        raise CouldNotRun(f"cannot listen on {where}: {error.strerror or error}. AUDIT_BIND names another") from error


def _tell(service: Servable, settings: Settings) -> None:
    """Print where the service is and, while there is no log, the link that sets it up."""
    here = address(settings)
    click.echo(f"Ketamine Audit is at {here}/")
    if here.startswith("https"):
        click.echo(f"It listens on {settings.bind_address}:{settings.bind_port}, for the proxy that speaks TLS.")
    if not can_have_passkeys(settings.host, (here,)):
        click.echo("No passkeys at this address: they need a host name with TLS, or localhost (AUDIT_HOST).")
    if service.setup_token is not None:
        click.echo("Set up this register (this link works once, until a log is open):")
        click.echo(f"  {here}/set-up/{service.setup_token}")
    click.echo("Stop it with Ctrl+C.")


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)
