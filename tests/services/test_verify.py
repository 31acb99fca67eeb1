"""Rules of log-format section 10 on logs in good form: hashes and attestations hold, and still a rule is broken."""

import dataclasses

import pytest

from audit.domain import events
from audit.services.verify import Source, verify
from audit.services.verifying.source import Row
from audit.tlog.keys import SigningKey
from audit.tlog.merkle import leaf_hash, root
from tests.services.stated import START_MS, A, B, C, Log, draw, person, read, receipt, waste, witness


@pytest.fixture
def log() -> Log:
    """Four entries in: A administers, B is a clinician, C clinician and manager."""
    return Log()


@pytest.fixture
def wasted() -> Log:
    """A drew (5), gave and read (6) and wasted (7)."""
    made = Log()
    made.state(A, receipt("c_0001"))
    made.state(A, draw("c_0001", "c_0002"), "signed_in")
    made.state(A, read("c_0002"), "signed_in")
    made.state(A, waste("c_0002"))
    return made


def test_a_log_by_the_rules_has_no_fault_and_lists_acts_that_nobody_signed(wasted: Log) -> None:
    wasted.state(B, witness(wasted.ref(7), "c_0002"))
    verdict = wasted.verdict()
    assert verdict.findings == ()
    assert verdict.unsigned == (5, 6)
    assert verdict.holds


# ---------------------------------------------------------------- 2 and 3: order and clock


def test_an_entry_of_another_log_is_named(log: Log) -> None:
    log.state(A, person("p_dddd", "clinician"), log="audit.example.org/log/elsewhere")
    assert ("order", 4, "log audit.example.org/log/elsewhere") in log.faults()


def test_an_entry_that_says_another_place_is_named(log: Log) -> None:
    log.state(A, person("p_dddd", "clinician"), index=9)
    assert ("order", 4, "index 9") in log.faults()


def test_an_entry_that_names_another_one_before_it_is_named(log: Log) -> None:
    log.state(A, person("p_dddd", "clinician"), prev="ab" * 32)
    assert log.faults() == [("order", 4, f"prev {'ab' * 32}")]


def test_a_log_that_does_not_begin_with_its_opening_or_opens_twice_is_named(log: Log) -> None:
    log.bodies = log.bodies[1:2]
    assert ("order", 0, "person_enrolled") in log.faults()
    twice = Log()
    twice.bodies.append(twice.bodies[0])
    assert ("order", 4, "log_opened") in twice.faults()


def test_the_recorded_time_falls_only_in_a_stepped_clock_that_says_from_where_to_where(log: Log) -> None:
    before, after = START_MS + 3000, START_MS - 60_000
    log.state("service", events.ClockStepped(from_ms=before, to_ms=after), "service", recorded_ms=after)
    log.state(A, person("p_dddd", "clinician"), recorded_ms=after)
    assert log.faults() == []
    log.state(A, person("p_eeee", "clinician"), recorded_ms=after - 1)
    assert log.faults() == [("clock", 6, f"recorded_ms {after - 1}")]


def test_a_stepped_clock_that_states_other_times_than_the_entries_is_named(log: Log) -> None:
    stepped = events.ClockStepped(from_ms=START_MS, to_ms=START_MS - 60_000)
    log.state("service", stepped, "service", recorded_ms=START_MS - 60_000)
    assert [(check, index) for check, index, _ in log.faults()] == [("clock", 4)]


# ---------------------------------------------------------------- 7: signatures, roles, nonces, heads seen


def test_an_attestation_by_another_key_is_named(log: Log) -> None:
    log.state(A, person("p_dddd", "clinician"), key=SigningKey("audit.example.org/log/example/service", b"x" * 32))
    assert log.faults() == [("signatures", 4, "an attest that does not hold")]


def test_the_factor_demo_is_a_fault_outside_a_demo_log_and_none_inside() -> None:
    real, demo = Log(), Log(is_demo=True)
    for one in (real, demo):
        one.state(A, person("p_dddd", "clinician"), factors=["demo"])
    assert real.faults() == [("signatures", 4, "factor demo")]
    assert demo.faults() == []
    assert (real.verdict().is_demo, demo.verdict().is_demo) == (False, True)


