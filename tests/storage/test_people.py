"""Accounts, sign-ins and the lockout, on a real database of each engine."""

import dataclasses
import threading

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from audit.services.links import VALID_MS, Link, issue_link, read_link, stamp_of
from audit.services.passwords import (
    Checked,
    Cost,
    Denied,
    Fault,
    Why,
    check_password,
    hash_password,
    password_faults,
)
from audit.services.signins import SignIns
from audit.storage import people, signins
from audit.storage.engine import open_engine, read, write
from audit.storage.people import Account
from audit.storage.schema import metadata

SITE = "example"
QUICK = Cost(memory_kib=8, passes=1, lanes=1)
RIGHT = "four unrelated words will do"
NOON = 1_763_985_600_000
MINUTE = 60_000


@pytest.fixture
def engine(database_url):
    engine = open_engine(database_url)
    with write(engine) as conn:
        metadata.create_all(conn, tables=[people.account, people.sign_in, people.attempt])
    yield engine
    engine.dispose()


@pytest.fixture
def nurse(engine):
    account = Account(
        site=SITE,
        person="p_nurse",
        name="RN C. Placeholder",
        sign_in="C.Placeholder@clinic.example",
        profession="nurse",
        licence="RN-0001",
        roles=frozenset({"clinician"}),
        password_hash=hash_password(RIGHT, QUICK),
    )
    with write(engine) as conn:
        people.enrol(conn, account)
    return account


def check(engine, password, who="c.placeholder@clinic.example", at_ms=NOON):
    return check_password(engine, SITE, who, password, now_ms=at_ms, cost=QUICK)


def cut_short(engine, change):
    with write(engine) as conn:
        change(conn)
        raise RuntimeError("power cut before the commit")


def fail(engine, times, who="c.placeholder@clinic.example", at_ms=NOON):
    return [check(engine, "wrong password here", who, at_ms) for _ in range(times)]


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


def test_a_right_password_is_checked_by_sign_in_name_and_by_person(engine, nurse):
    assert isinstance(check(engine, RIGHT), Checked)
    assert isinstance(check(engine, RIGHT, "p_nurse"), Checked)


def test_a_right_password_leaves_the_hash_as_the_log_committed_to_it(engine, nurse):
    check_password(engine, SITE, "p_nurse", RIGHT, now_ms=NOON, cost=Cost(memory_kib=16, passes=2, lanes=1))
    with read(engine) as conn:
        assert people.by_person(conn, SITE, "p_nurse").password_hash == nurse.password_hash


def test_a_password_typed_with_combining_accents_is_the_same_password(engine, nurse):
    with write(engine) as conn:
        hashed = hash_password("crème brûlée au café", QUICK)
        people.set_password(conn, SITE, "p_nurse", password_hash=hashed, at_ms=NOON)
    assert isinstance(check(engine, "cre\u0300me bru\u0302le\u0301e au cafe\u0301"), Checked)
    # Compatibility forms stay apart: NFC, not NFKC.
    assert check(engine, "crème brûlée au c\uff41fé") == Denied(why=Why.WRONG)


def test_five_wrong_passwords_lock_for_fifteen_minutes(engine, nurse):
    answers = fail(engine, 5)
    assert [answer.why for answer in answers] == [Why.WRONG] * 4 + [Why.LOCKED]
    assert answers[4].until_ms == NOON + 15 * MINUTE
    assert check(engine, RIGHT) == Denied(why=Why.LOCKED, until_ms=NOON + 15 * MINUTE)
    assert check(engine, RIGHT, at_ms=NOON + 15 * MINUTE - 1).why is Why.LOCKED
    assert isinstance(check(engine, RIGHT, at_ms=NOON + 15 * MINUTE), Checked)


def test_trying_while_locked_does_not_make_the_lock_longer(engine, nurse):
    fail(engine, 5)
    fail(engine, 20, at_ms=NOON + 14 * MINUTE)
    assert isinstance(check(engine, RIGHT, at_ms=NOON + 15 * MINUTE), Checked)


def test_a_right_password_clears_what_was_wrong_before_even_at_the_fifth_try(engine, nurse):
    for _ in range(3):
        fail(engine, 4)
        assert isinstance(check(engine, RIGHT), Checked)


def test_wrong_passwords_more_than_fifteen_minutes_apart_do_not_add_up(engine, nurse):
    fail(engine, 4)
    assert fail(engine, 1, at_ms=NOON + 15 * MINUTE) == [Denied(why=Why.WRONG)]


def test_the_lockout_is_one_for_the_sign_in_name_and_for_signing_an_act(engine, nurse):
    fail(engine, 3, who="p_nurse")
    fail(engine, 2, who="C.PLACEHOLDER@clinic.example")
    assert check(engine, RIGHT, "p_nurse").why is Why.LOCKED


def test_the_lockout_holds_across_processes(engine, nurse, database_url):
    other = open_engine(database_url)
    fail(engine, 3)
    fail(other, 2)
    assert check(engine, RIGHT).why is Why.LOCKED
    other.dispose()


