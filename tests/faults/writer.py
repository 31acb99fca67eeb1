"""A process of its own that forks writers on demand: they write acts until they are killed or done.

Started as a program: jobs come in as JSON lines; `started`, `wrote` (an acknowledgement, sent only after the write path
has returned), `ended` and `mark` lines go out. Loading the program once and forking makes each writer quick to start.
"""

import json
import os
import secrets
import signal
import sys
import time
from pathlib import Path
from typing import Any

from audit.domain import commands, events
from audit.services.acts import SIGNED_IN, Order, with_factors
from audit.services.keyring import open_keyring
from audit.services.opening import Ground, find_register
from audit.services.record import record
from audit.services.signing.keeper import KeptSigner
from audit.services.watch import Watch
from audit.storage.engine import open_engine
from tests.clinic import OPENED_MS


def clock() -> int:
    """Return a time that goes on over all processes of this machine."""
    return OPENED_MS + time.monotonic_ns() // 1_000_000 % 10**9


def say(*words: object) -> None:
    """Write one line at once: shorter than a pipe's buffer, so that lines of several writers do not mix."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def write(job: dict[str, Any]) -> None:
    """Find the clinic's log as a start of the service does, then write until done."""
    home = Path(job["home"])
    ground = Ground(
        engine=open_engine(job["url"]),
        keyring=open_keyring(home / "keys", secrets.token_bytes),
        signer=KeptSigner(home / "signer", secrets.token_bytes),
        host="audit.example.org",
        scheme="https",
        port=443,
        clock=clock,
        random=secrets.token_bytes,
    )
    register = find_register(ground)
    assert register is not None
    watch = Watch(register, ground.signer)
    watch.look()
    watch.check_writable()
    for _ in range(job["acts"]):
        for written in record(register, _orders(job)):
            say("wrote", os.getpid(), written.entry.index, written.entry.leaf)
        if job["signs"]:
            watch.sign()
    register.engine.dispose()


def _orders(job: dict[str, Any]) -> list[Order]:
    patient = f"pt_{secrets.token_hex(8)}"
    lot = commands.LotArrived(
        product=job["product"], lot="EX-5390", expiry="2028-04-30", containers=(f"c_{secrets.token_hex(8)}",)
    )
    receipt = commands.Receive(
        receipt=f"r_{secrets.token_hex(8)}",
        supplier="Example Wholesale",
        supplier_address="1 Sample Street, Toronto",
        supplier_registration="EX-123",
        invoice="INV-1",
        invoice_date="2026-11-20",
        received_on="2026-11-23",
        lots=(lot,),
    )
    more = {"actor": job["person"], "offset_min": -300}
    sealed = {"name": "Patient Placeholder"}
    return [
        Order(
            command=events.PatientRegistered(patient=patient),
            nonce=secrets.token_hex(16),
            standing=SIGNED_IN,
            sealed=sealed,
            owner=patient,
            **more,
        ),
        Order(command=receipt, nonce=secrets.token_hex(16), standing=with_factors("password"), **more),
    ]


def _fork(job: dict[str, Any]) -> None:
    child = os.fork()
    if child:
        say("started", child)
        return
    status = 1
    try:
        write(job)
        say("ended", os.getpid())
        status = 0
    finally:
        os._exit(status)


def main() -> None:
    """Fork a writer for each job until the input ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are not waited for
    for line in sys.stdin:
        job = json.loads(line)
        if "mark" in job:
            say("mark", job["mark"])
        else:
            _fork(job)


if __name__ == "__main__":
    main()
