"""Accountability of a period (21 CFR 1304.11, 1304.22): opening and received against closing and all that left."""

import pytest

from audit.domain.postings import Account
from audit.domain.reconcile import CountBasis, Strength, statements, summed

FIFTY = Strength(50_000, "solution")
TEN = Strength(10_000, "solution")
ML = 50_000
"""Micrograms in one millilitre of 50 mg/mL."""


def _counted(unexplained: dict[Strength, int]) -> CountBasis:
    return CountBasis(index=1, occurred_ms=0, unexplained_ug=unexplained)


def test_the_worked_example_of_a_practice_is_two_tenths_of_a_millilitre_short():
    """120.0 + 200.0 = 320.0 mL; 95.0 counted + 17.3 given + 207.5 wasted = 319.8 mL; 0.2 mL (10 mg) short."""
    before = {(FIFTY, Account.STOCK): 120 * ML}
    moved = {
        (FIFTY, Account.RECEIVED): -200 * ML,
        (FIFTY, Account.GIVEN): 17 * ML + 15_000,
        (FIFTY, Account.WASTED): 207 * ML + 25_000,
        (FIFTY, Account.STOCK): -24 * ML - 40_000,
    }
    (found,) = statements(before=before, during=moved, opening=None, closing=_counted({FIFTY: -10_000}))
    assert found.opening_ug == 6_000_000
    assert found.received_ug == 10_000_000
    assert found.accountable_ug == 16_000_000
    assert found.closing_ug == 4_750_000
    assert found.given_ug == 865_000
    assert found.wasted_ug == 10_375_000
    assert found.accounted_ug == 15_990_000
    assert found.difference_ug == -10_000


def test_without_a_count_the_difference_is_not_counted_never_zero():
    moved = {(FIFTY, Account.RECEIVED): -500_000, (FIFTY, Account.STOCK): 500_000}
    (found,) = statements(before={}, during=moved, opening=None, closing=None)
    assert (found.closing_ug, found.accounted_ug, found.difference_ug) == (None, None, None)
    assert found.book_closing_ug == 500_000


def test_a_count_that_agrees_leaves_no_difference():
    moved = {(FIFTY, Account.RECEIVED): -500_000, (FIFTY, Account.STOCK): 435_000, (FIFTY, Account.GIVEN): 65_000}
    (found,) = statements(before={}, during=moved, opening=None, closing=_counted({}))
    assert found.difference_ug == 0


def test_what_was_open_at_the_start_is_not_charged_to_the_period():
    before = {(FIFTY, Account.STOCK): 500_000}
    (found,) = statements(
        before=before, during={}, opening=_counted({FIFTY: -10_000}), closing=_counted({FIFTY: -10_000})
    )
    assert (found.opening_ug, found.closing_ug, found.difference_ug) == (490_000, 490_000, 0)


def test_strengths_are_never_blended():
    before = summed([(TEN, Account.STOCK, 100_000), (FIFTY, Account.STOCK, 500_000), (TEN, Account.HELD, 1)])
    found = statements(before=before, during={}, opening=None, closing=None)
    assert [(one.strength, one.opening_ug) for one in found] == [(TEN, 100_001), (FIFTY, 500_000)]


@pytest.mark.parametrize(
    ("account", "name"),
    [
        (Account.OPENING, "initial_ug"),
        (Account.RECEIVED, "received_ug"),
        (Account.OVERFILL, "overfill_ug"),
        (Account.GAINED, "gained_ug"),
    ],
)
def test_every_source_is_accountable_for(account, name):
    (found,) = statements(before={}, during={(FIFTY, account): -7}, opening=None, closing=None)
    assert (getattr(found, name), found.accountable_ug) == (7, 7)


@pytest.mark.parametrize(
    ("account", "name"),
    [
        (Account.GIVEN, "given_ug"),
        (Account.RESIDUAL, "residual_ug"),
        (Account.WASTED, "wasted_ug"),
        (Account.LOST, "lost_ug"),
        (Account.EXPLAINED, "explained_ug"),
    ],
)
def test_everything_that_left_has_its_line(account, name):
    (found,) = statements(before={}, during={(FIFTY, account): 7}, opening=None, closing=_counted({}))
    assert (getattr(found, name), found.gone_ug, found.accounted_ug) == (7, 7, 7)
