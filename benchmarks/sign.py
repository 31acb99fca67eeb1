"""A checkpoint with the signer's round trip, against the swap of the signer's memory alone on the same disk.

The signer is the process that `audit serve` starts: proof, socket, swap with its flushes to disk, answer, and the
checkpoint kept beside the log. What remains beyond the rival is everything but the disk under the signer.
"""

import os
import secrets
import tempfile
from functools import partial
from pathlib import Path

from audit.domain import events
from audit.services.acts import SIGNED_IN, Order
from audit.services.demo.people import STAFF
from audit.services.people import staff
from audit.services.publish import publish
from audit.services.record import record
from audit.services.signing.beside import Beside
from audit.services.signing.remote import RemoteSigner
from audit.storage import signer_store
from audit.storage.signer_store import Held
from benchmarks.logs import demo_of
from benchmarks.runner import Result, Sizes, median, seconds

_GOAL_S = 0.020


def measure(sizes: Sizes):
    with tempfile.TemporaryDirectory() as folder:
        demo = demo_of(Path(folder) / "demo", min(sizes.verified_entries, 1_000))
        register = demo.made.register
        beside = Beside(demo.signer.folder, os.environ)
        beside.start()
        try:
            signer = RemoteSigner(beside.address)
            by = next(one.person for one in staff(register).values() if one.sign_in == STAFF[0].sign_in)
            rival_store, held = Path(folder) / "rival.db", demo.signer.held(register.origin)
            signer_store.swap(rival_store, register.origin, None, held)
            ours: list[float] = []
            rival: list[float] = []
            for _ in range(max(3, sizes.appends // 6)):
                _act(register, by)
                ours.append(seconds(lambda: publish(register.engine, register.site, register.origin, signer)))
                after = Held(size=held.size + 1, root=held.root, note=held.note)
                swap = partial(signer_store.swap, rival_store, register.origin, held, after)
                rival.append(seconds(swap))
                held = after
        finally:
            beside.stop()
            register.engine.dispose()
        slowest = sorted(ours)[len(ours) * 9 // 10]
        yield Result(
            "A checkpoint, signer's round trip included",
            "check the new entry, prove, ask the signer's process, keep the note",
            "the swap of the signer's memory alone, flushed to the same disk",
            median(ours),
            median(rival),
            len(ours),
            goal=f"under {_GOAL_S * 1000:.0f} ms",
            note=f"nine in ten within {slowest * 1000:.1f} ms",
        )


def _act(register, by):
    order = Order(
        command=events.PatientRegistered(patient=f"pt_{secrets.token_hex(8)}"),
        actor=by,
        nonce=secrets.token_hex(16),
        standing=SIGNED_IN,
        offset_min=-300,
    )
    record(register, [order])
