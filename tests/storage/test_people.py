"""Accounts and sign-ins, on a real database of each engine."""

import dataclasses

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from audit.services.signins import SignIns
from audit.storage import people, signins
from audit.storage.engine import read, write
from tests.accounts import MINUTE, NOON, SITE, enrol_nurse, open_accounts


@pytest.fixture
def engine(database_url):
    with open_accounts(database_url) as engine:
        yield engine


@pytest.fixture
def nurse(engine):
    return enrol_nurse(engine)


def cut_short(engine, change):
    with write(engine) as conn:
        change(conn)
        raise RuntimeError("power cut before the commit")


def test_an_account_reads_back_as_it_was_enrolled_with_its_sign_in_name_folded(engine, nurse):
    with read(engine) as conn:
        found = people.by_person(conn, SITE, "p_nurse")
        assert people.by_sign_in(conn, SITE, " C.PLACEHOLDER@clinic.example ") == found
        assert people.all_of(conn, SITE) == (found,)
        assert people.by_person(conn, "elsewhere", "p_nurse") is None
    assert found == dataclasses.replace(nurse, sign_in="c.placeholder@clinic.example")
    assert nurse.password_hash not in repr(found)


def test_two_people_never_share_a_sign_in_name(engine, nurse):
    twin = dataclasses.replace(nurse, person="p_other", sign_in="c.placeholder@CLINIC.example")
    with pytest.raises(IntegrityError), write(engine) as conn:
        people.enrol(conn, twin)


def test_a_role_that_does_not_exist_is_never_stored(engine, nurse):
    with pytest.raises(ValueError, match="unknown role owner"), write(engine) as conn:
        people.set_roles(conn, SITE, "p_nurse", roles={"clinician", "owner"}, at_ms=NOON)


def test_changing_somebody_unknown_is_not_passed_over(engine):
    with pytest.raises(LookupError, match="p_nobody"), write(engine) as conn:
        people.end(conn, SITE, "p_nobody", at_ms=NOON)


@pytest.mark.parametrize(
    "change",
    [
        lambda conn: people.end(conn, SITE, "p_nurse", at_ms=NOON),
        lambda conn: people.set_roles(conn, SITE, "p_nurse", roles={"manager"}, at_ms=NOON),
        lambda conn: people.set_password(conn, SITE, "p_nurse", password_hash="$argon2id$x", at_ms=NOON),
    ],
    ids=["person ended", "roles changed", "password changed"],
)
def test_open_sign_ins_end_in_the_same_transaction_as_the_change(engine, nurse, change):
    desk = SignIns(engine=engine, site=SITE)
    desk.start(nurse, token="one tablet", now_ms=NOON)
    desk.start(nurse, token="another tablet", now_ms=NOON)
    with pytest.raises(RuntimeError, match="power cut"):
        cut_short(engine, change)
    assert desk.find("one tablet", now_ms=NOON) is not None
    with write(engine) as conn:
        change(conn)
    assert desk.find("one tablet", now_ms=NOON) is None
    assert desk.find("another tablet", now_ms=NOON) is None


def test_a_sign_in_of_one_site_is_nothing_at_another(engine, nurse):
    SignIns(engine=engine, site=SITE).start(nurse, token="tablet", now_ms=NOON)
    assert SignIns(engine=engine, site="elsewhere").find("tablet", now_ms=NOON) is None


def test_a_sign_in_ends_when_left_alone_for_half_an_hour(engine, nurse):
    desk = SignIns(engine=engine, site=SITE)
    desk.start(nurse, token="tablet", now_ms=NOON)
    assert desk.find("tablet", now_ms=NOON + 29 * MINUTE) is not None
    assert desk.find("tablet", now_ms=NOON + 58 * MINUTE) is not None
    assert desk.find("tablet", now_ms=NOON + 88 * MINUTE) is None


def test_a_sign_in_in_constant_use_ends_after_twelve_hours(engine, nurse):
    desk = SignIns(engine=engine, site=SITE)
    desk.start(nurse, token="tablet", now_ms=NOON)
    for minutes in range(20, 12 * 60, 20):
        assert desk.find("tablet", now_ms=NOON + minutes * MINUTE) is not None, minutes
    assert desk.find("tablet", now_ms=NOON + 12 * 60 * MINUTE) is None


def test_whoever_reads_the_database_finds_no_token(engine, nurse):
    SignIns(engine=engine, site=SITE).start(nurse, token="secret-token", now_ms=NOON)
    with read(engine) as conn:
        (stored,) = conn.execute(select(people.sign_in.c.id)).scalars()
    # printf secret-token | sha256sum
    assert bytes(stored).hex() == "930bbdc51b6aed5c2a5678fd6e28dee7a05e8a4b643cfc0b4427c3efb86c0d94"


def test_figures_seen_are_remembered_after_signing_out(engine, nurse):
    desk = SignIns(engine=engine, site=SITE)
    assert desk.figures_seen_ms("p_nurse") is None
    desk.start(nurse, token="morning", now_ms=NOON)
    desk.mark_figures_seen("morning", now_ms=NOON + 5)
    desk.stop("morning", now_ms=NOON + 6)
    desk.start(nurse, token="evening", now_ms=NOON + 7)
    assert desk.figures_seen_ms("p_nurse") == NOON + 5
    assert desk.find("morning", now_ms=NOON + 8) is None
    assert desk.find("evening", now_ms=NOON + 8) is not None


def test_the_clock_going_backwards_never_moves_a_sign_in_back(engine, nurse):
    desk = SignIns(engine=engine, site=SITE)
    desk.start(nurse, token="tablet", now_ms=NOON)
    signins.touch(engine, token="tablet", now_ms=NOON - 60 * MINUTE)
    assert desk.find("tablet", now_ms=NOON + 29 * MINUTE) is not None


def test_who_is_signed_in_can_go_on_reading_when_nothing_can_be_written(engine, nurse, caplog):
    desk = SignIns(engine=engine, site=SITE)
    desk.start(nurse, token="tablet", now_ms=NOON)
    with write(engine) as conn:
        # The next write of the last-seen time meets a constraint that no time satisfies.
        conn.execute(text("CREATE UNIQUE INDEX only_one ON sign_in (seen_ms)"))
        signins.start(conn, SITE, person="p_nurse", token="other", now_ms=NOON + 5 * MINUTE)
    assert desk.find("tablet", now_ms=NOON + 5 * MINUTE).person == "p_nurse"
    assert [record.getMessage() for record in caplog.records] == [
        "a sign-in could not be noted as in use: IntegrityError"
    ]
