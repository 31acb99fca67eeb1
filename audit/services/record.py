"""The write path: every entry of every log is appended here and nowhere else.

One transaction takes the head's lock, decides each command on the book of its keys, writes the entry with its
postings, keys, seals and account rows, and swaps the head. It takes a list of orders as easily as one; all are
written or none. A request seen before is answered with its first entry.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field

from audit.domain import events
from audit.domain.book import SERVICE, Book, Recorded
from audit.domain.case import follow_ups
from audit.domain.commands import ConfirmCount, RevealCount, Said, StrikeEntry, replacing
from audit.domain.corrections import check_possible
from audit.domain.count import Expected
from audit.domain.decide import decide
from audit.domain.errors import Refused, invariant
from audit.domain.fold import apply, local_day
from audit.domain.keys import entry_key, keys, strike_keys
from audit.domain.postings import Posting, postings, reversed_postings
from audit.domain.sealed import check_sealed
from audit.domain.wire import kind_of
from audit.services import erasure
from audit.services.accounts import enter_account
from audit.services.acts import (
    Draft,
    Order,
    Standing,
    check_replacements,
    check_standing,
    derived_nonce,
    seal_key,
    service_draft,
    write_entry,
)
from audit.services.attesting import service_key_named, with_key_in_force
from audit.services.judged import judged_book
from audit.services.passkey_acts import SignaturesWanted, Wanted, check_assertion, check_proof, check_seen, wanted_of
from audit.services.register import Register
from audit.services.repeats import check_same
from audit.storage import ledger, log, seals
from audit.storage.engine import Connection, DatabaseFault, OutcomeUnknown, is_transient, write
from audit.storage.ledger import Projection
from audit.storage.log import Head, StoredEntry

BRIDGED_MS = 5_000
"""A backward step of the clock up to this is bridged by repeating the last time (log-format, section 2)."""
SEAL_BYTES = 32
MOST_SIGNED = 500
"""Acts that one signature names, so that its entry stays under 16,384 bytes."""
TRIES = 3
"""How often an act is judged anew when the database answers that another writer was in the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """An entry in the log for an order: just appended, or long there when the request was a repeat."""

    entry: Recorded
    is_repeat: bool


@dataclass(slots=True)
class _Pen:
    """What one transaction holds while it writes: its connection, the head, and the entries so far."""

    register: Register
    conn: Connection
    head: Head
    now_ms: int
    appended: list[Recorded] = field(default_factory=list)
    known: dict[str, StoredEntry | None] = field(default_factory=dict)
    wanted: list[Wanted] = field(default_factory=list)

    def find(self, nonce: str) -> StoredEntry | None:
        """Return the entry of a request number; asked once, until one of this list has it."""
        if nonce not in self.known:
            self.known[nonce] = log.by_nonce(self.conn, self.register.site, nonce)
        return self.known[nonce]

    def append(self, draft: Draft, book: Book, owner: str) -> Recorded:
        new, entry = write_entry(self.register, draft, self.head, self.now_ms)
        self.head = log.append(self.conn, self.register.site, self.head, [new])
        _apply(book, entry)
        projection = projection_of(book, entry)
        ledger.project(self.conn, self.register.site, [projection], book)
        for name, (r, value) in draft.seals.items():
            place = seals.Place(entry.index, name)
            seals.put(self.conn, self.register.vault, place, owner=owner, opened=seals.Opened(r, value))
        if isinstance(entry.event, events.ServiceKeyChanged):  # already the next entry is attested by the new key
            self.register = with_key_in_force(self.register, entry.event.service_key)
        self.appended.append(entry)
        self.known.pop(draft.nonce, None)
        return entry


@dataclass(frozen=True, slots=True)
class _Done:
    """One order carried out: its entry, and the book and expected figures it was judged on."""

    order: Order
    written: Written
    book: Book
    expected: tuple[Expected, ...] = ()


def record(register: Register, orders: Sequence[Order]) -> tuple[Written, ...]:
    """Append an entry for each order, all in one transaction, durable when this returns.

    Cases that an entry opens, and the signature over a person's acts on the way where they sign with a factor,
    follow in the same transaction.

    Raises:
        Refused: an order is impossible, malformed or not its actor's; nothing of the list is written.
        SignaturesWanted: acts wait for a passkey; nothing of the list is written.
        OutcomeUnknown: the commit may or may not last; asking again with the same nonces tells.
    """
    check_replacements(orders)
    for _ in range(TRIES - 1):
        try:
            return _record_once(register, orders)
        except log.HeadMoved:
            continue
        except DatabaseFault as error:
            if not is_transient(error):
                raise
    return _record_once(register, orders)


