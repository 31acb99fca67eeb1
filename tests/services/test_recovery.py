"""A restored or cut database: refilled from the mirror, or followed by a log that names the gap; on both engines."""

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from audit.domain import commands
from audit.services.acts import with_factors
from audit.services.administering import Administrator
from audit.services.mirror import mirror, read_mirror
from audit.services.opening import find_register
from audit.services.publish import SignerRefused, Standing, publish
from audit.services.refill import refill
from audit.services.register import Register
from audit.services.row_statement import Learnt, state_row
from audit.services.succession import succeed, successor_of
from audit.services.verify import Installation, Verdict, verify_site
from audit.services.watch import Watch
from audit.storage import checkpoints, ledger, log, tree
from audit.storage.engine import read
from audit.tlog.entry import decode_entry
from tests.clinic import OFFSET_MIN, Clinic, start_clinic
from tests.domain.paper import refused


def administrator(clinic: Clinic, who: str = "A") -> Administrator:
    """Return a person acting with their password."""
    return Administrator(
        person=clinic.people[who], standing=with_factors("password"), nonce=clinic.nonce(), offset_min=OFFSET_MIN
    )


def check(clinic: Clinic, register: Register) -> Verdict:
    """Verify a log with all that the installation has."""
    around = Installation(keyring=clinic.ground.keyring, signer=clinic.signer)
    return verify_site(register.engine, register.site, around, now_ms=clinic.clock.now_ms)


def bodies(register: Register) -> list[bytes]:
    """Return the bytes of every entry."""
    with read(register.engine) as conn:
        return [entry.body for entry in log.entries(conn, register.site)]


def in_house(clinic: Clinic, register: Register) -> Clinic:
    """Return the clinic as it goes on over another register."""
    ground = dataclasses.replace(clinic.ground, engine=register.engine)
    return dataclasses.replace(clinic, register=register, ground=ground)


def a_day(clinic: Clinic) -> None:
    """Let a delivery come, a session be held and corrected, two people count; without patients' names."""
    vials = clinic.receive(count=3)
    clinic.count("A", "B", lots={(clinic.products["50"], "EX-5390"): 2}, levels={})
    session = clinic.open_session("A")
    syringe = clinic.draw("A", session, vials[0], 1000)
    clinic.run("A", session, syringe, rate_ul_per_h=1200, minutes=40)
    first = clinic.read("A", syringe, 210)
    clinic.record(
        [
            clinic.order("A", commands.StrikeEntry(of=first.ref, reason="mistyped", replacements=1)),
            clinic.order("A", commands.ReadRemainder(container=syringe, volume_ul=200), answers_strike=True),
        ]
    )
    clinic.enrol("E", "nurse")
    clinic.checkpoint()


@pytest.fixture
def lost(clinic: Clinic, backup: Callable[[], Register], tmp_path: Path) -> tuple[Clinic, Register, Path]:
    """A clinic whose database was restored from a backup of before its day; its signer and its mirror know the day."""
    clinic.checkpoint()
    restored = backup()
    a_day(clinic)
    mirror(clinic.register, tmp_path / "mirror")
    return clinic, restored, tmp_path / "mirror"


def test_lost_entries_come_back_byte_for_byte_and_the_register_goes_on(lost) -> None:
    clinic, restored, folder = lost
    watch = Watch(restored, clinic.signer)
    assert watch.look() is Standing.BEHIND
    with refused("read_only"):
        watch.check_writable()
    before, whole = bodies(restored), bodies(clinic.register)
    entry = refill(restored, clinic.signer, read_mirror(folder, restored.origin).entries(), administrator(clinic))
    assert bodies(restored)[: len(whole)] == whole
    with read(restored.engine) as conn:
        roots = [tree.root(conn, restored.site, size).hex() for size in (len(before), len(whole))]
    assert (entry.event.from_size, entry.event.size) == (len(before), len(whole))
    assert [entry.event.from_root, entry.event.root] == roots
    assert watch.look() is Standing.AHEAD
    watch.check_writable()
    assert watch.look() is Standing.EQUAL
    in_house(clinic, restored).receive()
    watch.sign()
    verdict = check(clinic, restored)
    # What is sealed is in no mirror; all that is derived from entries is there again.
    assert {one.check for one in verdict.findings} == {"seals", "tables"}
    assert {one.expected.split(",")[0] for one in verdict.findings if one.check == "tables"} == {"account.password"}


