"""Sign-ins kept on the server, and the count of failed attempts behind the lockout.

Neither is derived from the log: both may be deleted whole, which only signs everybody out.
Not here: what a password is (`audit.services.passwords`), the cookie (`audit.web.security`).
"""

import dataclasses
import hashlib
import logging
from typing import Final

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from audit.storage.engine import Engine, OutcomeUnknown, write
from audit.storage.people import Account, attempt, by_person, fold_sign_in, sign_in

logger = logging.getLogger(__name__)

# One working day at most; half an hour left alone (NIST SP 800-63B-4, section 2.2.3: at most 24 h and 1 h).
LONGEST_MS: Final = 12 * 60 * 60 * 1000
IDLE_MS: Final = 30 * 60 * 1000
# A sign-in is written at most once a minute, so that reading pages stays reading.
TOUCH_MS: Final = 60 * 1000

WRONG_LIMIT: Final = 5
WRONG_WINDOW_MS: Final = 15 * 60 * 1000
LOCK_MS: Final = 15 * 60 * 1000
_FORGET_MS: Final = 24 * 60 * 60 * 1000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """A sign-in that still holds, and whether its last-seen time is due to be written."""

    account: Account
    needs_touch: bool


def start(conn: Connection, site: str, *, person: str, token: str, now_ms: int) -> None:
    """Keep a new sign-in of the person under the digest of its token."""
    row = {"id": _digest(token), "site": site, "person": person, "created_ms": now_ms, "seen_ms": now_ms}
    conn.execute(insert(sign_in).values(row))


def live(conn: Connection, site: str, *, token: str, now_ms: int) -> Live | None:
    """The sign-in of that token, or None when it is unknown, ended, too old, left idle, or its person has ended."""
    row = conn.execute(select(sign_in).where(sign_in.c.id == _digest(token), sign_in.c.site == site)).first()
    if row is None or row.ended_ms is not None:
        return None
    if now_ms - row.created_ms >= LONGEST_MS or now_ms - row.seen_ms >= IDLE_MS:
        return None
    account = by_person(conn, site, row.person)
    if account is None or not account.active:
        return None
    return Live(account=account, needs_touch=now_ms - row.seen_ms >= TOUCH_MS)


def touch(engine: Engine, *, token: str, now_ms: int) -> None:
    """Note that the sign-in is in use; never backwards, so that a clock step cannot end it early.

    Gives up quietly when the database cannot be written, so that a full disk does not keep anybody from reading.
    """
    digest = _digest(token)
    try:
        with write(engine) as conn:
            conn.execute(
                update(sign_in).where(sign_in.c.id == digest, sign_in.c.seen_ms < now_ms).values(seen_ms=now_ms)
            )
    except (DBAPIError, OutcomeUnknown) as error:
        logger.warning("a sign-in could not be noted as in use: %s", type(error).__name__)


def stop(conn: Connection, *, token: str, now_ms: int) -> None:
    """End the sign-in; one that has ended keeps its time."""
    digest = _digest(token)
    conn.execute(update(sign_in).where(sign_in.c.id == digest, sign_in.c.ended_ms.is_(None)).values(ended_ms=now_ms))


def mark_figures_seen(conn: Connection, *, token: str, now_ms: int) -> None:
    """Note that stock figures were sent to this sign-in (a blind count asks for it)."""
    conn.execute(update(sign_in).where(sign_in.c.id == _digest(token)).values(figures_seen_ms=now_ms))


def figures_seen_ms(conn: Connection, site: str, person: str) -> int | None:
    """When stock figures were last sent to this person in any of their sign-ins, ended ones too."""
    latest = select(func.max(sign_in.c.figures_seen_ms)).where(sign_in.c.site == site, sign_in.c.person == person)
    value: int | None = conn.execute(latest).scalar_one()
    return value


def subject_of(who: str, account: Account | None) -> str:
    """Under what name failures are counted: the person, or for an unknown name a digest of what was typed."""
    return f"name:{_digest(fold_sign_in(who)).hex()}" if account is None else f"person:{account.person}"


def charge(conn: Connection, site: str, *, subject: str, now_ms: int) -> tuple[bool, int | None]:
    """Count one attempt before it is checked; (may it be checked, locked until when).

    Counting first is what holds against many guesses at one moment: at most five are ever being checked.
    The fifth sets the lock at once; if its password is right, `forgive` takes it away again. A lock that would
    begin in the future was set by a clock that has since been put right, and does not hold.
    """
    _insert_missing(conn, site, subject, now_ms)
    here = (attempt.c.site == site) & (attempt.c.subject == subject)
    row = conn.execute(select(attempt).where(here).with_for_update()).one()
    if row.locked_until_ms is not None and row.locked_until_ms - LOCK_MS <= now_ms < row.locked_until_ms:
        return False, row.locked_until_ms
    begins_anew = row.locked_until_ms is not None or now_ms - row.first_ms >= WRONG_WINDOW_MS
    wrong = 1 if begins_anew else row.wrong + 1
    until_ms = now_ms + LOCK_MS if wrong >= WRONG_LIMIT else None
    first_ms = now_ms if begins_anew else row.first_ms
    conn.execute(update(attempt).where(here).values(wrong=wrong, first_ms=first_ms, locked_until_ms=until_ms))
    return True, until_ms


def forgive(conn: Connection, site: str, *, subject: str) -> None:
    """Forget the failures of the subject, after a right password."""
    conn.execute(delete(attempt).where(attempt.c.site == site, attempt.c.subject == subject))


def note(conn: Connection, site: str, *, subject: str, value: int, now_ms: int, keep: bool) -> int:
    """Return what was noted first under a subject within a day; else the value given, which is noted where `keep`."""
    forget_old(conn, now_ms=now_ms)
    if keep:
        _insert_missing(conn, site, subject, now_ms, value)
    here = (attempt.c.site == site) & (attempt.c.subject == subject)
    kept: int | None = conn.scalar(select(attempt.c.wrong).where(here))
    return value if kept is None else kept


def forget_old(conn: Connection, *, now_ms: int) -> None:
    """Delete attempts of yesterday and before, so that guessing at random names does not fill the disk."""
    conn.execute(delete(attempt).where(attempt.c.first_ms < now_ms - _FORGET_MS))


def _insert_missing(conn: Connection, site: str, subject: str, now_ms: int, value: int = 0) -> None:
    row = {"site": site, "subject": subject, "wrong": value, "first_ms": now_ms}
    if conn.dialect.name == "sqlite":
        conn.execute(sqlite.insert(attempt).values(row).on_conflict_do_nothing())
    else:
        conn.execute(postgresql.insert(attempt).values(row).on_conflict_do_nothing())


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