def _record_once(register: Register, orders: Sequence[Order]) -> tuple[Written, ...]:
    with write(register.engine) as conn:
        head = log.lock_head(conn, register.site)
        pen = _Pen(register, conn, head, register.clock())
        if not _all_known(pen, orders):
            _step_clock(pen, orders[0])
        done: list[_Done] = []
        for order in orders:
            done.append(_carry_out(pen, order, done))
        fresh = [one for one in done if not one.written.is_repeat]
        for one in fresh:
            _check_correction(pen, one)
        for one in fresh:
            _open_cases(pen, one)
        for one in fresh:
            _sign_acts(pen, one.order)
        if pen.wanted:  # leaves by an exception, so that all of it is rolled back
            raise SignaturesWanted(tuple(pen.wanted))
    return tuple(one.written for one in done)


def _all_known(pen: _Pen, orders: Sequence[Order]) -> bool:
    return all(pen.find(order.nonce) for order in orders)


def _step_clock(pen: _Pen, order: Order) -> None:
    """State a clock that went back by more than the bridged seconds; repeat the last time for less."""
    before = pen.head.recorded_ms
    if pen.now_ms >= before:
        return
    if before - pen.now_ms <= BRIDGED_MS:
        pen.now_ms = before
        return
    pen.register = with_key_in_force(pen.register, service_key_named(pen.conn, pen.register.site))
    stepped = events.ClockStepped(from_ms=before, to_ms=pen.now_ms)
    nonce = derived_nonce(order.nonce, "clock_stepped")
    draft = service_draft(stepped, nonce=nonce, occurred_ms=pen.now_ms, offset_min=order.offset_min)
    pen.append(draft, Book(), nonce)


def _carry_out(pen: _Pen, order: Order, done: Sequence[_Done]) -> _Done:
    order = _answering(order, done)
    known = pen.find(order.nonce)
    if known is not None:
        check_same(pen.conn, pen.register, order, known)
        return _Done(order, Written(entry=ledger.read_entry(known), is_repeat=True), Book())
    said = Said(
        actor=order.actor,
        occurred_ms=order.occurred_ms if order.occurred_ms is not None else pen.now_ms,
        offset_min=order.offset_min,
        now_ms=pen.now_ms,
    )
    book = _load(pen, order)
    policy = pen.register.policy_on(local_day(said.occurred_ms, said.offset_min))
    expected = _expected(pen, order, book)
    if expected:
        book = _load(pen, order, {f"container:{line.container}" for line in expected} | _lots(expected))
    event = decide(book, order.command, policy, said)
    pen.register = with_key_in_force(pen.register, book.trust.service_key if book.trust else None)
    has_passkey = bool(book.passkeys(order.actor))
    check_standing(event, order.standing, is_demo=pen.register.is_demo, has_passkey=has_passkey)
    check_sealed(kind_of(event), order.sealed)
    if isinstance(event, events.ActsSigned) and event not in _waiting_acts(pen, order.actor):
        raise Refused("not_your_acts")
    draft = Draft(
        event=event,
        actor=order.actor,
        nonce=order.nonce,
        standing=order.standing,
        occurred_ms=said.occurred_ms,
        offset_min=order.offset_min,
        seals={name: (_seal_key(pen, order, name), value) for name, value in order.sealed.items()},
        seen=order.seen,
    )
    _check_passkey(pen, draft, book)
    entry = pen.append(draft, book, order.owner or order.nonce)
    enter_account(pen.conn, pen.register.site, event, password_hash=order.password_hash, now_ms=pen.now_ms)
    erasure.enter(pen.conn, pen.register, entry, book)
    return _Done(order, Written(entry=entry, is_repeat=False), book, expected)


def _seal_key(pen: _Pen, order: Order, name: str) -> bytes:
    return seal_key(order.seal_seed, order.nonce, name) if order.seal_seed else pen.register.random(SEAL_BYTES)


def _check_passkey(pen: _Pen, draft: Draft, book: Book) -> None:
    """Hold a passkey's signature to be over this act, or note that it waits for one; prove a new passkey."""
    if isinstance(draft.event, events.CredentialEnrolled):
        check_proof(pen.register, book, draft.event)
    if draft.standing.method != "passkey":
        return
    check_seen(pen.conn, pen.register, draft)
    if draft.standing.assertion is None:
        pen.wanted.append(wanted_of(book, draft))
    else:
        check_assertion(pen.register, book, draft, draft.standing.assertion)


def _answering(order: Order, done: Sequence[_Done]) -> Order:
    """Let a replacement name the entry whose place it takes, the one struck last in the list."""
    if not order.answers_strike:
        return order
    strikes = [one.written.entry.event for one in done if isinstance(one.written.entry.event, events.EntryStruck)]
    invariant(bool(strikes), "a replacement follows its strike in the same list")
    command = replacing(order.command, strikes[-1].of)
    return dataclasses.replace(order, command=command, answers_strike=False)