def test_the_service_states_service_kinds_and_nobody_else_does(log: Log) -> None:
    log.state("service", person("p_dddd", "clinician"), "service")
    stepped = events.ClockStepped(from_ms=START_MS + 4000, to_ms=START_MS + 5000)
    log.state(A, stepped)
    log.state("service", person("p_eeee", "clinician"))
    assert [(index, said) for _, index, said in log.faults()] == [
        (4, "person_enrolled by the service"),
        (5, f"password_totp by {A}"),
        (6, "password_totp by service"),
    ]


def test_an_act_that_must_be_signed_is_named_when_its_actor_was_only_signed_in(log: Log) -> None:
    log.state(A, receipt("c_0001"), "signed_in")
    assert log.faults() == [("signatures", 4, "signed_in")]


@pytest.mark.parametrize(
    ("actor", "found"), [(B, "roles clinician"), ("p_zzzz", "p_zzzz, enrolled by no entry before")]
)
def test_an_actor_without_the_role_or_never_enrolled_is_named(log: Log, actor: str, found: str) -> None:
    log.state(actor, person("p_dddd", "clinician"))
    assert log.faults() == [("signatures", 4, found)]


def test_roles_count_as_they_were_at_the_entry(log: Log) -> None:
    log.state(A, receipt("c_0001"))
    log.state(A, events.RolesChanged(person=B, roles=("manager",)))
    log.state(B, draw("c_0001", "c_0002"), "signed_in")
    log.state(A, events.PersonEnded(person=C, reason="left"))
    log.state(C, receipt("c_0003"))
    assert log.faults() == [("signatures", 6, "roles manager"), ("signatures", 8, f"{C}, ended before")]


def test_a_nonce_used_twice_is_named(log: Log) -> None:
    log.state(A, person("p_dddd", "clinician"), nonce=f"{2:032x}")
    assert log.faults() == [("signatures", 4, "the nonce of entry 2")]


def test_a_head_said_to_be_seen_is_one_of_this_log(log: Log) -> None:
    right = root([leaf_hash(body) for body in log.bodies[:3]]).hex()
    log.state(A, person("p_dddd", "clinician"), seen={"root": right, "size": 3})
    assert log.faults() == []
    log.state(A, person("p_eeee", "clinician"), seen={"root": "ab" * 32, "size": 3})
    log.state(A, person("p_ffff", "clinician"), seen={"root": right, "size": 7})
    assert [(index, found) for _, index, found in log.faults()] == [(5, f"root {'ab' * 32}"), (6, "size 7")]


def test_a_kind_or_version_not_known_here_is_not_checked_and_never_passed(log: Log) -> None:
    log.state(A, person("p_dddd", "clinician"), kind="vial_blessed")
    log.state(A, person("p_eeee", "clinician"), v=2)
    verdict = log.verdict()
    assert [(one.index, one.why) for one in verdict.unchecked] == [
        (4, "kind vial_blessed version 1 is not known here"),
        (5, "kind person_enrolled version 2 is not known here"),
    ]
    assert (verdict.findings, verdict.holds) == ((), False)


def test_facts_beyond_their_limits_or_a_session_where_none_belongs_are_named(log: Log) -> None:
    log.state(A, person("p_dddd", "clinician"), facts={"person": "p_dddd"})
    log.state(A, person("p_eeee", "clinician"), session="s_0001")
    assert [(check, index) for check, index, _ in log.faults()] == [("bytes", 4), ("bytes", 5)]


# ---------------------------------------------------------------- 7: acts signed


def signing(log: Log, *indexes: int, **more: object) -> events.ActsSigned:
    stated = {
        "from_index": indexes[0],
        "to_index": indexes[-1],
        "leaf": log.ref(indexes[-1]).leaf,
        "indexes": indexes,
    } | more
    return events.ActsSigned(**stated)  # type: ignore[arg-type]


def test_acts_signed_by_their_actor_are_unsigned_no_more(wasted: Log) -> None:
    wasted.state(A, signing(wasted, 5, 6))
    assert wasted.faults() == []
    assert wasted.verdict().unsigned == ()


