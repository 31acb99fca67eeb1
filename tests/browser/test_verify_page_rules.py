"""Rules of time and of heads seen where exactness counts: both implementations name the same entries, no others.

The corpus compares which check fails; here it is which entries, and which notices, to the millisecond.
"""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.authenticator import Authenticator
from tests.browser.forging import apart, judge, offline_page, open_parts, zipped
from tests.browser.test_verify_page_corpus import head_and_entries
from tests.services.stated import START_MS, A, B, C, receipt
from tests.services.test_verify_passkeys import Keyed
from tests.services.test_verify_time import DAY, SLACK, Dated
from tests.time_authority import TestAuthority

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BEHIND = "The head a person’s device had seen does not cover their passkey signature before."
STRETCH = "Recorded by a clock that a later entry states as wrong."


@pytest.fixture(scope="module")
def page(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with offline_page(browser, tmp_path_factory.mktemp("page")) as opened:
        open_parts(opened)
        yield opened


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TestAuthority:
    return TestAuthority(tmp_path_factory.mktemp("authority"))


def recorded_just_before_the_stamp(log: Dated, early_by: int) -> None:
    log.stamp_at(DAY, recorded=DAY - early_by)


def under_a_stamped_head(log: Dated, late_by: int) -> None:
    log.state_at(10_000 + late_by)
    log.stamp_at(10_000, recorded=10_000 + late_by)


def put_in_with_an_old_date(log: Dated) -> None:
    log.stamp_at(DAY)
    log.state_at(3_600_000)
    log.state_at(3_601_000)
    log.state_at(DAY + 1_000)


def set_back_behind_a_stamp(log: Dated) -> None:
    log.stamp_at(DAY)
    log.step(DAY, 3_600_000)
    log.state_at(3_601_000)


def put_in_long_before_a_large_step(log: Dated) -> None:
    """The step on names what is since the step before it; what was put in earlier it does not excuse."""
    log.stamp_at(DAY)
    log.state_at(3_600_000)
    log.step(3_600_000, DAY + 1_000)
    log.state_at(DAY + 2_000)
    log.step(DAY + 2_000, 3 * DAY)


def late_long_before_a_large_step_back(log: Dated) -> None:
    """The step back names what was recorded after where it leads, back to the nearest one that was not."""
    log.state_at(DAY)
    log.state_at(50_000)
    log.state_at(2 * DAY)
    log.step(2 * DAY, 60_000)
    log.stamp_at(10_000, recorded=61_000)


def ahead_and_stated(log: Dated) -> None:
    log.state_at(DAY)
    log.state_at(DAY + 1_000)
    log.step(DAY + 1_000, 60_000)
    log.stamp_at(62_000)


def late_where_the_step_leads(log: Dated) -> None:
    log.state_at(200_000)
    log.state_at(DAY)
    log.step(DAY, 201_000)
    log.stamp_at(20_000, recorded=202_000)


def behind_and_set_right(log: Dated) -> None:
    log.stamp_at(DAY)
    log.step(DAY, 1_000_000)
    log.state_at(1_001_000)
    log.step(1_001_000, DAY + 60_000)


def another_time_than_the_token_s(log: Dated) -> None:
    """A token at fault says nothing about the times of others."""
    log.stamp_at(DAY, gen_ms=START_MS + 9 * DAY)
    log.state_at(DAY + 1_000)


def a_head_never_there(log: Dated) -> None:
    log.stamp_at(10_000, root="ab" * 32)
    log.state_at(1_000)


def named_by_no_entry(log: Dated) -> None:
    log.stamp_at(10_000)
    log.bodies.pop()


CASES: dict[str, tuple[Callable[[Dated], object], set[int], list[list[int]]]] = {
    "the stamp's own entry in time": (lambda log: recorded_just_before_the_stamp(log, SLACK), set(), []),
    "the stamp's own entry too early": (lambda log: recorded_just_before_the_stamp(log, SLACK + 1), {4}, []),
    "under a head in time": (lambda log: under_a_stamped_head(log, SLACK), set(), []),
    "under a head too late": (lambda log: under_a_stamped_head(log, SLACK + 1), {4}, []),
    "put in with an old date": (put_in_with_an_old_date, {5}, []),
    "set back behind a stamp": (set_back_behind_a_stamp, {5, 6}, [[4]]),
    "put in before a large step": (put_in_long_before_a_large_step, {5}, [[7]]),
    "late before a large step back": (late_long_before_a_large_step_back, {4}, [[6]]),
    "ahead and stated": (ahead_and_stated, set(), [[4, 5]]),
    "late where the step leads": (late_where_the_step_leads, {4, 6}, [[5]]),
    "behind and set right": (behind_and_set_right, {5}, [[4], [6]]),
    "another time than the token's": (another_time_than_the_token_s, {4}, []),
    "a head never there": (a_head_never_there, {4}, []),
}


def files_of(log: Dated) -> dict[str, bytes]:
    """The log with its tokens, as evidence carries them."""
    tokens = {f"time/{size}.tsr": reply for size, reply in log.replies.items()}
    notes = {f"time/{size}.note": note.encode() for size, note in log.notes.items()}
    return head_and_entries(log.bodies) | tokens | notes


@pytest.mark.parametrize("case", CASES)
def test_both_name_the_same_entries_whose_time_does_not_agree(case: str, page: Page, authority: TestAuthority) -> None:
    state, at, stretches = CASES[case]
    log = Dated(by=authority)
    apart(lambda: state(log))
    ours = log.judged(is_whole=False)
    theirs = judge(page, zipped(files_of(log)))
    assert {one.index for one in ours.findings if one.check == "time"} == at
    assert {one["index"] for one in theirs.findings if one["check"] == 8} == at
    named = [one for one in ours.notices if one.check == "time"]
    assert [one.index for one in named] == [run[0] for run in stretches]
    assert [one["index"] for one in theirs.notices if one["text"] == STRETCH] == stretches


def test_a_token_that_no_entry_names_is_a_notice_of_both(page: Page, authority: TestAuthority) -> None:
    log = Dated(by=authority)
    apart(lambda: named_by_no_entry(log))
    assert [one.found for one in log.judged(is_whole=False).notices] == ["one over 4 entries"]
    theirs = judge(page, zipped(files_of(log)))
    assert theirs.failed == set()
    assert "A time token over 4 entries that no entry names." in [one["text"] for one in theirs.notices]


def in_one_form(log: Keyed, key: Authenticator) -> None:
    for number in (1, 2, 3):
        log.touch(A, receipt(f"c_000{number}"), key, recorded_ms=START_MS + 60_000)


def in_two_forms_of_one_head(log: Keyed, key: Authenticator) -> None:
    log.touch(A, receipt("c_0001"), key, recorded_ms=START_MS + 60_000)
    log.touch(A, receipt("c_0002"), key, recorded_ms=START_MS + 60_001)


def at_one_moment_with_two_heads(log: Keyed, key: Authenticator) -> None:
    log.touch(A, receipt("c_0001"), key, recorded_ms=START_MS + 60_000)
    log.seen_size = 5
    log.touch(A, receipt("c_0002"), key, recorded_ms=START_MS + 60_000)


def after_a_form(log: Keyed, key: Authenticator) -> None:
    """A head that covers the first act of a form and not its last does not cover the form."""
    in_one_form(log, key)
    log.seen_size = 7
    log.touch(A, receipt("c_0004"), key, recorded_ms=START_MS + 61_000)


@pytest.mark.parametrize(
    ("state", "at"),
    [(in_one_form, []), (in_two_forms_of_one_head, [7]), (at_one_moment_with_two_heads, [7]), (after_a_form, [9])],
)
def test_acts_of_one_form_count_as_one_for_the_head_they_saw(
    state: Callable[[Keyed, Authenticator], None], at: list[int], page: Page
) -> None:
    log, key = Keyed(), Authenticator(seed=1)
    log.enrol(A, key, by=A)
    log.enrol(B, Authenticator(seed=2), by=C)
    log.seen_size = 6
    state(log, key)
    verdict = log.verdict()
    assert (verdict.findings, [one.index for one in verdict.notices]) == ((), at)
    theirs = judge(page, zipped(head_and_entries(log.bodies)))
    assert theirs.failed == set()
    assert [one["index"] for one in theirs.notices if one["text"] == BEHIND] == ([at] if at else [])
