"""Verifying a whole log, against a loop that only hashes the stored bytes and parses them."""

import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import orjson

from audit.services.verify import Installation, verify_site
from benchmarks.logs import Demo, clock_ms, demo_of
from benchmarks.runner import Result, Sizes, alternate

_CHILD = """
import resource, sys
from audit.services.verify import Installation, open_database, verify_site
assert verify_site(open_database(sys.argv[1]), sys.argv[2], Installation()).holds
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def _peak_mib(demo: Demo, site: str) -> int:
    """Verify in a process of its own and return the most memory that it held, in MiB."""
    asked = [sys.executable, "-c", _CHILD, demo.url, site]
    return int(subprocess.run(asked, check=True, capture_output=True, text=True).stdout)


def measure(sizes: Sizes):
    with tempfile.TemporaryDirectory() as folder:
        demo = demo_of(Path(folder) / "demo", sizes.verified_entries)
        made = demo.made
        installation = Installation(keyring=made.ground.keyring, signer=demo.signer, reports=demo.home)

        def ours():
            verdict = verify_site(made.ground.engine, made.register.site, installation, now_ms=clock_ms())
            if not verdict.holds:
                raise SystemExit(f"the log measured does not hold: {verdict.findings[:3]}")

        def rival():
            with closing(sqlite3.connect(demo.home / "audit.db")) as conn:
                for (body,) in conn.execute("SELECT body FROM log_entry ORDER BY idx"):
                    sha256(b"\x00" + body).digest()
                    orjson.loads(body)

        peak_mib = _peak_mib(demo, made.register.site)
        ours_s, rival_s = alternate(ours, rival, max(1, sizes.repetitions // 2), warm_up=0)
        yield Result(
            f"Verify a log of {made.entries:,} entries",
            "every check: chain, signatures, roles, tree, seals, fold, tables",
            "hash and parse the stored bytes",
            ours_s,
            rival_s,
            max(1, sizes.repetitions // 2),
            note=f"{made.entries / ours_s:,.0f} entries a second; peak memory {peak_mib} MiB with the interpreter",
        )
        made.ground.engine.dispose()
