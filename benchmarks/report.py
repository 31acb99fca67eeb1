"""The inspection report of a whole log: verified, folded, drawn, signed, with its evidence inside.

Its rival is the loop that any report must run at least: read the stored entries, hash them, parse them.
"""

import sqlite3
import tempfile
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import orjson

from audit.services import report
from audit.services.demo.people import MANAGER
from audit.services.publish import publish
from audit.services.reporting.press import Press
from benchmarks.logs import Demo, demo_of
from benchmarks.runner import Result, Sizes, alternate


def measure(sizes: Sizes):
    for entries in sizes.report_entries:
        with tempfile.TemporaryDirectory() as folder:
            yield _measure(demo_of(Path(folder) / "demo", entries), Path(folder), sizes.repetitions)


def _measure(demo: Demo, folder: Path, repetitions: int) -> Result:
    made, register = demo.made, demo.made.register
    press = Press(folder / "reports", folder / "press")
    press.reports.mkdir()
    press.keys.mkdir()
    written: list[Path] = []

    def ours():
        asked = report.Asked(
            report=f"rp_{len(written):08d}",
            first=made.first_day.isoformat(),
            last=made.last_day.isoformat(),
            nonce=f"{len(written):032x}",
            actor=MANAGER.person,
            offset_min=-300,
        )
        sign_head = lambda: publish(register.engine, register.site, register.origin, demo.signer)  # noqa: E731
        written.append(report.issue(register, sign_head, press, asked).file)

    def rival():
        with closing(sqlite3.connect(demo.home / "audit.db")) as conn:
            for (body,) in conn.execute("SELECT body FROM log_entry ORDER BY idx"):
                sha256(b"\x00" + body).digest()
                orjson.loads(body)

    ours_s, rival_s = alternate(ours, rival, max(1, repetitions // 2 + 1))
    pdf = written[-1].stat().st_size
    register.engine.dispose()
    return Result(
        f"Inspection report of {made.entries:,} entries",
        "issue the report: verify, fold, draw, embed, sign, log its hash",
        "hash and parse the stored bytes",
        ours_s,
        rival_s,
        max(1, repetitions // 2 + 1),
        goal="under 5 s for a thousand entries" if made.entries < 5_000 else "",
        note=f"the file has {pdf / 1_000_000:.1f} MB",
    )
