"""A clinic on paper: decides and folds in memory, as the write path does, with neither storage nor signatures.

Every event that is written goes to its facts and back, so that each test is a test of the wire too.
"""

import hashlib
import itertools
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from audit.domain import events
from audit.domain.book import SERVICE, Book, Recorded
from audit.domain.case import follow_ups
from audit.domain.commands import ConfirmCount, RevealCount, Said, StrikeEntry, replacing
from audit.domain.corrections import check_possible
from audit.domain.count import Expected, expected_lines
from audit.domain.decide import decide
from audit.domain.errors import Refused
from audit.domain.fold import fold, local_day
from audit.domain.keys import entry_key, keys
from audit.domain.policy import Pack
from audit.domain.wire import from_facts, kind_of, session_of, to_facts
from audit.services.acts import Order
from audit.services.packs import load_pack
from audit.services.record import Written
from tests.clinic import Clinic, Clock


class Paper(Clinic):
    """A clinic whose log is a list."""

    def __init__(self, pack: str | Pack = "ca-on", *, staff: bool = True) -> None:
        super().__init__(None, None, None, Clock(), random.Random(1), b"", people={"A": "p_00000000"})
        self.pack = load_pack(pack) if isinstance(pack, str) else pack
        self.log: list[Recorded] = []
        self._folded: tuple[int, Book] = (0, Book())
        if staff:
            self.open()

    def open(self) -> None:
        """Enrol Dr A, nurse B and manager M, and register a product."""
        self._append(opened(), SERVICE, self.clock())
        self.act("A", enrolment(self.people["A"]), password_hash="synthetic")
        self.enrol("B", "nurse", "clinician")
        self.enrol("M", "pharmacist", "clinician", "manager")
        self.add_product()

    def record(self, orders: Sequence[Order]) -> tuple[Written, ...]:
        """Decide and append a list of orders, or none of them."""
        before = list(self.log)
        try:
            done = [self._carry_out(order) for order in orders]
            for entry, _ in done:
                self._check_correction(entry)
            for entry, expected in done:
                self._open_cases(entry, expected)
        except BaseException:
            self.log, self._folded = before, (0, Book())
            raise
        return tuple(Written(entry=entry, is_repeat=False) for entry, _ in done)

    def book(self, *_keys: str) -> Book:
        """Return the fold of everything; nobody may change it."""
        if self._folded[0] != len(self.log):
            self._folded = (len(self.log), fold(self.log))
        return self._folded[1]

    def last(self, kind: str) -> Recorded:
        """Return the latest entry of a kind."""
        return next(entry for entry in reversed(self.log) if kind_of(entry.event) == kind)

    def _carry_out(self, order: Order) -> tuple[Recorded, tuple[Expected, ...]]:
        command, now = order.command, self.clock()
        if order.answers_strike:
            command = replacing(command, self.last("entry_struck").event.of)
        at = now if order.occurred_ms is None else order.occurred_ms
        said = Said(actor=order.actor, occurred_ms=at, offset_min=order.offset_min, now_ms=now)
        book, expected = self.book(), ()
        if isinstance(command, ConfirmCount | RevealCount) and command.count in book.counts:
            expected = expected_lines(fold(self.log[: book.counts[command.count].started.index]))
        event = decide(book, command, self.pack.on(local_day(at, order.offset_min)), said)
        return self._append(event, order.actor, now, at), expected

    def _append(self, event: events.Event, actor: str, now: int, at: int | None = None) -> Recorded:
        assert from_facts(kind_of(event), 1, to_facts(event), session_of(event)) == event
        index = len(self.log)
        entry = Recorded(
            index=index,
            leaf=hashlib.sha256(str(index).encode()).hexdigest(),
            recorded_ms=now,
            occurred_ms=now if at is None else at,
            offset_min=-300,
            actor=actor,
            method="service" if actor == SERVICE else "password_totp",
            event=event,
        )
        self.log.append(entry)
        return entry

    def _check_correction(self, entry: Recorded) -> None:
        if isinstance(entry.event, events.EntryStruck):
            struck = self.log[entry.event.of.index]
            check_possible(fold(self.log), keys(struck.event) | {entry_key(struck.index)})

    def _open_cases(self, entry: Recorded, expected: tuple[Expected, ...]) -> None:
        policy = self.pack.on(local_day(entry.occurred_ms, entry.offset_min))
        for case in follow_ups(self.book(), entry, policy, expected):
            self._append(case, SERVICE, self.clock(), entry.occurred_ms)

    def strike(self, who: str, entry: Recorded, *replacements: object, by: str | None = None) -> Recorded:
        """Strike an entry; the replacements follow in the same list."""
        strike = StrikeEntry(of=entry.ref, reason="mistyped", replacements=len(replacements))
        orders = [self.order(who, strike)]
        orders += [self.order(by or who, command, answers_strike=True) for command in replacements]
        return self.record(orders)[0].entry

    def said(self, who: str) -> Said:
        """Return a person speaking now."""
        now = self.clock()
        return Said(actor=self.people[who], occurred_ms=now, offset_min=-300, now_ms=now)

    def cases(self, cause: str) -> list[str]:
        """Return the open cases of a cause."""
        return [case.case for case in self.book().cases.values() if case.cause == cause and case.is_open]


def opened() -> events.LogOpened:
    """Return the first entry of a synthetic clinic's log."""
    return events.LogOpened(
        clinic="Example Clinic",
        address="1 Sample Street, Toronto",
        registration="EX-ON-0417",
        responsible="Dr A. Example",
        pack="ca-on",
        zone="America/Toronto",
        demo=False,
        log_key="audit.example.org/log/example-clinic+00000000+AA",
        service_key="audit.example.org/log/example-clinic/service+00000000+AA",
        recovery_sha256="00" * 32,
        signing_origins=("https://audit.example.org",),
        rp_id="audit.example.org",
    )


def enrolment(person: str, *roles: str, sign_in: str = "a.example") -> events.PersonEnrolled:
    """Return the enrolment of a synthetic physician."""
    return events.PersonEnrolled(
        person=person,
        name="Dr A. Example",
        sign_in=sign_in,
        profession="physician",
        roles=roles or ("clinician", "manager", "administrator"),
    )


def sums(book: Book) -> dict[str, int]:
    """Return what each account holds over all containers, in ug, without the empty ones."""
    found: dict[str, int] = {}
    for (account, _), mass in itertools.chain.from_iterable(one.items() for one in book.by_container.values()):
        found[account.value] = found.get(account.value, 0) + mass
    return {account: mass for account, mass in found.items() if mass}


@contextmanager
def refused(code: str, field: str | None = None) -> Iterator[None]:
    """Expect a refusal with this code, and with this field where one is named."""
    with pytest.raises(Refused) as caught:
        yield
    assert caught.value.code == code, repr(caught.value)
    if field is not None:
        assert caught.value.field == field
