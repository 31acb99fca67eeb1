"""What holds on any day, however people mix up their acts."""

import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.domain import events
from audit.domain.book import Book, Recorded
from audit.domain.fold import fold
from audit.domain.keys import entry_key, keys, strike_keys
from audit.domain.postings import Account, postings, reversed_postings
from tests.clinic import below_zero
from tests.domain.moves import play
from tests.domain.paper import Paper, sums
from tests.strategies import STEPS

QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SOURCES = {"opening", "received", "overfill", "gained"}


@QUICK
@given(STEPS)
def test_mass_is_conserved_and_nothing_goes_below_zero(moves):
    paper = Paper()
    play(paper, moves)
    book = paper.book()
    assert sum(sums(book).values()) == 0
    assert below_zero(book) == []
    for account, mass in sums(book).items():
        assert account in {"variance", "explained"} or (mass < 0) == (account in SOURCES), (account, mass)


@QUICK
@given(STEPS)
def test_what_is_drawn_is_given_residual_wasted_held_or_still_in_the_syringe(moves):
    paper = Paper()
    play(paper, moves)
    book = paper.book()
    for session in book.sessions.values():
        for syringe in session.syringes:
            found = sum(mass for mass in book.by_container[syringe].values())
            assert found == book.containers[syringe].content_ug
        if session.closed_ms is not None:
            assert book.session_total(session.session, Account.CUSTODY) == 0


@QUICK
@given(STEPS)
def test_balances_are_the_sum_of_all_entries_with_strikes_as_exact_reverses(moves):
    paper = Paper()
    play(paper, moves)
    plain: dict[tuple[str, str, str | None], int] = {}
    for entry in paper.log:
        posted = postings(entry.event)
        if isinstance(entry.event, events.EntryStruck):
            posted = reversed_postings(postings(paper.log[entry.event.of.index].event))
        for line in posted:
            place = (line.container, line.account.value, line.session)
            plain[place] = plain.get(place, 0) + line.mass_ug
    folded = {
        (container, account.value, session): mass
        for container, balances in paper.book().by_container.items()
        for (account, session), mass in balances.items()
    }
    assert {k: v for k, v in plain.items() if v} == {k: v for k, v in folded.items() if v}


@QUICK
@given(STEPS, st.randoms(use_true_random=False))
def test_the_fold_of_the_same_entries_is_the_same_in_whatever_order_they_are_read(moves, chance: random.Random):
    paper = Paper()
    play(paper, moves)
    shuffled = list(paper.log)
    chance.shuffle(shuffled)
    assert fold(shuffled) == fold(paper.log)


def _under(log: list[Recorded], entry: Recorded) -> frozenset[str]:
    if isinstance(entry.event, events.EntryStruck):
        struck = log[entry.event.of.index]
        return strike_keys(entry.event, struck.event)
    return keys(entry.event)


def _book_of(log: list[Recorded], key: str) -> Book:
    """Fold only what is found under a key, with the strikes and products of what is found."""
    asked, before = {key}, set()
    while asked != before:
        before = set(asked)
        found = [entry for entry in log if _under(log, entry) & asked]
        book = fold(found)
        asked |= {entry_key(entry.index) for entry in found if isinstance(entry.event, events.EntryStruck)}
        asked |= {f"product:{one.product}" for one in book.containers.values() if one.product}
    return fold(found)


@settings(QUICK, max_examples=20)
@given(STEPS)
def test_the_entries_under_a_key_tell_all_about_what_it_names(moves):
    paper = Paper()
    play(paper, moves)
    whole = paper.book()
    for container, state in whole.containers.items():
        part = _book_of(paper.log, f"container:{container}")
        known = part.containers[container]
        # A syringe's lot is that of its vial, found under the vial's key.
        known.product, known.lot, known.expiry = state.product, state.lot, state.expiry
        assert known == state
        assert _plain(part.by_container[container]) == _plain(whole.by_container[container])
    for session, state in whole.sessions.items():
        part = _book_of(paper.log, f"session:{session}")
        assert part.sessions[session] == state
        assert _plain(part.by_session[session]) == _plain(whole.by_session[session])


def _plain(balances: dict) -> dict:
    return {place: mass for place, mass in balances.items() if mass}


def test_random_days_do_reach_most_moves():
    chance = random.Random(7)
    kinds = set()
    for _ in range(12):
        paper = Paper()
        moves = [
            (chance.randrange(15), chance.randrange(100), chance.randrange(100), chance.randrange(1200))
            for _ in range(45)
        ]
        play(paper, moves)
        kinds |= {type(entry.event).__name__ for entry in paper.log}
    wanted = {"DoseDrawn", "RemainderRead", "RemainderReread", "WasteRecorded", "RemainderHeld", "EntryStruck"}
    assert wanted | {"CaseOpened", "CaseClosed", "CountConfirmed", "SessionClosed", "ContainerReturned"} <= kinds
