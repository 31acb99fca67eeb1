"""Passwords, the lockout and password links, on a real database of each engine."""

import dataclasses
import threading
import time

import pytest
from sqlalchemy import func, select, text

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
from audit.storage import people
from audit.storage.engine import open_engine, read, write
from tests.accounts import MINUTE, NOON, QUICK, RIGHT, SITE, enrol_nurse, open_accounts


@pytest.fixture
def engine(database_url):
    with open_accounts(database_url) as engine:
        yield engine


@pytest.fixture
def nurse(engine):
    return enrol_nurse(engine)


def check(engine, password, who="c.placeholder@clinic.example", at_ms=NOON):
    return check_password(engine, SITE, who, password, now_ms=at_ms, cost=QUICK)


def fail(engine, times, who="c.placeholder@clinic.example", at_ms=NOON):
    return [check(engine, "wrong password here", who, at_ms) for _ in range(times)]


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


def test_an_unknown_name_costs_as_much_work_as_a_known_one(engine, nurse):
    cost = Cost(memory_kib=64 * 1024, passes=3, lanes=4)
    with write(engine) as conn:
        people.set_password(conn, SITE, "p_nurse", password_hash=hash_password(RIGHT, cost), at_ms=NOON)

    def seconds(who):
        begun = time.perf_counter()
        check_password(engine, SITE, who, "wrong password here", now_ms=NOON, cost=cost)
        return time.perf_counter() - begun

    known, unknown = (min(seconds(who) for _ in range(3)) for who in ("p_nurse", "nobody@clinic.example"))
    # Without the hashing an unknown name would be answered in a tenth of the time.
    assert unknown > known / 2


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
