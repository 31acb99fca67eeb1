"""The inclusion proof of any entry of a long log, against reading as many rows by their keys with sqlite3 alone."""

import random
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from audit.storage import tree
from audit.storage.engine import open_engine, read
from audit.storage.upgrade import upgrade
from audit.tlog.merkle import appended_nodes, leaf_hash, root_at, verify_inclusion
from benchmarks.runner import Result, Sizes, alternate

_SITE = "scratch"
_ASKED = 200
_PLACES = random.Random(1)


def measure(sizes: Sizes):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scratch.db"
        upgrade(f"sqlite:///{path}")
        root = _fill(path, sizes.proved_entries)
        engine = open_engine(f"sqlite:///{path}")
        size = sizes.proved_entries
        asked = [_PLACES.randrange(size) for _ in range(min(_ASKED, size))]
        rows = len(format(size - 1, "b"))
        with read(engine) as conn, closing(sqlite3.connect(path)) as plain:
            for index in asked[:5]:
                proof = tree.inclusion(conn, _SITE, index, size)
                verify_inclusion(index=index, size=size, leaf=leaf_hash(b"%d" % index), proof=proof, root=root)

            def ours():
                for index in asked:
                    tree.inclusion(conn, _SITE, index, size)

            def rival():
                for index in asked:
                    for level in range(1, rows + 1):
                        plain.execute(
                            "SELECT hash FROM log_node WHERE site = ? AND level = ? AND idx = ?",
                            (_SITE, min(level, rows - 1), index >> level),
                        ).fetchone()

            ours_s, rival_s = alternate(ours, rival, sizes.repetitions)
        engine.dispose()
        yield Result(
            f"Inclusion proof of an entry out of {size:,}",
            "the proof, its hashes read from the stored tree",
            f"{rows} rows read by their keys",
            ours_s / len(asked),
            rival_s / len(asked),
            sizes.repetitions,
            goal="under 5 ms",
        )


def _fill(path: Path, size: int) -> bytes:
    """Store the leaves and subtrees of a log of small bodies, without the guards, for nothing else is measured."""
    levels: list[list[bytes]] = [[]]

    def entries():
        for index in range(size):
            body = b"%d" % index
            leaf = leaf_hash(body)
            for node in appended_nodes(index, leaf, lambda level, at: levels[level][at]):
                if node.level == len(levels):
                    levels.append([])
                levels[node.level].append(node.hash)
            levels[0].append(leaf)
            yield (_SITE, index, leaf, body, "k", "a", "m", f"{index:032x}", None, 0, 0)

    with closing(sqlite3.connect(path)) as conn, conn:
        for (name,) in conn.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            conn.execute(f"DROP TRIGGER {name}")
        conn.executemany("INSERT INTO log_entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", entries())
        for level, hashes in enumerate(levels[1:], start=1):
            conn.executemany(
                "INSERT INTO log_node VALUES (?, ?, ?, ?)",
                ((_SITE, level, index, value) for index, value in enumerate(hashes)),
            )
    return root_at(size, lambda level, index: levels[level][index])
