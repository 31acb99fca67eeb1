"""`audit signer`: the process that signs the log's heads, on its own socket, from its own folder.

It needs no database and no other secret than its own keys. Run it under an account of its own (docs/operating.md);
`audit serve` starts one beside itself where no other is named.
"""

import logging
import os
import signal
import sys
import threading
from dataclasses import replace
from types import FrameType

import click

from audit.cli.machine import CouldNotRun, Machine
from audit.cli.signers import address_of, kept_signer
from audit.config import Settings
from audit.services.signing.address import SOCKET, Address
from audit.services.signing.server import Server


@click.command("signer")
@click.option("--beside", is_flag=True, hidden=True, help="End when standard input ends, with who started it.")
@click.pass_obj
def run_signer(machine: Machine, *, beside: bool) -> None:
    """Sign the heads of logs on AUDIT_SIGNER, until the terminal or the system says stop."""
    settings = machine.settings()
    logging.basicConfig(
        level=settings.log_level, stream=sys.stderr, format="%(asctime)s %(levelname)s signer %(message)s"
    )
    stop = threading.Event()

    def leave(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
    server = _listen(machine, settings)
    if beside:
        threading.Thread(target=_end_with_parent, args=(stop,), daemon=True).start()
    else:
        click.echo(f"The signer is at {_shown(server)}, its keys and its memory in {settings.signer_home}.")
    server.serve(stop)


def _listen(machine: Machine, settings: Settings) -> Server:
    """Open the signer's folder and socket.

    Raises:
        CouldNotRun: either cannot be used.
    """
    address = address_of(settings) or Address(path=settings.signer_home / SOCKET)
    try:
        settings.signer_home.mkdir(parents=True, exist_ok=True, mode=0o700)
        return Server(kept_signer(settings, machine.random), address)
    except OSError as error:
        raise CouldNotRun(f"cannot listen on {address}: {error.strerror or error}") from error


def _shown(server: Server) -> Address:
    address = server.address
    return address if address.path is not None else replace(address, port=server.port)


def _end_with_parent(stop: threading.Event) -> None:
    """Wait for the end of standard input: the service held it open, and is no more."""
    # Not through the buffer of sys.stdin: its lock, held at the end of the program, would abort it.
    while os.read(sys.stdin.fileno(), 4096):
        pass
    stop.set()
