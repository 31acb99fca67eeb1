"""Entries made up for storage tests, and a reader of the chain that shares no code with `audit/`.

A body here is the previous leaf followed by any bytes, so that a broken chain shows without decoding.
"""

from hashlib import sha256

from sqlalchemy import Connection, Engine, text

from audit.storage import engine, log

SITE = "broadview"


def new_entry(prev: bytes, number: int, **columns: object) -> log.NewEntry:
    """An entry after `prev`, told apart by its number; columns as given, else plain."""
    body = prev + number.to_bytes(8, "big")
    plain = {
        "leaf": sha256(b"\x00" + body).digest(),
        "body": body,
        "kind": "rate_changed",
        "actor": "p_example",
        "method": "signed_in",
        "nonce": f"{number:032x}",
        "session": None,
        "occurred_ms": 1_795_442_591_000 + number,
        "recorded_ms": 1_795_442_593_000 + number,
    }
    return log.NewEntry(**(plain | columns))


def chain(head: log.Head, count: int, first_number: int) -> list[log.NewEntry]:
    """Entries that follow each other and the head."""
    made, prev = [], head.leaf
    for number in range(first_number, first_number + count):
        made.append(new_entry(prev, number))
        prev = made[-1].leaf
    return made


def fill(opened: Engine, count: int, site: str = SITE) -> log.Head:
    """Append `count` entries in one transaction."""
    with engine.write(opened) as conn:
        head = log.lock_head(conn, site)
        return log.append(conn, site, head, chain(head, count, head.size))


def assert_unbroken(conn: Connection, site: str, size: int) -> None:
    """Every place from 0 to `size - 1` is taken, each body names the leaf before, and the head is the last."""
    rows = conn.execute(text("SELECT idx, leaf, body FROM log_entry WHERE site = :s ORDER BY idx"), {"s": site}).all()
    assert [row.idx for row in rows] == list(range(size))
    prev = bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    for row in rows:
        assert row.body[:32] == prev
        assert row.leaf == sha256(b"\x00" + row.body).digest()
        prev = row.leaf
    head = conn.execute(text("SELECT size, leaf FROM log_head WHERE site = :s"), {"s": site}).one()
    assert (head.size, head.leaf) == (size, prev)
