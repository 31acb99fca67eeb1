"""A session as its page shows it: the equation per strength, where each syringe stands, and the one next step.

Builds plain values from a book; shows nothing that is withheld from the viewer (`blind.py`). Not here: what happened
(`session_story.py`), forms and acts (`sessions.py`, `session_acts.py`).
"""

from dataclasses import dataclass
from typing import Literal

from werkzeug.exceptions import NotFound

from audit.domain.book import Book, Container, Session
from audit.domain.flags import by_rate_ug
from audit.domain.fold import local_day
from audit.domain.keys import keys
from audit.domain.policy import Policy
from audit.domain.postings import Account
from audit.domain.quantity import share
from audit.services.reading import book_of
from audit.web.blind import is_withheld
from audit.web.desk import desk, register
from audit.web.filters import amount

Amount = tuple[int, int]
"""Micrograms and microlitres, in the strength of the syringe they are shown beside."""
Step = Literal["start", "running", "read", "blind", "again", "waste", "done"]
_RATE_STEP_UL = 10
_COARSE_RATE_UL = 10_000
"""From this rate an hour on a pump is set to 0.1 mL/h, below it to 0.01 mL/h."""
_TOLD_UG = 100
"""An estimate is cut off below 0.1 mg, as the clock of the page does."""
_OTHERS = (
    (Account.HELD, "hand", "held in a bag"),
    (Account.RESIDUAL, "move", "left in the line"),
    (Account.VARIANCE, "lost", "unexplained"),
    (Account.LOST, "lost", "lost"),
    (Account.EXPLAINED, "hand", "explained"),
)
"""Where else of a syringe a microgram can be, beside given, wasted and custody."""
_COARSE_UL = 10_000
"""From this content on a syringe is read to 0.1 mL, below it to 0.01 mL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One session looked at by one person at one moment."""

    book: Book
    session: Session
    viewer: str
    now_ms: int

    @property
    def policy(self) -> Policy:
        """Return the rules in force on the day the session opened."""
        return register().policy_on(local_day(self.session.opened_ms, desk().offset_min(self.session.opened_ms)))

    def hides(self, container: Container) -> bool:
        """Say whether the figures of a container are withheld from the viewer."""
        return is_withheld(self.book, container, self.viewer)

    def given_by_rate(self, container: Container, until_ms: int | None = None) -> int | None:
        """Return rate x time of a syringe up to a moment, now where none is said; None when it never ran."""
        return by_rate_ug(self.book, self.session, container.container, until_ms or self.now_ms)

    def in_custody(self, container: Container) -> int:
        """Return what is still to account for in a container, in ug."""
        return self.book.balance(container.container, Account.CUSTODY, self.session.session)


@dataclass(frozen=True, slots=True, kw_only=True)
class SyringeView:
    """One syringe: what it holds, how it runs, what comes next. Amounts are withheld as None."""

    container: str
    label: str
    sources: str
    strength: str
    content: Amount
    step: Step
    left: Amount | None
    rate_ul_per_h: int
    rates: tuple[tuple[int, int], ...]
    """Rates to choose from: uL/h and ug/h, the planned one first."""
    estimate: Amount | None
    """Rate x time of what is left, for a syringe that has run: a suggestion until it is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceView:
    """drawn = given + wasted + others + left, of all syringes of one strength."""

    strength: str
    labels: str
    drawn: Amount
    given: Amount
    wasted: Amount
    left: Amount
    others: tuple[tuple[str, str, Amount], ...]
    order: Amount | None
    note: str
    is_estimate: bool
    clock: dict[str, int] | None
    is_withheld: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenView:
    """A whole vial in the session's custody."""

    container: str
    label: str
    left: Amount


def load_session(session: str) -> tuple[Book, Session]:
    """Return the book of a session with all its containers, and the session.

    Raises:
        NotFound: no session of that identifier stands.
    """
    book = book_of(register(), keys_of(session))
    if session not in book.sessions:
        raise NotFound
    return book, book.sessions[session]


def keys_of(session: str) -> set[str]:
    """Return the keys of a session and of every container it touched, struck acts included."""
    key = f"session:{session}"
    named: set[str] = set()
    for entry in book_of(register(), {key}).entries.values():
        named |= {one for one in keys(entry.event) if one.startswith("container:")}
    return {key, *named}


def syringes(look: Look) -> list[SyringeView]:
    """Return every syringe of a session, in the order drawn."""
    return [_syringe(look, look.book.containers[one]) for one in look.session.syringes]


def taken(look: Look) -> list[TakenView]:
    """Return the whole vials in the session's custody."""
    vials = [look.book.containers[one] for one in dict.fromkeys(look.session.taken) if one in look.book.containers]
    return [
        TakenView(container=vial.container, label=vial.label, left=(mass, vial.volume_in(mass)))
        for vial in vials
        if (mass := look.in_custody(vial)) > 0
    ]


def balances(look: Look) -> list[BalanceView]:
    """Return one equation per strength, never blended."""
    groups: dict[str, list[Container]] = {}
    for one in look.session.syringes:
        groups.setdefault(strength_words(look.book.containers[one]), []).append(look.book.containers[one])
    return [_balance(look, group, is_only=len(groups) == 1) for group in groups.values()]


def strength_words(container: Container) -> str:
    """Return the strength of what is in a container, in mg/mL."""
    return f"{amount(share(container.content_ug, 1000, container.content_ul or 1))} mg/mL"


