"""Rows deleted, swapped, put in, and histories cut or told anew, by whoever owns the database."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from audit.services.signing.keeper import KeptSigner
from audit.services.verify import Verdict
from audit.storage import signer_store
from audit.storage.signer_store import Held
from audit.tlog.checkpoint import Checkpoint, sign
from audit.tlog.entry import decode_entry, encode_entry
from audit.tlog.keys import SigningKey
from audit.tlog.merkle import appended_nodes, leaf_hash
from tests.clinic import Clinic
from tests.faults.lived import as_administrator, check_in
from tests.faults.test_tamper import clinic as lived_clinic
from tests.faults.test_tamper import said

clinic = lived_clinic
COLUMNS = "site, idx, leaf, body, kind, actor, method, nonce, session, occurred_ms, recorded_ms"
ZERO_ATTEST = "00" * 64


def found(verdict: Verdict, check: str) -> set[int | None]:
    return {finding.index for finding in verdict.findings if finding.check == check}


def body_of(conn: Connection, index: int) -> bytes:
    return bytes(conn.execute(text("SELECT body FROM log_entry WHERE idx = :i"), {"i": index}).scalar_one())


def size_of(conn: Connection) -> int:
    return int(conn.execute(text("SELECT size FROM log_head")).scalar_one())


def put_entry(conn: Connection, site: str, body: bytes) -> None:
    """Append bytes as an entry with every column, node and the head as they would be."""
    entry, leaf = decode_entry(body), leaf_hash(body)
    row = {
        "site": site,
        "idx": entry.index,
        "leaf": leaf,
        "body": body,
        "kind": entry.kind,
        "actor": entry.actor,
        "method": entry.method,
        "nonce": entry.act["nonce"],
        "session": entry.act.get("session"),
        "occurred_ms": entry.act["occurred_ms"],
        "recorded_ms": entry.recorded_ms,
    }
    names = COLUMNS.replace(" ", "").split(",")
    conn.execute(text(f"INSERT INTO log_entry ({COLUMNS}) VALUES ({', '.join(':' + name for name in names)})"), row)

    def stored(level: int, index: int) -> bytes:
        table, column, where = (
            ("log_node", "hash", "level = :l AND idx = :i") if level else ("log_entry", "leaf", "idx = :i")
        )
        values = {"l": level, "i": index} if level else {"i": index}
        return bytes(conn.execute(text(f"SELECT {column} FROM {table} WHERE {where}"), values).scalar_one())

    for node in appended_nodes(entry.index, leaf, stored):
        conn.execute(
            text("INSERT INTO log_node (site, level, idx, hash) VALUES (:s, :l, :i, :h)"),
            {"s": site, "l": node.level, "i": node.index, "h": node.hash},
        )
    conn.execute(
        text("UPDATE log_head SET size = :n, leaf = :leaf, recorded_ms = :ms"),
        {"n": entry.index + 1, "leaf": leaf, "ms": entry.recorded_ms},
    )


def cut(conn: Connection, size: int) -> None:
    """Take every trace of the entries from `size` on out of every table."""
    for table in ("log_entry", "posting", "entry_key", "sealed"):
        conn.execute(text(f"DELETE FROM {table} WHERE idx >= :n"), {"n": size})
    conn.execute(text("DELETE FROM sealed_key WHERE owner NOT IN (SELECT owner FROM sealed)"))
    conn.execute(text("DELETE FROM checkpoint WHERE size > :n"), {"n": size})
    for level, index in conn.execute(text("SELECT level, idx FROM log_node")).all():
        if (index + 1) << level > size:
            conn.execute(text("DELETE FROM log_node WHERE level = :l AND idx = :i"), {"l": level, "i": index})
    conn.execute(
        text(
            "UPDATE log_head SET size = :n, leaf = (SELECT leaf FROM log_entry WHERE idx = :n - 1),"
            " recorded_ms = (SELECT recorded_ms FROM log_entry WHERE idx = :n - 1)"
        ),
        {"n": size},
    )


def test_two_entries_that_change_places_are_both_named(clinic: Clinic) -> None:
    with as_administrator(clinic) as conn:
        for old, new in ((20, -1), (21, 20), (-1, 21)):
            conn.execute(text("UPDATE log_entry SET idx = :new WHERE idx = :old"), {"old": old, "new": new})
        verdict = check_in(clinic, conn)
    assert found(verdict, "order") >= {20, 21}


def test_an_entry_in_the_middle_replaced_by_another_with_its_own_hash_breaks_the_next_one(clinic: Clinic) -> None:
    with as_administrator(clinic) as conn:
        entry = decode_entry(body_of(conn, 20))
        act = dict(entry.act) | {"occurred_ms": int(str(entry.act["occurred_ms"])) - 60_000}
        body = encode_entry(
            log=entry.log, index=20, prev=entry.prev, recorded_ms=entry.recorded_ms, act=act, signature=entry.signature
        )
        conn.execute(
            text("UPDATE log_entry SET body = :b, leaf = :l, occurred_ms = :o WHERE idx = 20"),
            {"b": body, "l": leaf_hash(body), "o": act["occurred_ms"]},
        )
        first_signed = conn.execute(text("SELECT min(size) FROM checkpoint")).scalar_one()
        verdict = check_in(clinic, conn)
    assert found(verdict, "order") == {21}
    assert found(verdict, "signatures") >= {20}
    assert found(verdict, "root") >= {first_signed - 1}


def test_a_row_appended_by_sql_well_formed_in_every_way_is_named_by_its_missing_attest(clinic: Clinic) -> None:
    with as_administrator(clinic) as conn:
        size = size_of(conn)
        last = decode_entry(body_of(conn, size - 1))
        act = {
            "actor": clinic.people["A"],
            "facts": {"patient": "pt_00000000", "reason": "care"},
            "kind": "patient_unmasked",
            "nonce": "ab" * 16,
            "occurred_ms": last.recorded_ms,
            "offset_min": -300,
            "v": 1,
        }
        signature = {"attest": ZERO_ATTEST, "method": "signed_in"}
        body = encode_entry(
            log=last.log,
            index=size,
            prev=last.leaf.hex(),
            recorded_ms=last.recorded_ms,
            act=act,
            signature=signature,
        )
        put_entry(conn, clinic.register.site, body)
        conn.execute(
            text("INSERT INTO entry_key (site, key, idx) VALUES (:s, 'patient:pt_00000000', :i)"),
            {"s": clinic.register.site, "i": size},
        )
        verdict = check_in(clinic, conn)
    assert [(one.check, one.index) for one in verdict.findings] == [("signatures", size)], said(verdict)
    assert "attest" in verdict.findings[0].expected


def test_a_row_put_between_two_others_of_a_derived_table_is_named(clinic: Clinic) -> None:
    with as_administrator(clinic) as conn:
        at = conn.execute(text("SELECT min(idx) FROM posting")).scalar_one()
        conn.execute(
            text(
                "INSERT INTO posting SELECT site, idx, line + 100, account, container, session, strength, form,"
                " mass_ug, occurred_ms FROM posting WHERE idx = :i"
            ),
            {"i": at},
        )
        conn.execute(
            text("INSERT INTO entry_key SELECT DISTINCT site, 'container:c_0000', idx FROM entry_key WHERE idx = 3")
        )
        verdict = check_in(clinic, conn)
    assert found(verdict, "tables") == {at, 3}


def test_a_tail_cut_off_with_the_head_left_is_named_at_the_first_entry_that_is_gone(clinic: Clinic) -> None:
    with as_administrator(clinic) as conn:
        conn.execute(text("DELETE FROM log_entry WHERE idx >= 30"))
        verdict = check_in(clinic, conn)
    assert found(verdict, "order") == {30}
    assert found(verdict, "signer") == {30}


def test_a_tail_cut_off_with_everything_that_spoke_of_it_is_named_by_the_signers_store(clinic: Clinic) -> None:
    with as_administrator(clinic) as conn:
        kept = conn.execute(text("SELECT min(size) FROM checkpoint")).scalar_one()
        cut(conn, kept)
        verdict = check_in(clinic, conn)
    assert [(one.check, one.index) for one in verdict.findings] == [("signer", kept)], said(verdict)
    assert "some were lost, or a backup was restored" in verdict.findings[0].found


def test_a_checkpoint_replaced_by_one_of_another_key_is_named(clinic: Clinic) -> None:
    with as_administrator(clinic) as conn:
        size, root = conn.execute(text("SELECT size, root FROM checkpoint ORDER BY size LIMIT 1")).one()
        note = sign(
            Checkpoint(clinic.register.origin, size, bytes(root)), SigningKey(clinic.register.origin, b"k" * 32)
        )
        conn.execute(text("UPDATE checkpoint SET note = :note WHERE size = :size"), {"note": note, "size": size})
        verdict = check_in(clinic, conn)
    # The time token is over the first checkpoint as it was: the entry that names it is the next.
    assert [(one.check, one.index) for one in verdict.findings] == [("time", size), ("checkpoint", size - 1)]


def test_a_checkpoint_signed_with_the_logs_own_key_over_another_root_is_named(clinic: Clinic) -> None:
    with as_administrator(clinic) as conn:
        size = conn.execute(text("SELECT min(size) FROM checkpoint")).scalar_one()
        note = sign(
            Checkpoint(clinic.register.origin, size, b"\x07" * 32), clinic.signer.signing_key(clinic.register.origin)
        )
        conn.execute(
            text("UPDATE checkpoint SET note = :note, root = :root WHERE size = :size"),
            {"note": note, "root": b"\x07" * 32, "size": size},
        )
        verdict = check_in(clinic, conn)
    assert [(one.check, one.index) for one in verdict.findings] == [("time", size), ("root", size - 1)]


@pytest.mark.parametrize("clinic", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    "table", ["log_entry", "log_head", "log_node", "checkpoint", "posting", "entry_key", "account"]
)
def test_a_row_there_twice_is_named_and_stops_nothing(clinic: Clinic, table: str) -> None:
    with as_administrator(clinic) as conn:
        conn.execute(text(f"INSERT INTO {table} SELECT * FROM {table}"))
        verdict = check_in(clinic, conn)
    if table != "checkpoint":  # the very same checkpoint twice says nothing twice
        assert not verdict.holds
    assert verdict.size == size_after(clinic)


def size_after(clinic: Clinic) -> int:
    with clinic.register.engine.connect() as conn:
        return size_of(conn)


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"\xff\xfe", b"null", b"[" * 2000, b'{"act":{},"v":1}', b'{"v":2}', b"\x00" * 20_000],
    ids=["empty", "object", "no text", "null", "deep", "no facts", "later version", "long"],
)
def test_bytes_that_are_no_entry_are_named_and_everything_else_is_still_checked(clinic: Clinic, body: bytes) -> None:
    with as_administrator(clinic) as conn:
        conn.execute(
            text("UPDATE log_entry SET body = :b, leaf = :l WHERE idx = 20"), {"b": body, "l": leaf_hash(body)}
        )
        conn.execute(text("UPDATE posting SET form = 'gas' WHERE idx = (SELECT max(idx) FROM posting)"))
        last = conn.execute(text("SELECT max(idx) FROM posting")).scalar_one()
        verdict = check_in(clinic, conn)
    unread = found(verdict, "bytes") | {one.index for one in verdict.unchecked}
    assert 20 in unread
    assert last in found(verdict, "tables")
    assert not verdict.holds


def test_a_trigger_taken_away_is_named(clinic: Clinic) -> None:
    with as_administrator(clinic) as conn:
        verdict = check_in(clinic, conn, guarded=("log_entry", "log_node", "log_head", "checkpoint", "entry_key"))
    assert {one.check for one in verdict.findings} == {"tables"}
    assert {"posting_no_update", "posting_no_delete"} <= {one.expected.split()[-1] for one in verdict.findings}


def test_a_log_told_anew_with_the_same_keys_is_named_by_the_signers_store(clinic: Clinic, tmp_path: Path) -> None:
    with as_administrator(clinic) as conn:
        held = clinic.signer.held(clinic.register.origin)
        assert held is not None
        other = KeptSigner(shutil.copytree(clinic.signer.folder, tmp_path / "other"), clinic.source.randbytes)
        key = other.signing_key(clinic.register.origin)
        note = sign(Checkpoint(clinic.register.origin, held.size, b"\x07" * 32), key)
        other_held = Held(size=held.size, root=b"\x07" * 32, note=note)
        signer_store.swap(other.store, clinic.register.origin, held, other_held)
        verdict = check_in(clinic, conn, signer=other)
    assert [(one.check, one.index) for one in verdict.findings] == [("signer", held.size - 1)]
    assert "another history" in verdict.findings[0].found


def test_a_signer_that_never_signed_for_this_log_is_no_silent_start(clinic: Clinic, tmp_path: Path) -> None:
    with as_administrator(clinic) as conn:
        forgetful = KeptSigner(shutil.copytree(clinic.signer.folder, tmp_path / "other"), clinic.source.randbytes)
        forgetful.store.unlink()
        verdict = check_in(clinic, conn, signer=forgetful)
    assert [(one.check, one.found) for one in verdict.findings] == [("signer", "it never signed for this log")]


def test_an_earlier_checkpoint_given_from_outside_anchors_the_log_up_to_its_size(clinic: Clinic) -> None:
    with as_administrator(clinic) as conn:
        size, note = conn.execute(text("SELECT size, note FROM checkpoint ORDER BY size LIMIT 1")).one()
        verdict = check_in(clinic, conn, anchor=note)
    assert verdict.anchored_size == size
    assert verdict.sentence == (
        f"Unaltered up to entry {size - 1}, as the head known outside shows; consistent, unanchored since entry {size}."
    )


def test_a_log_that_does_not_extend_the_checkpoint_given_is_named(clinic: Clinic) -> None:
    note = sign(Checkpoint(clinic.register.origin, 12, b"\x07" * 32), clinic.signer.signing_key(clinic.register.origin))
    with as_administrator(clinic) as conn:
        verdict = check_in(clinic, conn, anchor=note)
    assert [(one.check, one.index) for one in verdict.findings] == [("extends", 11)]
    assert verdict.anchored_size == 0