def test_every_table_derived_from_refilled_entries_is_what_it_was(lost) -> None:
    clinic, restored, folder = lost
    refill(restored, clinic.signer, read_mirror(folder, restored.origin).entries(), administrator(clinic))
    size = len(bodies(clinic.register))
    for table in ("posting", "entry_key", "log_node"):
        rows = []
        for register in (clinic.register, restored):
            with read(register.engine) as conn:
                where = "idx < :size" if table != "log_node" else "(idx + 1) * (1 << CAST(level AS INTEGER)) <= :size"
                found = conn.execute(text(f"SELECT * FROM {table} WHERE {where}"), {"size": size})
                rows.append(sorted(map(tuple, found), key=repr))
        assert rows[0] == rows[1], table


def test_a_mirror_that_does_not_reach_the_signers_head_changes_nothing(lost) -> None:
    clinic, restored, _ = lost
    before, whole = bodies(restored), bodies(clinic.register)
    with refused("mirror_short"):
        refill(restored, clinic.signer, whole[:-1], administrator(clinic))
    other = whole[len(before)].replace(b"EX-5390", b"EX-5391")
    with refused("mirror_differs"):
        refill(
            restored, clinic.signer, [*whole[: len(before)], other, *whole[len(before) + 1 :]], administrator(clinic)
        )
    with refused("mirror_unreadable"):
        refill(restored, clinic.signer, [*before, b"{}", *whole], administrator(clinic))
    assert bodies(restored) == before


def test_a_mirror_of_another_history_of_the_same_length_changes_nothing(lost) -> None:
    clinic, restored, _ = lost
    before, size = bodies(restored), len(bodies(clinic.register))
    copy = in_house(clinic, restored)
    copy.receive(count=1)
    while len(bodies(restored)) < size:
        copy.receive(count=1)
    forged = bodies(restored)
    held = clinic.signer.held(restored.origin)
    assert len(forged) >= held.size
    with refused("nothing_missing"):
        refill(restored, clinic.signer, forged, administrator(clinic))
    assert bodies(restored)[: len(before)] == before
    assert Watch(restored, clinic.signer).look() is Standing.FORKED


def test_only_an_administrator_fills_in_and_a_whole_register_has_nothing_to_fill(lost) -> None:
    clinic, restored, folder = lost
    with refused("nothing_missing"):
        refill(clinic.register, clinic.signer, bodies(clinic.register), administrator(clinic))
    with refused("not_your_role"):
        refill(restored, clinic.signer, read_mirror(folder, restored.origin).entries(), administrator(clinic, "M"))


@pytest.mark.parametrize("way", ["behind", "forked"])
def test_a_log_beyond_repair_is_followed_by_one_that_names_the_gap(lost, way: str) -> None:
    clinic, restored, _ = lost
    if way == "forked":
        in_house(clinic, restored).receive(count=1)
        while len(bodies(restored)) < clinic.signer.held(restored.origin).size:
            in_house(clinic, restored).receive(count=1)
    held, before = clinic.signer.held(restored.origin), bodies(restored)
    house = in_house(clinic, restored)
    following = succeed(house.ground, restored, administrator(clinic))
    opened = decode_entry(bodies(following)[0])
    with read(restored.engine) as conn:
        surviving = tree.root(conn, restored.site, len(before)).hex()
    assert opened.log == following.origin == "audit.example.org/log/example-clinic/2"
    assert opened.facts["succeeds"] == {
        "log": "audit.example.org/log/example-clinic",
        "root": held.root.hex(),
        "size": held.size,
        "surviving_root": surviving,
        "surviving_size": len(before),
    }
    assert bodies(restored) == before
    assert find_register(house.ground).origin == following.origin
    watch = Watch(following, clinic.signer)
    assert watch.look() is Standing.AHEAD
    watch.check_writable()
    verdict = check(clinic, following)
    assert verdict.findings == ()
    (notice,) = verdict.notices
    assert notice.found == (
        f"it follows audit.example.org/log/example-clinic: of {held.size} entries known there, {len(before)} survive"
    )