def planned_rate(syringe: Container, *, dose_ug: int, minutes: int) -> int:
    """Return the rate in uL/h that gives the ordered dose, or all there is, in the ordered time."""
    volume_ul = min(syringe.volume_in(dose_ug), syringe.content_ul)
    return _settable(volume_ul * 60, minutes)


def _settable(volume_ul: int, hours: int) -> int:
    """Return a rate as a pump takes it, rounded once, never zero."""
    step = _RATE_STEP_UL * (10 if volume_ul >= hours * _COARSE_RATE_UL else 1)
    return max(_RATE_STEP_UL, share(volume_ul, 1, hours * step) * step)


def mass_rate(syringe: Container, rate_ul_per_h: int) -> int:
    """Return a rate in ug/h."""
    return share(syringe.content_ug, rate_ul_per_h, syringe.content_ul or 1)


def _syringe(look: Look, syringe: Container) -> SyringeView:
    session = look.session
    run = session.runs.get(syringe.container)
    planned = planned_rate(syringe, dose_ug=session.dose_ug, minutes=session.duration_min)
    shares = (_settable(planned * percent, 100) for percent in (100, 75, 50, 25))
    left = look.in_custody(syringe)
    return SyringeView(
        container=syringe.container,
        label=syringe.label,
        sources=", ".join(look.book.containers[one].label for one in syringe.sources if one in look.book.containers),
        strength=strength_words(syringe),
        content=(syringe.content_ug, syringe.content_ul),
        step=_step(look, syringe),
        left=None if look.hides(syringe) else (left, syringe.volume_in(left)),
        rate_ul_per_h=run.changes[-1][1] if run and run.changes else 0,
        rates=tuple((rate, mass_rate(syringe, rate)) for rate in dict.fromkeys(shares)),
        estimate=_estimate(look, syringe),
    )


def _step(look: Look, syringe: Container) -> Step:
    run, reading = look.session.runs.get(syringe.container), syringe.reading
    if run and run.is_running:
        return "running"
    if reading is None:
        has_run = run is not None and bool(run.changes)
        return "read" if has_run or look.session.route != "iv" else "start"
    if syringe.is_finished or syringe.bag is not None or look.in_custody(syringe) == 0:
        return "done"
    if reading.agrees or not look.policy.waste_needs_witness:
        return "waste"
    return "blind" if reading.agrees is None else "again"


def _estimate(look: Look, syringe: Container) -> Amount | None:
    given = look.given_by_rate(syringe)
    if given is None or syringe.reading is not None:
        return None
    grain = 100 if syringe.content_ul >= _COARSE_UL else 10
    volume = share(syringe.volume_in(max(0, syringe.content_ug - given)), 1, grain) * grain
    volume = min(volume, syringe.content_ul)
    return syringe.mass_in(volume), volume


def _balance(look: Look, group: list[Container], *, is_only: bool) -> BalanceView:
    first = group[0]
    live = _given_unread(look, group)
    totals = {account: _total(look.book, group, account) for account in Account}
    drawn = sum(one.content_ug for one in group)

    def both(mass_ug: int) -> Amount:
        return mass_ug, first.volume_in(mass_ug) if mass_ug >= 0 else -first.volume_in(-mass_ug)

    return BalanceView(
        strength=strength_words(first),
        labels=", ".join(one.label for one in group),
        drawn=both(drawn),
        given=both(totals[Account.GIVEN] + (live or 0)),
        wasted=both(totals[Account.WASTED]),
        left=both(totals[Account.CUSTODY] - (live or 0)),
        others=tuple((kind, words, both(totals[one])) for one, kind, words in _OTHERS if totals[one] > 0),
        order=both(look.session.dose_ug) if is_only else None,
        note=_note(look, group, totals[Account.GIVEN]),
        is_estimate=live is not None,
        clock=_clock(look, first) if len(group) == 1 else None,
        is_withheld=any(look.hides(one) for one in group),
    )


def _total(book: Book, group: list[Container], account: Account) -> int:
    places = (place for one in group for place in book.places(one.container).items())
    return sum(mass for (place, _), mass in places if place is account)


def _given_unread(look: Look, group: list[Container]) -> int | None:
    """Return what the pumps of a group have given so far by rate x time, in ug; None when none has run unread."""
    found = [look.given_by_rate(one) for one in group if one.reading is None]
    run = [given for given in found if given is not None]
    return sum(run) // _TOLD_UG * _TOLD_UG if run else None


def _clock(look: Look, syringe: Container) -> dict[str, int] | None:
    run = look.session.runs.get(syringe.container)
    if run is None or not run.is_running:
        return None
    since_ms, rate = run.changes[-1]
    return {
        "now_ms": look.now_ms,
        "since_ms": since_ms,
        "base_ug": look.given_by_rate(syringe, since_ms) or 0,
        "rate_ug_per_h": mass_rate(syringe, rate),
        "mass_ug": syringe.content_ug,
        "volume_ul": syringe.content_ul,
    }


def _note(look: Look, group: list[Container], given_ug: int) -> str:
    """Return rate x time beside what was read; it never posts, it only tells."""
    run = [given for one in group if (given := look.given_by_rate(one)) is not None]
    if not run:
        return ""
    if any(one.reading is None for one in group):
        return "Rate × time. You read what is left when it has stopped."
    mass = sum(run) // _TOLD_UG * _TOLD_UG
    agrees = abs(given_ug - sum(run)) * 1000 <= look.policy.rate_tolerance_permille * max(sum(run), 1)
    told = f"Rate × time: {amount(mass)} mg ({amount(group[0].volume_in(mass))} mL)."
    return f"{told} {'Agrees.' if agrees else 'Differs from what was read: flagged.'}"
