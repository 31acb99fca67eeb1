"""The sums of a reconciliation over many postings, against SQLite's GROUP BY of the same sums without our index."""

import random
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from audit.domain.postings import Account
from audit.storage import registers
from audit.storage.engine import open_engine, read
from audit.storage.upgrade import upgrade
from benchmarks.runner import Result, Sizes, alternate

_SITE = "scratch"
_FROM_MS, _UNTIL_MS = 1_760_000_000_000, 1_790_000_000_000
_RIVAL = (
    "SELECT account, strength, form, sum(mass_ug) FROM posting "
    "WHERE site = ? AND occurred_ms >= ? AND occurred_ms < ? AND idx < ? "
    "GROUP BY account, strength, form ORDER BY account, strength, form"
)


def measure(sizes: Sizes):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scratch.db"
        upgrade(f"sqlite:///{path}")
        _fill(path, sizes.postings)
        bare = Path(folder) / "bare.db"
        _copy_without_index(path, bare)
        engine = open_engine(f"sqlite:///{path}")
        with read(engine) as conn, closing(sqlite3.connect(bare)) as plain:
            plain.execute("PRAGMA cache_size = -32000")
            size = sizes.postings

            def ours():
                return registers.totals(conn, _SITE, from_ms=_FROM_MS, until_ms=_UNTIL_MS, size=size)

            def rival():
                return plain.execute(_RIVAL, (_SITE, _FROM_MS, _UNTIL_MS, size)).fetchall()

            same = [(one.account, one.concentration_ug_per_ml, one.form, one.mass_ug) for one in ours()] == rival()
            if not same:
                raise SystemExit("the two sums differ")
            ours_s, rival_s = alternate(ours, rival, sizes.repetitions * 2 - 1)
        engine.dispose()
        yield Result(
            f"Reconcile {sizes.postings:,} postings",
            "sums of a period by account and strength",
            "SQLite's GROUP BY of the same sums without the covering index",
            ours_s,
            rival_s,
            sizes.repetitions * 2 - 1,
            goal="0.9 times, under 0.5 s",
        )


def _fill(path: Path, postings: int):
    """Insert pairs of postings over a year: the period asked for holds most of them."""
    rng = random.Random(1)
    accounts = [account.value for account in Account]

    def rows():
        for line in range(postings):
            idx = line // 2
            yield (
                _SITE,
                idx,
                line % 2,
                accounts[rng.randrange(len(accounts))],
                f"c_{idx // 20:016x}",
                f"s_{idx // 4:016x}",
                (10_000, 50_000, 100_000)[rng.randrange(3)],
                "solution",
                rng.randrange(-50_000, 50_000),
                _FROM_MS - 1_000_000_000 + idx * 31_000_000_000 // max(1, postings // 2),
            )

    with closing(sqlite3.connect(path)) as conn, conn:
        conn.executemany("INSERT INTO posting VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows())


def _copy_without_index(path: Path, bare: Path):
    """Copy the table alone: told not to use an index, SQLite uses a covering one all the same."""
    with closing(sqlite3.connect(path)) as conn:
        (spelled,) = conn.execute("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = 'posting'").fetchone()
    with closing(sqlite3.connect(bare)) as conn:
        conn.execute(spelled)
        conn.execute("ATTACH ? AS whole", (str(path),))
        with conn:
            conn.execute("INSERT INTO posting SELECT * FROM whole.posting")