def test_nobody_signs_anothers_acts_or_acts_already_signed_at_the_act(wasted: Log) -> None:
    wasted.state(B, signing(wasted, 5))
    wasted.state(A, signing(wasted, 6, 7))
    assert wasted.faults() == [
        ("signatures", 8, f"entry 5, signed_in by {A}"),
        ("signatures", 9, f"entry 7, password_totp by {A}"),
    ]


@pytest.mark.parametrize("wrong", [{"leaf": "ab" * 32}, {"from_index": 4}, {"to_index": 5}, {"indexes": (6, 5)}])
def test_a_signing_that_does_not_name_what_it_covers_exactly_is_named(wasted: Log, wrong: dict[str, object]) -> None:
    wasted.state(A, signing(wasted, 5, 6, **wrong))
    assert {index for _, index, _ in wasted.faults()} == {8}


def test_a_signing_of_acts_yet_to_come_is_named(wasted: Log) -> None:
    wasted.state(A, signing(wasted, 5, 6, to_index=20, indexes=(5, 20)))
    assert ("signatures", 8, "to 20") in wasted.faults()


# ---------------------------------------------------------------- 10: the fold


def test_more_taken_than_there_was_is_named_where_it_goes_below_zero() -> None:
    log = Log()
    log.state(A, receipt("c_0001"))
    log.state(A, draw("c_0001", "c_0002", mass_ug=450_000), "signed_in")
    log.state(A, draw("c_0001", "c_0003", mass_ug=100_000), "signed_in")
    assert log.faults() == [("fold", 6, "-50000 ug")]


def test_below_zero_is_judged_only_after_the_last_replacement_of_a_strike() -> None:
    log = Log()
    first = log.state(A, receipt("c_0001"))
    log.state(A, draw("c_0001", "c_0002"), "signed_in")
    log.state(A, events.EntryStruck(of=first, reason="mistyped", replacements=1))
    log.state(A, receipt("c_0001", mass_ug=400_000, replaces=first))
    assert log.faults() == []
    second = log.ref(7)
    log.state(A, events.EntryStruck(of=second, reason="not_done", replacements=0))
    assert log.faults() == [("fold", 8, "-50000 ug")]


def test_postings_that_do_not_sum_to_zero_are_named() -> None:
    log = Log()
    log.state(A, receipt("c_0001"))
    log.state(A, dataclasses.replace(draw("c_0001", "c_0002"), mass_ug=60_000), "signed_in")
    assert [(check, index) for check, index, _ in log.faults()] == [("fold", 5)]


# ---------------------------------------------------------------- any source


def test_rows_missing_twice_or_out_of_order_stop_nothing(wasted: Log) -> None:
    bodies = wasted.bodies
    rows = [Row(index, bodies[index]) for index in (0, 1, 2, 2, 3, 5, 6, 7, 4)] + [Row(10**12, bodies[7])]
    verdict = verify(
        Source(rows=rows, body_at=lambda index: bodies[index] if index < 8 else None, count=10, checkpoints=[])
    )
    assert [(one.index, one.expected, one.found) for one in verdict.findings if one.check == "order"] == [
        (2, "one row at index 2", "another row at index 2"),
        (4, "entry 4", "no such row"),
        (4, "one row at index 4", "another row at index 4"),
        (8, "entries 8 to 999999999999", "no such row"),
        (10**12, f"index {10**12}", "index 7"),
    ]


def test_a_log_with_nothing_in_it_is_named() -> None:
    verdict = verify(Source(rows=[], body_at=lambda _index: None, count=0, checkpoints=[]))
    assert [(one.check, one.found) for one in verdict.findings] == [("order", "no entry")]


def test_progress_tells_every_entry_and_how_many_there_are() -> None:
    log = Log()
    told: list[tuple[int, int]] = []
    source = Source(
        rows=[Row(index, body) for index, body in enumerate(log.bodies)],
        body_at=log.bodies.__getitem__,
        count=4,
        checkpoints=[],
    )
    verify(source, progress=lambda more, count: told.append((more, count)))
    assert (sum(more for more, _ in told), {count for _, count in told}) == (4, {4})
