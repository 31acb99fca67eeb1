"""Has a time authority date the log's head: once a day, and for every report where one is configured.

A token is kept first, then the log names it; an authority that is absent holds up nothing. Not here: what a reply
says (`time_token`), the conversation (`time_authority`), and whether the record agrees with it (check 8).
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from audit.domain import events
from audit.domain.book import SERVICE, Recorded
from audit.domain.errors import Refused
from audit.services.acts import BY_SERVICE, Order, derived_nonce
from audit.services.reconcile import offset_at, zone_of
from audit.services.record import record
from audit.services.register import Register
from audit.services.time_authority import Authority
from audit.services.time_token import SLACK_MS, TimeRefused, Token, build_request, dated_bytes, read_reply
from audit.storage import checkpoints, registers, time_tokens
from audit.storage.checkpoints import StoredCheckpoint
from audit.storage.engine import read, write
from audit.tlog.note import parse_note

EVERY_MS: Final = 24 * 60 * 60_000
AGAIN_MS: Final = 15 * 60_000
"""How long an authority that failed is left alone before the daily token is asked for again."""
NO_AUTHORITY: Final = "no time authority is configured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """The last head that an authority dated: how many entries, when (ms since 1970 UTC), and by whom."""

    size: int
    gen_ms: int
    authority: str


def last_dated(register: Register) -> Dated | None:
    """Return the last head that the log says was dated; the authority's name is empty where its token is not there."""
    stated = _last_stated(register)
    if stated is None:
        return None
    with read(register.engine) as conn:
        reply = time_tokens.at(conn, register.site, stated.size)
    return Dated(size=stated.size, gen_ms=stated.gen_ms, authority=authority_of(reply))


def authority_of(reply: bytes | None) -> str:
    """Return the name of who signed a reply, "" where it names nobody."""
    try:
        return read_reply(reply).authority if reply is not None else ""
    except TimeRefused:
        return ""


def stamp(register: Register, authority: Authority) -> Recorded:
    """Have the latest checkpoint dated, keep the token, and let the log name it; return that entry.

    The same checkpoint again is the same entry, and asks nobody again.

    Raises:
        TimeRefused: nothing is signed yet, the authority does not answer, its answer does not hold, or the clocks
            differ by more than `SLACK_MS`.
        Refused, OutcomeUnknown: as the write path; asking again carries on.
    """
    with read(register.engine) as conn:
        head = checkpoints.latest(conn, register.site)
        kept = time_tokens.at(conn, register.site, head.size) if head else None
        offset_min = offset_at(register.clock(), zone_of(conn, register.site))
    if head is None:
        raise TimeRefused("nothing is signed yet")
    dated = dated_bytes(register.origin, parse_note(head.note))
    if kept is None:
        token = _ask(register, authority, dated)
        with write(register.engine) as conn:
            kept = time_tokens.save(conn, register.site, head.size, token.reply)
    token = read_reply(kept)
    _check(token, authority, dated)
    return _record(register, head, token, offset_min)


class Timekeeper:
    """Stamps for a running service; remembers why there is no newer token."""

    def __init__(
        self,
        register: Register,
        authority: Authority | None,
        sign_head: Callable[[], object],
        certificates: bytes | None = None,
    ) -> None:
        """Keep time for one register; `sign_head` has its head signed; certificates (PEM) stay when nobody is asked."""
        self._register = register
        self._authority = authority
        self._sign_head = sign_head
        self.certificates = authority.pem if authority is not None else certificates
        self._lock = threading.Lock()
        self._tried_ms: int | None = None
        self.why_not = NO_AUTHORITY if authority is None else ""
        """Why the last attempt gave no token; empty where it did."""

    def stamp(self) -> bool:
        """Have the head signed and dated, and the entry about it signed; say whether it was. Never raises for time."""
        if self._authority is None:
            return False
        with self._lock:
            self._tried_ms = self._register.clock()
            self._sign_head()
            try:
                stamp(self._register, self._authority)
            except TimeRefused as refused:
                self.why_not = str(refused)
                return False
            except Refused as refused:
                self.why_not = f"the log refused it ({refused.code})"
                return False
            self.why_not = ""
            self._sign_head()
            return True

    def stamp_daily(self) -> None:
        """Stamp where the last token is a day old, and a failed attempt not just made."""
        if self._authority is None:
            return
        now_ms = self._register.clock()
        if self._tried_ms is not None and now_ms - self._tried_ms < AGAIN_MS:
            return
        last = _last_stated(self._register)
        if last is None or now_ms - last.gen_ms >= EVERY_MS:
            self.stamp()


def _last_stated(register: Register) -> events.TimeStamped | None:
    with read(register.engine) as conn:
        page = registers.newest(conn, register.site, limit=1, kinds=("time_stamped",))
    event = page.entries[0].event if page.entries else None
    return event if isinstance(event, events.TimeStamped) else None


def _ask(register: Register, authority: Authority, dated: bytes) -> Token:
    request = build_request(dated)
    token = read_reply(authority.ask(request.query))
    if token.nonce != request.nonce:
        raise TimeRefused("the authority answered another request")
    _check(token, authority, dated)
    apart_ms = abs(token.gen_ms - register.clock())
    if apart_ms > SLACK_MS:
        raise TimeRefused(f"this service's clock and the authority's are {apart_ms // 1000} s apart")
    return token


def _check(token: Token, authority: Authority, dated: bytes) -> None:
    if token.imprint != sha256(dated).digest():
        raise TimeRefused("the authority dated something else")
    authority.certificates.check(token)


def _record(register: Register, head: StoredCheckpoint, token: Token, offset_min: int) -> Recorded:
    order = Order(
        command=events.TimeStamped(
            size=head.size, root=head.root.hex(), gen_ms=token.gen_ms, token_sha256=token.sha256
        ),
        actor=SERVICE,
        nonce=derived_nonce(f"{register.origin} {head.size} {head.root.hex()}", "time_stamped"),
        standing=BY_SERVICE,
        offset_min=offset_min,
    )
    return record(register, [order])[0].entry