def test_everybody_goes_on_in_the_next_log_with_the_password_they_had(lost) -> None:
    clinic, restored, _ = lost
    house = in_house(clinic, restored)
    following = succeed(house.ground, restored, administrator(clinic))
    with read(following.engine) as conn:
        book = ledger.load_book(conn, following.site, {f"person:{one}" for one in clinic.people.values()})
        rows = conn.execute(text("SELECT person, password, active FROM account WHERE site = 'example-clinic/2'")).all()
    assert {one.sign_in: one.roles for one in book.persons.values()} == {
        "a.example": ("clinician", "manager", "administrator"),
        "b.example": ("clinician",),
        "m.example": ("clinician", "manager"),
    }
    assert {tuple(row) for row in rows} == {(clinic.people[who], f"synthetic-hash-{who}", 1) for who in ("A", "B", "M")}
    next_house = in_house(clinic, following)
    next_house.receive()
    next_house.checkpoint()
    assert check(clinic, following).findings == ()


def test_a_whole_log_is_not_followed(clinic: Clinic) -> None:
    clinic.checkpoint()
    with refused("log_whole"):
        succeed(clinic.ground, clinic.register, administrator(clinic))


@pytest.mark.parametrize(
    ("origin", "following"), [("a.example/log/x", "a.example/log/x/2"), ("a.example/log/x/9", "a.example/log/x/10")]
)
def test_logs_that_follow_are_numbered(origin: str, following: str) -> None:
    assert successor_of(origin) == following


def test_nothing_is_signed_before_an_administrator_states_where_the_signer_goes_on(clinic: Clinic) -> None:
    clinic.checkpoint()
    clinic.register_patient()
    with read(clinic.register.engine) as conn:
        kept = checkpoints.latest(conn, clinic.register.site)
    clinic.signer.store.unlink()
    watch = Watch(clinic.register, clinic.signer)
    assert watch.look() is Standing.NO_ROW
    with pytest.raises(SignerRefused, match="nobody has stated its head"):
        clinic.checkpoint()
    with refused("not_your_role"):
        state_row(clinic.register, clinic.signer, administrator(clinic, "M"), ())
    assert clinic.signer.held(clinic.register.origin) is None
    entry = state_row(clinic.register, clinic.signer, administrator(clinic), ())
    assert (entry.event.size, entry.event.root) == (kept.size, kept.root.hex())
    assert entry.event.source == "administrator"
    assert state_row(clinic.register, clinic.signer, administrator(clinic), ()) is None
    assert watch.look() is Standing.AHEAD
    watch.check_writable()
    assert watch.look() is Standing.EQUAL
    with refused("row_known"):
        state_row(clinic.register, clinic.signer, administrator(clinic), ())
    assert check(clinic, clinic.register).findings == ()


def test_the_cosigners_head_goes_before_the_databases_own(clinic: Clinic) -> None:
    clinic.checkpoint()
    held = clinic.signer.held(clinic.register.origin)
    clinic.signer.store.unlink()
    known = Learnt(who="pharmacy.example.org/cosigner", size=held.size + 5, root=b"\x07" * 32)
    with refused("head_beyond"):
        state_row(clinic.register, clinic.signer, administrator(clinic), (known,))
    with refused("other_head_known"):
        other = dataclasses.replace(known, size=held.size)
        state_row(clinic.register, clinic.signer, administrator(clinic), (other,))
    same = dataclasses.replace(known, size=held.size, root=held.root)
    assert state_row(clinic.register, clinic.signer, administrator(clinic), (same,)).event.source == "cosigners"


def test_a_cut_database_whose_signer_was_wiped_too_is_told_by_a_cosigner(clinic: Clinic, backup) -> None:
    clinic.checkpoint()
    restored = backup()
    clinic.receive()
    clinic.checkpoint()
    held = clinic.signer.held(clinic.register.origin)
    clinic.signer.store.unlink()
    learnt = (Learnt(who="pharmacy.example.org/cosigner", size=held.size, root=held.root),)
    with refused("head_beyond"):
        state_row(restored, clinic.signer, administrator(clinic), learnt)
    with pytest.raises(SignerRefused):
        publish(restored.engine, restored.site, restored.origin, clinic.signer)


def test_a_log_begun_anew_under_a_name_that_the_signer_knows_is_refused(
    clinic: Clinic, migrated_sqlite, tmp_path
) -> None:
    clinic.checkpoint()
    url = f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'anew.db')}"
    with refused("signer_ahead"):
        start_clinic(url, tmp_path)
