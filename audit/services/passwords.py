"""Passwords: hashing, the rules for a new one, and checking one with the lockout in the database.

Works without a web request: signing in, signing an act and a witness at the same tablet all come here.
Not here: keeping a new password (an entry of the log), sign-ins, one-time codes and passkeys.

A hash is never renewed on a right password: the log holds a commitment to it, so a new hash is a new entry.
"""

import dataclasses
import functools
import unicodedata
from collections.abc import Callable
from enum import StrEnum
from typing import Final

import argon2

from audit.storage import people, signins
from audit.storage.engine import Engine, read, write
from audit.storage.people import Account

# NIST SP 800-63B-4 section 3.1.1.2 asks for 15 where a password stands alone, 8 beside another factor. Twelve
# with the lockout holds until one-time codes and passkeys arrive.
SHORTEST: Final = 12
LONGEST: Final = 256
# Compared with the letters of a password alone: "Password-2026" is "password".
_COMMON: Final = frozenset({
    "administrator", "asdfghjkl", "changeme", "clinic", "dragon", "iloveyou", "ketamine", "ketamineaudit", "letmein",
    "monkey", "motdepasse", "passwort", "password", "princess", "qwertyuiop", "qwertyuiopasdf", "sunshine", "welcome",
})  # fmt: skip
# Typed by whoever was told to type more; looked for in both directions.
_ROWS: Final = ("0123456789" * 26, "abcdefghijklmnopqrstuvwxyz")
_FEWEST_CHARACTERS: Final = 4
# A shorter name may sit in a long sentence by chance.
_NAME_INSIDE: Final = 6


class Fault(StrEnum):
    """What is wrong with a new password."""

    TOO_SHORT = "password_too_short"
    TOO_LONG = "password_too_long"
    NAMES_PERSON = "password_names_person"
    COMMON = "password_common"


class Why(StrEnum):
    """Why a password was not accepted; `WRONG` is also the answer for a name that nobody has."""

    WRONG = "wrong"
    LOCKED = "locked"
    ENDED = "ended"
    NO_PASSWORD = "no_password"  # noqa: S105 - the name of a refusal
    CODE = "code"  # the password was right, the one-time code wrong or missing


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Work of one argon2id hash (RFC 9106); anything cheaper than `STANDARD` is for tests."""

    memory_kib: int
    passes: int
    lanes: int


# RFC 9106 section 4, second recommended option: 64 MiB, t=3, p=4.
STANDARD: Final = Cost(memory_kib=64 * 1024, passes=3, lanes=4)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The password was right, and this is whose."""

    account: Account


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """The password was not accepted; `until_ms` is set when locked."""

    why: Why
    until_ms: int | None = None


def hash_password(password: str, cost: Cost = STANDARD, *, salt: bytes | None = None) -> str:
    """The argon2id hash of a password as text in PHC form; with a fresh salt unless one is given, as demos do."""
    return _hasher(cost).hash(_normal(password), salt=salt)


def password_faults(password: str, *, name: str, sign_in: str) -> tuple[Fault, ...]:
    """What is wrong with a new password for the person of that name; empty when it will do."""
    normal = _normal(password)
    faults = []
    if len(normal) < SHORTEST:
        faults.append(Fault.TOO_SHORT)
    if len(normal) > LONGEST:
        faults.append(Fault.TOO_LONG)
    if _names(normal, name, sign_in):
        faults.append(Fault.NAMES_PERSON)
    if _is_common(normal):
        faults.append(Fault.COMMON)
    return tuple(faults)


def check_password(  # noqa: PLR0913 (all but two are named)
    engine: Engine,
    site: str,
    who: str,
    password: str,
    *,
    now_ms: int,
    cost: Cost = STANDARD,
    also: Callable[[Account], bool] = lambda _account: True,
) -> Checked | Denied:
    """Check the password of a person, given by id (`p_...`) or by what they type to sign in.

    Uses transactions of its own, so that a failure counts even where the act that asked is given up. Call it
    before opening a write transaction: on SQLite there is only one writer.
    Five wrong in 15 minutes lock for 15 minutes, per person and per unknown name. An unknown name costs the
    same work as a known one, and a locked one is answered before any hashing, whatever the password. `also` is a
    second factor, asked only after a right password; where it fails, the attempt counts as wrong.
    """
    with read(engine) as conn:
        find = people.by_person if who.startswith("p_") else people.by_sign_in
        account = find(conn, site, who)
    subject = signins.subject_of(who, account)
    with write(engine) as conn:
        signins.forget_old(conn, now_ms=now_ms)
        may_check, until_ms = signins.charge(conn, site, subject=subject, now_ms=now_ms)
    if not may_check:
        return Denied(why=Why.LOCKED, until_ms=until_ms)
    if account is None or account.password_hash is None or not _matches(account.password_hash, password):
        return _denied(account, password, until_ms, cost)
    if not also(account):
        return Denied(why=Why.LOCKED, until_ms=until_ms) if until_ms is not None else Denied(why=Why.CODE)
    with write(engine) as conn:
        signins.forgive(conn, site, subject=subject)
    # Only who knows the password learns that the account has ended.
    return Checked(account=account) if account.active else Denied(why=Why.ENDED)


def _denied(account: Account | None, password: str, until_ms: int | None, cost: Cost) -> Denied:
    without_password = account is not None and account.password_hash is None
    if account is None or without_password:
        hash_password(password, cost)
    if until_ms is not None:
        return Denied(why=Why.LOCKED, until_ms=until_ms)
    return Denied(why=Why.NO_PASSWORD if without_password else Why.WRONG)


def _matches(stored: str, password: str) -> bool:
    # The work is stated in the stored hash, so the cost given here is not used.
    try:
        return _hasher(STANDARD).verify(stored, _normal(password))
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False


@functools.lru_cache(maxsize=4)
def _hasher(cost: Cost) -> argon2.PasswordHasher:
    return argon2.PasswordHasher(
        time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=cost.lanes, type=argon2.Type.ID
    )


def _normal(password: str) -> str:
    """NFC (RFC 8265 section 4.2.2), so that one password typed on two keyboards is one; never trimmed or folded.

    Flask-Security's default, NFKD, would make two different characters one. Lone surrogates, which no keyboard
    makes and UTF-8 cannot carry, become a replacement mark.
    """
    return unicodedata.normalize("NFC", password.encode("utf-8", "replace").decode("utf-8"))


def _names(password: str, name: str, sign_in: str) -> bool:
    letters = _letters(password)
    own = (_letters(text) for text in (name, sign_in, sign_in.partition("@")[0]))
    return any(text and (letters == text or (len(text) >= _NAME_INSIDE and text in letters)) for text in own)


def _is_common(password: str) -> bool:
    folded = password.casefold()
    if len(set(folded)) < _FEWEST_CHARACTERS or _letters(folded) in _COMMON:
        return True
    return any(folded in row or folded[::-1] in row for row in _ROWS)


def _letters(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFC", text).casefold() if c.isalpha())
