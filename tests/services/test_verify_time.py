"""Check 8: recorded times against tokens, over entries stated in good form with the service's own key.

S is 120 s; the tokens here state no accuracy, so it is 120,000 ms to the millisecond. Times are in ms after START_MS.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from audit.domain import events
from audit.services.time_token import build_request, read_reply
from audit.services.verify import Source, Verdict, verify
from audit.services.verifying.source import Row, TimeTokens
from audit.services.verifying.verdict import Check
from audit.tlog.checkpoint import Checkpoint, sign
from audit.tlog.merkle import leaf_hash, root
from tests.services.stated import LOG_KEY, ORIGIN, START_MS, A, Log, person
from tests.time_authority import TestAuthority

DAY = 86_400_000
SLACK = 120_000


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TestAuthority:
    return TestAuthority(tmp_path_factory.mktemp("authority"))


@dataclass
class Dated(Log):
    """A log whose heads an authority dates; `state_at` states an act of A at a moment."""

    by: TestAuthority | None = None
    replies: dict[int, bytes] = field(default_factory=dict)
    notes: dict[int, str] = field(default_factory=dict)

    def state_at(self, moment: int) -> int:
        """An entry recorded then; its index."""
        number = len(self.bodies)
        self.state(A, person(f"p_{number:08d}", "clinician"), recorded_ms=START_MS + moment)
        return number

    def stamp_at(self, moment: int, *, recorded: int | None = None, **facts: object) -> int:
        """Have the head dated at a moment, and state it then or at another; `facts` are stated falsely."""
        assert self.by is not None
        size = len(self.bodies)
        head = Checkpoint(ORIGIN, size, root([leaf_hash(body) for body in self.bodies]))
        self.notes[size] = sign(head, LOG_KEY)
        token = read_reply(self.by.dated(build_request(self.notes[size].encode()).query, START_MS + moment))
        self.replies[size] = token.reply
        right = {"size": size, "root": head.root.hex(), "gen_ms": token.gen_ms, "token_sha256": token.sha256}
        event = events.TimeStamped(**(right | facts))  # type: ignore[arg-type]
        at = START_MS + (moment if recorded is None else recorded)
        return self.state("service", event, method="service", recorded_ms=at).index

    def step(self, from_: int, to: int) -> int:
        """State that the clock was moved."""
        event = events.ClockStepped(from_ms=START_MS + from_, to_ms=START_MS + to)
        return self.state("service", event, method="service", recorded_ms=START_MS + to).index

    def judged(self, *, is_whole: bool = True, certificates: bytes | None = None) -> Verdict:
        """Verify with the tokens; certificates of the authority unless others are given."""
        assert self.by is not None
        tokens = TimeTokens(
            sizes=tuple(sorted(self.replies)),
            reply_at=self.replies.get,
            note_at=self.notes.get,
            certificates=self.by.root.read_bytes() if certificates is None else certificates or None,
            is_whole=is_whole,
        )
        source = Source(
            rows=[Row(index, body) for index, body in enumerate(self.bodies)],
            body_at=lambda index: self.bodies[index] if 0 <= index < len(self.bodies) else None,
            count=len(self.bodies),
            checkpoints=[],
            time=tokens,
        )
        return verify(source)


@pytest.fixture
def log(authority: TestAuthority) -> Dated:
    """Four entries of the first seconds."""
    return Dated(by=authority)


def faults(verdict: Verdict, check: str = "time") -> list[tuple[int | None, str]]:
    return [(one.index, one.found) for one in verdict.findings if one.check == check]


def notices(verdict: Verdict) -> list[tuple[int | None, str]]:
    return [(one.index, one.found) for one in verdict.notices if one.check == "time"]


def outcome(verdict: Verdict) -> Check:
    return next(one for one in verdict.checks if one.rule == "time")


def test_times_that_agree_with_every_token_hold(log: Dated) -> None:
    log.stamp_at(10_000)
    log.state_at(DAY)
    log.stamp_at(DAY + 5_000)
    log.state_at(DAY + 6_000)
    verdict = log.judged()
    assert verdict.findings == ()
    assert notices(verdict) == []
    assert (outcome(verdict).state, outcome(verdict).why) == (
        "held",
        "2 tokens, the last by Example Time Authority, Unit 1, over 6 entries",
    )


def test_a_log_that_nobody_dated_is_not_checked_for_time(log: Dated) -> None:
    assert (outcome(log.judged()).state, outcome(log.judged()).why) == (
        "not checked",
        "no time authority dated this log",
    )


@pytest.mark.parametrize(("late_by", "is_found"), [(SLACK, False), (SLACK + 1, True)])
def test_an_entry_under_a_dated_head_was_recorded_before_the_token(log: Dated, late_by: int, is_found: bool) -> None:
    index = log.state_at(10_000 + late_by)
    log.stamp_at(10_000, recorded=10_000 + late_by)
    found = faults(log.judged())
    assert found == ([(index, f"{START_MS + 10_000 + late_by} ms")] if is_found else [])


@pytest.mark.parametrize(("early_by", "is_found"), [(SLACK, False), (SLACK + 1, True)])
def test_an_entry_after_a_token_was_recorded_after_it(log: Dated, early_by: int, is_found: bool) -> None:
    stamped = log.stamp_at(DAY, recorded=DAY - early_by)
    log.state_at(DAY - early_by)
    verdict = log.judged()
    at = START_MS + DAY - early_by
    assert faults(verdict) == ([(stamped, f"{at} to {at} ms")] if is_found else [])
    assert all(f"entries {stamped} to {stamped + 1}" in one.expected for one in verdict.findings if one.check == "time")


def test_entries_put_in_with_an_old_date_are_named_as_one_stretch(log: Dated) -> None:
    log.stamp_at(DAY)
    first = log.state_at(3_600_000)
    log.state_at(3_601_000)
    log.state_at(DAY + 1_000)
    verdict = log.judged()
    assert faults(verdict) == [(first, f"{START_MS + 3_600_000} to {START_MS + 3_601_000} ms")]
    assert faults(verdict, "clock") == [(first, f"recorded_ms {START_MS + 3_600_000}")]


def test_an_entry_is_held_against_the_earliest_token_over_it_not_the_last(log: Dated) -> None:
    index = log.state_at(DAY)
    log.stamp_at(10_000, recorded=DAY)
    log.stamp_at(2 * DAY)
    assert faults(log.judged()) == [(index, f"{START_MS + DAY} ms")]


def test_a_clock_set_back_behind_the_last_token_is_found_where_it_is_stated(log: Dated) -> None:
    log.stamp_at(DAY)
    step = log.step(DAY, 3_600_000)
    after = log.state_at(3_601_000)
    verdict = log.judged()
    assert faults(verdict) == [
        (step, f"a step to {START_MS + 3_600_000} ms"),
        (after, f"{START_MS + 3_601_000} ms"),
    ]
    assert faults(verdict, "clock") == []


def test_a_clock_that_ran_ahead_and_is_stated_as_wrong_is_a_notice_over_its_stretch(log: Dated) -> None:
    first = log.state_at(DAY)
    log.state_at(DAY + 1_000)
    log.step(DAY + 1_000, 60_000)
    log.state_at(61_000)
    log.stamp_at(62_000)
    verdict = log.judged()
    assert verdict.findings == ()
    assert notices(verdict) == [(first, f"entries {first} to {first + 1} by a clock stated as wrong")]


def test_only_what_was_recorded_later_than_where_the_clock_was_set_back_to_is_stated_as_wrong(log: Dated) -> None:
    late = log.state_at(200_000)
    wrong = log.state_at(DAY)
    log.step(DAY, 201_000)
    log.stamp_at(20_000, recorded=202_000)
    verdict = log.judged()
    assert notices(verdict) == [(wrong, f"entry {wrong} by a clock stated as wrong")]
    assert faults(verdict) == [
        (late, f"{START_MS + 200_000} ms"),
        (wrong + 1, f"{START_MS + 201_000} ms"),
    ]


def test_a_clock_that_fell_behind_and_was_set_right_excuses_what_lies_between_but_not_the_step_back(log: Dated) -> None:
    log.stamp_at(DAY)
    back = log.step(DAY, 1_000_000)
    between = log.state_at(1_001_000)
    log.step(1_001_000, DAY + 60_000)
    log.state_at(DAY + 61_000)
    verdict = log.judged()
    assert faults(verdict) == [(back, f"a step to {START_MS + 1_000_000} ms")]
    assert notices(verdict) == [
        (4, "entry 4 by a clock stated as wrong"),
        (between, f"entry {between} by a clock stated as wrong"),
    ]


def test_accuracy_that_the_token_states_widens_what_is_let(log: Dated, authority: TestAuthority) -> None:
    # `openssl ts` states 1.5 s here; pyHanko none. The clock read is the machine's, so entries follow it.
    size = len(log.bodies)
    head = Checkpoint(ORIGIN, size, root([leaf_hash(body) for body in log.bodies]))
    log.notes[size] = sign(head, LOG_KEY)
    token = read_reply(authority.answer(build_request(log.notes[size].encode()).query))
    assert token.accuracy_ms == 1_500
    log.replies[size] = token.reply
    event = events.TimeStamped(size=size, root=head.root.hex(), gen_ms=token.gen_ms, token_sha256=token.sha256)
    for off, found in ((SLACK + 1_500, 0), (SLACK + 1_501, 1)):
        log.bodies = log.bodies[:size]
        log.state("service", event, method="service", recorded_ms=token.gen_ms - off)
        assert len(faults(log.judged())) == found


@pytest.mark.parametrize(
    ("spoil", "expected", "found"),
    [
        (lambda log, size: log.replies.pop(size), "the token with SHA-256 ", "no such token"),
        (lambda log, size: log.replies.update({size: log.replies[size] + b"x"}), "the token with", "one with SHA-256 "),
        (lambda log, size: log.notes.pop(size), "the checkpoint at size 4, which", "no such checkpoint"),
        (lambda log, size: log.notes.update({size: "no note"}), "the checkpoint at size 4, which", "expected text"),
        (
            lambda log, size: log.notes.update({size: sign(Checkpoint(ORIGIN, size, b"x" * 32), LOG_KEY)}),
            "the checkpoint at size 4 under root ",
            "one of another head",
        ),
    ],
)
def test_a_token_or_checkpoint_that_is_gone_or_changed_is_named(
    log: Dated, spoil: Callable[[Dated, int], object], expected: str, found: str
) -> None:
    index = log.stamp_at(10_000)
    spoil(log, 4)
    verdict = log.judged()
    ((at, met),) = faults(verdict)
    assert at == index
    assert met.startswith(found)
    assert verdict.findings[0].expected.startswith(expected)
    assert outcome(verdict).state == "failed"


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        ({"gen_ms": START_MS + 11_000}, f"{START_MS + 11_000} ms"),
        ({"size": 3}, "root "),
        ({"size": 5_000}, "root "),
        ({"root": "ab" * 32}, "root abab"),
        ({"token_sha256": "ab" * 32}, "one with SHA-256 "),
    ],
)
def test_each_fact_of_a_time_stamped_entry_is_held_against_its_token(log: Dated, facts: dict, found: str) -> None:
    index = log.stamp_at(10_000, **facts)
    ((at, met),) = faults(log.judged())
    assert at == index
    assert met.startswith(found)


def test_a_token_over_another_log_is_named(log: Dated, authority: TestAuthority) -> None:
    reply = authority.dated(build_request(b"another log").query, START_MS + 10_000)
    index = log.stamp_at(10_000, token_sha256=read_reply(reply).sha256)
    log.replies[4] = reply
    ((at, met),) = faults(log.judged())
    assert (at, met[:9]) == (index, "one over ")


def test_a_token_of_another_authority_is_named(log: Dated, tmp_path) -> None:
    log.by = TestAuthority(tmp_path / "other", "Somebody Else")
    index = log.stamp_at(10_000)
    mine = TestAuthority(tmp_path / "mine")
    found = faults(log.judged(certificates=mine.root.read_bytes()))
    assert found == [(index, "a signature that does not hold (unable to get local issuer certificate)")]


def test_without_the_authoritys_certificates_the_signature_is_not_checked_but_times_are(log: Dated) -> None:
    log.stamp_at(DAY)
    log.state_at(3_600_000)
    verdict = log.judged(certificates=b"")
    assert [index for index, _ in faults(verdict)] == [5]
    log.bodies.pop()
    assert (outcome(log.judged(certificates=b"")).state, outcome(log.judged(certificates=b"")).why) == (
        "not checked",
        "1 not checked: the authority's certificates are not at hand",
    )


def test_tokens_left_out_of_evidence_are_not_checked_and_those_at_hand_are(log: Dated) -> None:
    log.stamp_at(10_000)
    log.stamp_at(DAY)
    del log.replies[4]
    verdict = log.judged(is_whole=False)
    assert verdict.findings == ()
    assert outcome(verdict).why == (
        "1 token, the last by Example Time Authority, Unit 1, over 5 entries; 1 not checked: the token is not at hand"
    )
    log.replies.clear()
    assert (outcome(log.judged(is_whole=False)).state, outcome(log.judged(is_whole=False)).why) == (
        "not checked",
        "2 not checked: the token is not at hand",
    )


def test_certificates_that_are_none_are_named(log: Dated) -> None:
    log.stamp_at(10_000)
    assert faults(log.judged(certificates=b"no certificates")) == [(None, "no certificates in PEM")]


def test_a_token_that_no_entry_names_is_a_notice(log: Dated) -> None:
    log.stamp_at(10_000)
    log.bodies.pop()
    assert notices(log.judged()) == [(3, "one over 4 entries")]


def test_a_row_that_says_it_is_far_off_costs_no_memory_and_what_follows_it_is_still_held_against_the_token(
    log: Dated,
) -> None:
    log.stamp_at(DAY)
    log.state_at(3_600_000)
    rows = [Row(index, body) for index, body in enumerate(log.bodies)]
    rows[-1] = Row(2**50, rows[-1].body)
    tokens = TimeTokens(sizes=(4,), reply_at=log.replies.get, note_at=log.notes.get)
    source = Source(rows=rows, body_at=lambda _: None, count=6, checkpoints=[], time=tokens)
    assert faults(verify(source)) == [(2**50, "another time")]
