"""Accounts of staff: the table `account`, derived from the log, and reading it back as `Account`.

`enrol`, `set_roles`, `set_password` and `end` are called by the projection of an entry, inside its transaction.
Nothing else may write here: whatever is in `account` must follow from entries, and `audit verify` compares.
Not here: hashing and checking passwords (`audit.services.passwords`), sign-ins and lockout (`audit.storage.signins`),
who may enrol whom (domain).

SQLAlchemy Core only. Flask-Security never writes an account, so its ORM models and its role tables would stay unused.
"""

import dataclasses
import unicodedata
from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    Index,
    PrimaryKeyConstraint,
    Row,
    Select,
    Table,
    UniqueConstraint,
    insert,
    select,
    update,
)

from audit.storage.schema import BIG, BYTES, WORD, metadata

ROLES: Final = frozenset({"administrator", "clinician", "inspector", "manager"})

account: Final = Table(
    "account",
    metadata,
    Column("site", WORD, nullable=False),
    Column("person", WORD, nullable=False),
    Column("name", WORD, nullable=False),
    # Folded (see fold_sign_in), so that the unique constraint knows A.Example and a.example as one name.
    Column("sign_in", WORD, nullable=False),
    Column("profession", WORD, nullable=False),
    Column("licence", WORD, nullable=False),
    # Sorted, separated by one space: the same set is the same text, which verifying compares.
    Column("roles", WORD, nullable=False),
    # The argon2id hash; null until the person has chosen a password. The log holds a commitment to this text.
    Column("password", WORD),
    Column("active", BIG, nullable=False),
    PrimaryKeyConstraint("site", "person"),
    UniqueConstraint("site", "sign_in"),
    CheckConstraint("active IN (0, 1)", name="active_is_yes_or_no"),
    sqlite_strict=True,
)

# Not derived from the log: a sign-in is no act on the record. Kept in this module so that one import
# registers every table about people with the metadata.
sign_in: Final = Table(
    "sign_in",
    metadata,
    # SHA-256 of the cookie's token: who reads the database cannot take over a sign-in.
    Column("id", BYTES, nullable=False),
    Column("site", WORD, nullable=False),
    Column("person", WORD, nullable=False),
    Column("created_ms", BIG, nullable=False),
    Column("seen_ms", BIG, nullable=False),
    Column("figures_seen_ms", BIG),
    Column("ended_ms", BIG),
    PrimaryKeyConstraint("id"),
    CheckConstraint("length(id) = 32", name="id_is_a_hash"),
    Index("sign_in_person_index", "site", "person"),
    sqlite_strict=True,
)

attempt: Final = Table(
    "attempt",
    metadata,
    Column("site", WORD, nullable=False),
    # "person:p_..." or "name:<SHA-256>": people type passwords into the name field, so the text is not kept.
    Column("subject", WORD, nullable=False),
    Column("wrong", BIG, nullable=False),
    Column("first_ms", BIG, nullable=False),
    Column("locked_until_ms", BIG),
    PrimaryKeyConstraint("site", "subject"),
    Index("attempt_first_index", "first_ms"),
    sqlite_strict=True,
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person of the staff as the log has them now; `password_hash` is null until they chose one."""

    site: str
    person: str
    name: str
    sign_in: str
    profession: str
    licence: str
    roles: frozenset[str]
    active: bool = True
    password_hash: str | None = dataclasses.field(default=None, repr=False)


def fold_sign_in(text: str) -> str:
    """The one spelling under which a sign-in name is kept and found: NFC, case folded, no space around it."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text.strip()).casefold())


def enrol(conn: Connection, new: Account) -> None:
    """Add a person of the staff; an IntegrityError means that person or sign-in name is taken."""
    row = dataclasses.asdict(new)
    row["password"] = row.pop("password_hash")
    row |= {"sign_in": fold_sign_in(new.sign_in), "roles": _join_roles(new.roles), "active": int(new.active)}
    conn.execute(insert(account).values(row))


def set_roles(conn: Connection, site: str, person: str, *, roles: Collection[str], at_ms: int) -> None:
    """Replace the person's roles and end every sign-in that still carries the old ones."""
    _change(conn, site, person, at_ms=at_ms, roles=_join_roles(roles))


def set_password(conn: Connection, site: str, person: str, *, password_hash: str | None, at_ms: int) -> None:
    """Replace the password hash and end every sign-in that the old password opened."""
    _change(conn, site, person, at_ms=at_ms, password=password_hash)


def end(conn: Connection, site: str, person: str, *, at_ms: int) -> None:
    """End the person's account: nobody signs in or signs an act with it any more, and open sign-ins end."""
    _change(conn, site, person, at_ms=at_ms, active=0)


def by_person(conn: Connection, site: str, person: str) -> Account | None:
    """The account of that person, ended or not."""
    return _first(conn, select(account).where(account.c.site == site, account.c.person == person))


def by_sign_in(conn: Connection, site: str, sign_in: str) -> Account | None:
    """The account found under what somebody typed, ended or not."""
    return _first(conn, select(account).where(account.c.site == site, account.c.sign_in == fold_sign_in(sign_in)))


def all_of(conn: Connection, site: str) -> tuple[Account, ...]:
    """Every account of the site, ended ones too, by name."""
    rows = conn.execute(select(account).where(account.c.site == site).order_by(account.c.name, account.c.person))
    return tuple(_from_row(row) for row in rows)


def _change(conn: Connection, site: str, person: str, *, at_ms: int, **values: str | int | None) -> None:
    found = conn.execute(update(account).where(account.c.site == site, account.c.person == person).values(values))
    if found.rowcount != 1:
        raise LookupError(f"no account {person} at site {site}")
    conn.execute(
        update(sign_in)
        .where(sign_in.c.site == site, sign_in.c.person == person, sign_in.c.ended_ms.is_(None))
        .values(ended_ms=at_ms)
    )


def _join_roles(roles: Collection[str]) -> str:
    if unknown := set(roles) - ROLES:
        raise ValueError(f"unknown role {min(unknown)}")
    return " ".join(sorted(set(roles)))


def _first(conn: Connection, query: Select[Any]) -> Account | None:
    row = conn.execute(query).first()
    return None if row is None else _from_row(row)


def _from_row(row: Row[Any]) -> Account:
    return Account(
        site=row.site,
        person=row.person,
        name=row.name,
        sign_in=row.sign_in,
        profession=row.profession,
        licence=row.licence,
        roles=frozenset(row.roles.split()),
        active=bool(row.active),
        password_hash=row.password,
    )