def _load(pen: _Pen, order: Order, more: frozenset[str] | set[str] = frozenset()) -> Book:
    return judged_book(pen.conn, pen.register.site, order.command, order.actor, more=frozenset(more))


def _expected(pen: _Pen, order: Order, book: Book) -> tuple[Expected, ...]:
    if not isinstance(order.command, ConfirmCount | RevealCount) or order.command.count not in book.counts:
        return ()
    started = book.counts[order.command.count].started
    return ledger.expected_at(pen.conn, pen.register.site, started.index)


def _lots(expected: tuple[Expected, ...]) -> set[str]:
    return {f"lot:{line.product}:{line.lot}" for line in expected}


def _apply(book: Book, entry: Recorded) -> None:
    book.entries[entry.index] = entry
    if isinstance(entry.event, events.EntryStruck):
        book.struck[entry.event.of.index] = entry.index
    if book.complete is not None:
        # What an act brings into being is known from its first entry on.
        book.complete |= keys(entry.event)
    apply(book, entry)


def projection_of(book: Book, entry: Recorded) -> Projection:
    """Return what an entry becomes in the derived tables; a strike posts the reverse of what it strikes."""
    if isinstance(entry.event, events.EntryStruck):
        struck = book.entries[entry.event.of.index]
        return Projection(
            index=entry.index,
            keys=strike_keys(entry.event, struck.event) | {entry_key(struck.index)},
            postings=reversed_postings(postings(struck.event)),
            occurred_ms=effective_ms(book, struck),
        )
    return Projection(
        index=entry.index, keys=keys(entry.event), postings=_posted(entry), occurred_ms=effective_ms(book, entry)
    )


def _posted(entry: Recorded) -> tuple[Posting, ...]:
    return postings(entry.event)


def effective_ms(book: Book, entry: Recorded) -> int:
    """Return when an entry's postings take effect: a case's at what opened it, all others when they happened."""
    if isinstance(entry.event, events.CaseClosed) and entry.event.case in book.cases:
        return book.cases[entry.event.case].opened_ms
    return entry.occurred_ms


def _check_correction(pen: _Pen, done: _Done) -> None:
    """Judge what a strike leaves behind once the last replacement stands."""
    if not isinstance(done.order.command, StrikeEntry):
        return
    struck = done.book.entries[done.order.command.of.index]
    wanted = keys(struck.event) | {entry_key(struck.index)}
    check_possible(ledger.load_book(pen.conn, pen.register.site, wanted, named=[struck.index]), wanted)


def _open_cases(pen: _Pen, done: _Done) -> None:
    entry = done.written.entry
    policy = pen.register.policy_on(local_day(entry.occurred_ms, entry.offset_min))
    for number, case in enumerate(follow_ups(done.book, entry, policy, done.expected)):
        nonce = derived_nonce(done.order.nonce, f"case_opened/{number}")
        draft = service_draft(case, nonce=nonce, occurred_ms=entry.occurred_ms, offset_min=entry.offset_min)
        pen.append(draft, done.book, nonce)


def _sign_acts(pen: _Pen, order: Order) -> None:
    """Let a person who just signed with a factor also sign their acts on the way."""
    if order.standing.method != "password_totp":
        return
    if isinstance(order.command, events.CredentialEnrolled) and order.command.person == order.actor:
        return  # from their first passkey on a password says why: what waits is signed with the next act
    for number, event in enumerate(_waiting_acts(pen, order.actor)):
        nonce = derived_nonce(order.nonce, f"acts_signed/{number}" if number else "acts_signed")
        draft = Draft(
            event=event,
            actor=order.actor,
            nonce=nonce,
            standing=order.standing,
            occurred_ms=pen.now_ms,
            offset_min=order.offset_min,
        )
        pen.append(draft, Book(), nonce)


def _waiting_acts(pen: _Pen, actor: str) -> list[events.ActsSigned]:
    """Return the signatures that a person's acts on the way wait for, as few as hold them all."""
    conn, site = pen.conn, pen.register.site
    waiting = log.unsigned_since(conn, site, actor)
    groups = [tuple(waiting[start : start + MOST_SIGNED]) for start in range(0, len(waiting), MOST_SIGNED)]
    leaves = {entry.index: entry.leaf.hex() for entry in log.entries_at(conn, site, [group[-1] for group in groups])}
    return [
        events.ActsSigned(from_index=group[0], to_index=group[-1], leaf=leaves[group[-1]], indexes=group)
        for group in groups
    ]


__all__ = ["BRIDGED_MS", "SERVICE", "Order", "OutcomeUnknown", "Standing", "Written", "effective_ms", "record"]
