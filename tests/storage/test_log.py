"""Entries are appended whole, in order, once; and read back byte for byte."""

import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from audit.storage import log
from audit.storage.engine import read, write
from tests.storage.entries import SITE, assert_unbroken, chain, fill, new_entry

ROOT = Path(__file__).resolve().parents[2]
EMPTY_SHA256 = bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")


def test_a_log_without_entries_ends_at_the_hash_of_nothing(opened: Engine) -> None:
    with read(opened) as conn:
        assert log.head(conn, SITE) == log.Head(size=0, leaf=EMPTY_SHA256, recorded_ms=0)
    with write(opened) as conn:
        assert log.lock_head(conn, SITE) == log.Head(size=0, leaf=EMPTY_SHA256, recorded_ms=0)


def test_an_entry_is_read_back_byte_for_byte(opened: Engine) -> None:
    made = new_entry(EMPTY_SHA256, 7, kind="waste_recorded", method="password_totp", session="s_01")
    with write(opened) as conn:
        after = log.append(conn, SITE, log.lock_head(conn, SITE), [made])
    assert after == log.Head(size=1, leaf=made.leaf, recorded_ms=made.recorded_ms)
    stored = log.StoredEntry(
        index=0,
        leaf=made.leaf,
        body=made.body,
        kind="waste_recorded",
        actor="p_example",
        method="password_totp",
        nonce="00000000000000000000000000000007",
        session="s_01",
        occurred_ms=1_795_442_591_007,
        recorded_ms=1_795_442_593_007,
    )
    with read(opened) as conn:
        assert log.head(conn, SITE) == after
        assert log.entry(conn, SITE, 0) == stored
        assert log.by_nonce(conn, SITE, made.nonce) == stored
        assert list(log.entries(conn, SITE)) == [stored]


def test_what_is_not_in_the_log_is_not_found(opened: Engine) -> None:
    fill(opened, 1)
    with read(opened) as conn:
        assert log.entry(conn, SITE, 1) is None
        assert log.entry(conn, "other-site", 0) is None
        assert log.by_nonce(conn, SITE, "f" * 32) is None


def test_appending_nothing_moves_nothing(opened: Engine) -> None:
    head = fill(opened, 2)
    with write(opened) as conn:
        assert log.append(conn, SITE, head, []) == head


def test_sites_have_logs_of_their_own(opened: Engine) -> None:
    fill(opened, 3, "broadview")
    fill(opened, 2, "danforth")
    with read(opened) as conn:
        assert_unbroken(conn, "broadview", 3)
        assert_unbroken(conn, "danforth", 2)


@pytest.mark.parametrize("stale", ["size", "leaf"])
def test_an_append_to_a_head_that_moved_is_refused_and_leaves_nothing(opened: Engine, stale: str) -> None:
    head = fill(opened, 3)
    old = log.Head(
        size=head.size - (stale == "size"),
        leaf=b"\x01" * 32 if stale == "leaf" else head.leaf,
        recorded_ms=head.recorded_ms,
    )
    with pytest.raises(log.HeadMoved), write(opened) as conn:
        log.append(conn, SITE, old, chain(old, 1, 50))
    with read(opened) as conn:
        assert_unbroken(conn, SITE, 3)


def test_a_nonce_is_used_once(opened: Engine) -> None:
    head = fill(opened, 2)
    again = new_entry(head.leaf, 9, nonce=f"{1:032x}")
    with pytest.raises(DBAPIError), write(opened) as conn:
        log.append(conn, SITE, log.lock_head(conn, SITE), [again])
    with read(opened) as conn:
        assert_unbroken(conn, SITE, 2)


def test_a_failure_after_the_append_leaves_nothing_of_it(opened: Engine) -> None:
    fill(opened, 3)

    def appended_and_then_stopped() -> None:
        with write(opened) as conn:
            head = log.lock_head(conn, SITE)
            log.append(conn, SITE, head, chain(head, 5, 3))
            raise KeyError

    with pytest.raises(KeyError):
        appended_and_then_stopped()
    with read(opened) as conn:
        assert_unbroken(conn, SITE, 3)
        assert conn.scalar(text("SELECT count(*) FROM log_node")) == 1


@pytest.mark.parametrize("step", [1, 2, 3, 7, 64])
def test_every_complete_subtree_is_kept_once_however_entries_come(opened: Engine, step: int) -> None:
    with write(opened) as conn:
        head = log.lock_head(conn, SITE)
        while head.size < 64:
            head = log.append(conn, SITE, head, chain(head, min(step, 64 - head.size), head.size))
    with read(opened) as conn:
        counted = conn.execute(text("SELECT level, count(*) AS n FROM log_node GROUP BY level ORDER BY level")).all()
        assert [(row.level, row.n) for row in counted] == [(1, 32), (2, 16), (3, 8), (4, 4), (5, 2), (6, 1)]
        assert_unbroken(conn, SITE, 64)


def test_two_processes_at_once_give_one_unbroken_chain(opened: Engine, database_url: str) -> None:
    count = 60
    writers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.storage.append_many", database_url, SITE, str(count), str(first)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for first in (0, 1000)
    ]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    answers = [writer.communicate(timeout=60) for writer in writers]
    assert [said for _, said in answers] == ["", ""]
    acknowledged = [[int(line) for line in out.split()] for out, _ in answers]
    assert sorted(acknowledged[0] + acknowledged[1]) == list(range(2 * count))
    assert max(acknowledged[0]) > min(acknowledged[1])
    assert max(acknowledged[1]) > min(acknowledged[0])
    with read(opened) as conn:
        assert_unbroken(conn, SITE, 2 * count)


def test_entries_stream_in_order_from_any_place(opened: Engine) -> None:
    fill(opened, 2500)
    with read(opened) as conn:
        assert [entry.index for entry in log.entries(conn, SITE)] == list(range(2500))
        assert [entry.index for entry in log.entries(conn, SITE, 998, 1003)] == [998, 999, 1000, 1001, 1002]
        assert list(log.entries(conn, SITE, 2500)) == []
        assert [entry.index for entry in log.entries_at(conn, SITE, [1700, 3, 3, 9999])] == [3, 1700]


@pytest.mark.parametrize("engine_kind", ["sqlite"], indirect=True)
def test_streaming_a_long_log_holds_one_chunk_in_memory(opened: Engine) -> None:
    fill(opened, 20_000)
    with read(opened) as conn:
        tracemalloc.start()
        assert sum(1 for _ in log.entries(conn, SITE)) == 20_000
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    # All 20,000 at once take more than 10 MB.
    assert peak_bytes < 3_000_000


def test_unsigned_are_the_signed_in_entries_since_the_last_signing(opened: Engine) -> None:
    acts = [
        ("p_example", "signed_in", "session_started"),
        ("p_example", "password_totp", "acts_signed"),
        ("p_example", "signed_in", "rate_changed"),
        ("p_other", "signed_in", "rate_changed"),
        ("p_example", "password_totp", "waste_recorded"),
        ("p_example", "signed_in", "rate_changed"),
        ("p_other", "passkey", "acts_signed"),
    ]
    with write(opened) as conn:
        head = log.lock_head(conn, SITE)
        for number, (actor, method, kind) in enumerate(acts):
            made = new_entry(head.leaf, number, actor=actor, method=method, kind=kind)
            head = log.append(conn, SITE, head, [made])
    with read(opened) as conn:
        assert log.unsigned_since(conn, SITE, "p_example") == [2, 5]
        assert log.unsigned_since(conn, SITE, "p_other") == []
        assert log.unsigned_since(conn, SITE, "p_nobody") == []