def test_many_guesses_at_one_moment_get_no_more_than_five_checks(engine, nurse):
    answers = []
    guesses = [threading.Thread(target=lambda: answers.extend(fail(engine, 1))) for _ in range(12)]
    for guess in guesses:
        guess.start()
    for guess in guesses:
        guess.join()
    assert sorted(answer.why for answer in answers) == [Why.LOCKED] * 8 + [Why.WRONG] * 4
    with read(engine) as conn:
        assert conn.execute(select(people.attempt.c.wrong)).scalar_one() == 5


def test_an_unknown_name_gets_the_same_answers_as_a_known_one(engine, nurse):
    known, unknown = fail(engine, 6), fail(engine, 6, who="nobody@clinic.example")
    assert known == unknown


def test_a_password_typed_into_the_name_field_is_not_kept(engine):
    fail(engine, 1, who=RIGHT)
    with read(engine) as conn:
        (subject,) = conn.execute(select(people.attempt.c.subject)).scalars()
    assert subject.startswith("name:")
    assert "unrelated" not in subject


def test_guesses_at_random_names_are_forgotten_after_a_day(engine):
    for number in range(3):
        fail(engine, 1, who=f"guess{number}")
    fail(engine, 1, who="today", at_ms=NOON + 25 * 60 * MINUTE)
    with read(engine) as conn:
        assert conn.execute(select(func.count()).select_from(people.attempt)).scalar_one() == 1


def test_a_lock_from_a_clock_that_was_ahead_does_not_outlive_its_correction(engine, nurse):
    fail(engine, 5, at_ms=NOON + 400 * 24 * 60 * MINUTE)
    assert isinstance(check(engine, RIGHT), Checked)


def test_an_ended_person_is_told_so_only_with_the_right_password(engine, nurse):
    with write(engine) as conn:
        people.end(conn, SITE, "p_nurse", at_ms=NOON)
    assert check(engine, RIGHT) == Denied(why=Why.ENDED)
    assert check(engine, "wrong password here") == Denied(why=Why.WRONG)


def test_nobody_gets_in_before_a_password_is_set(engine, nurse):
    with write(engine) as conn:
        people.enrol(conn, dataclasses.replace(nurse, person="p_new", sign_in="new@clinic.example", password_hash=None))
    assert check(engine, "", "p_new") == Denied(why=Why.NO_PASSWORD)
    assert check(engine, RIGHT, "p_new") == Denied(why=Why.NO_PASSWORD)


@pytest.mark.parametrize("stored", ["", "$argon2id$", "plain text", "$argon2i$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$AAAA"])
def test_a_stored_hash_that_is_none_is_never_right(engine, nurse, stored):
    with write(engine) as conn:
        conn.execute(text("UPDATE account SET password = :stored"), {"stored": stored})
    assert check(engine, stored) == Denied(why=Why.WRONG)


def test_a_hash_is_argon2id_with_the_second_recommended_parameters_of_rfc_9106():
    assert hash_password(RIGHT).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


@pytest.mark.parametrize(
    ("password", "faults"),
    [
        (RIGHT, ()),
        ("elevencharz", (Fault.TOO_SHORT,)),
        ("x" * 200 + "yz! " * 20, (Fault.TOO_LONG,)),
        ("RN C. Placeholder", (Fault.NAMES_PERSON,)),
        ("c.placeholder@clinic.example", (Fault.NAMES_PERSON,)),
        ("c-placeholder-2026", (Fault.NAMES_PERSON,)),
        ("Password-1234", (Fault.COMMON,)),
        ("123456789012", (Fault.COMMON,)),
        ("210987654321", (Fault.COMMON,)),
        ("aaaaaaaaaaaa", (Fault.COMMON,)),
        ("ketamine2026!", (Fault.COMMON,)),
        ("éééé", (Fault.TOO_SHORT, Fault.COMMON)),
    ],
)
def test_a_new_password_is_long_is_not_the_name_and_is_not_among_the_first_guesses(password, faults):
    assert password_faults(password, name="RN C. Placeholder", sign_in="c.placeholder@clinic.example") == faults


def test_a_link_says_who_until_it_runs_out_and_for_its_purpose_only(engine, nurse):
    link = Link(person="p_nurse", stamp=stamp_of(nurse), purpose="password", expires_ms=NOON + VALID_MS)
    token = issue_link(b"secret of this service", link)
    last_ms = NOON + 48 * 60 * MINUTE - 1
    assert read_link(b"secret of this service", token, purpose="password", now_ms=last_ms) == link
    assert read_link(b"secret of this service", token, purpose="password", now_ms=last_ms + 1) is None
    assert read_link(b"secret of this service", token, purpose="set-up", now_ms=NOON) is None
    assert read_link(b"another secret", token, purpose="password", now_ms=NOON) is None
    assert read_link(b"secret of this service", token[:-2] + "xx", purpose="password", now_ms=NOON) is None
    assert read_link(b"secret of this service", "é\0.x", purpose="password", now_ms=NOON) is None


def test_a_link_is_spent_once_the_password_has_changed(engine, nurse):
    with write(engine) as conn:
        people.set_password(
            conn, SITE, "p_nurse", password_hash=hash_password("another one of these", QUICK), at_ms=NOON
        )
    with read(engine) as conn:
        assert stamp_of(people.by_person(conn, SITE, "p_nurse")) != stamp_of(nurse)


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
