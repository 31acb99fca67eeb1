"""Check 11, at the end: head and accounts equal their rebuild; triggers are in place; no stray site.

Which columns no rebuild says anything about, and why, stands in `exempt.py`.
"""

from dataclasses import dataclass, field

from audit.domain import events
from audit.domain.book import Person
from audit.services.verifying.check_01_bytes import Read
from audit.services.verifying.source import AccountRow, Tables
from audit.services.verifying.verdict import Notebook, Rule
from audit.storage.people import fold_sign_in
from audit.tlog.seal import password_commitment


@dataclass(slots=True)
class Ends:
    """What the head and the accounts must say, gathered while the entries pass."""

    leaf: bytes = b""
    recorded_ms: int = 0
    size: int = 0
    said_at: dict[tuple[str, str], int] = field(default_factory=dict)
    """The entry that last said a person's `enrolment`, `roles`, `password` or `end`."""

    def entry(self, read: Read) -> None:
        """Note what an entry says."""
        self.leaf, self.size = read.leaf, read.index + 1
        if read.entry is not None:
            self.recorded_ms = read.entry.recorded_ms
        match read.recorded.event if read.recorded else None:
            case events.PersonEnrolled(person=person):
                for what in ("enrolment", "roles", "password", "end"):
                    self.said_at[person, what] = read.index
            case events.RolesChanged(person=person):
                self.said_at[person, "roles"] = read.index
            case events.PasswordSet(person=person):
                self.said_at[person, "password"] = read.index
            case events.PersonEnded(person=person):
                self.said_at[person, "end"] = read.index
            case _:
                pass


def check_head(notebook: Notebook, tables: Tables, ends: Ends, origin: str | None) -> None:
    """Compare the head's row with the last entry, and the site with the log's own name."""
    last = ends.size - 1
    if origin is not None and origin.partition("/log/")[2] != tables.site:
        notebook.finding(Rule.TABLES, 0, expected=f"rows of the site that {origin} names", found=f"site {tables.site}")
    if len(tables.heads) != 1:
        expected = f"one row in log_head for {tables.site}"
        notebook.finding(Rule.TABLES, max(last, 0), expected=expected, found=f"{len(tables.heads)} rows")
    for head in tables.heads:
        stored = (head.size, head.leaf.hex(), head.recorded_ms)
        rebuilt = (ends.size, ends.leaf.hex(), ends.recorded_ms)
        for name, right, met in zip(("size", "leaf", "recorded_ms"), rebuilt, stored, strict=True):
            if right != met:
                notebook.finding(Rule.TABLES, last, expected=f"log_head.{name} {right}", found=str(met))


def check_accounts(notebook: Notebook, tables: Tables, persons: dict[str, Person], ends: Ends) -> None:
    """Compare the accounts with the persons that the entries enrolled, changed and ended."""
    rows: dict[str, AccountRow] = {}
    for row in tables.accounts:
        if row.person in rows or row.person not in persons:
            known = "twice" if row.person in rows else "enrolled by no entry"
            index = ends.said_at.get((row.person, "enrolment"))
            notebook.finding(
                Rule.TABLES, index, expected="an account for each person enrolled", found=f"{row.person}, {known}"
            )
        rows.setdefault(row.person, row)
    for person in persons.values():
        _check_account(notebook, person, rows.get(person.person), ends)


def check_guards(notebook: Notebook, tables: Tables) -> None:
    """Name missing triggers, and rows of a site that has no log."""
    for name in tables.missing_guards:
        notebook.finding(Rule.TABLES, None, expected=f"the append-only trigger {name}", found="missing or altered")
    for stray in tables.strays:
        found = f"rows in {stray.table} of site {stray.site}"
        notebook.finding(Rule.TABLES, stray.index, expected="rows of sites that have a log", found=found)


def _check_account(notebook: Notebook, person: Person, row: AccountRow | None, ends: Ends) -> None:
    enrolled = ends.said_at.get((person.person, "enrolment"))
    if row is None:
        notebook.finding(
            Rule.TABLES, enrolled, expected=f"an account of {person.person}", found="no such row in account"
        )
        return
    commitment = password_commitment(row.password) if row.password is not None else None
    for what, column, right, met in (
        ("enrolment", "name", person.name, row.name),
        ("enrolment", "sign_in", fold_sign_in(person.sign_in), row.sign_in),
        ("enrolment", "profession", person.profession, row.profession),
        ("enrolment", "licence", person.licence or "", row.licence),
        ("roles", "roles", " ".join(sorted(set(person.roles))), row.roles),
        ("password", "password, its commitment", person.password_sha256, commitment),
        ("end", "active", int(person.is_active), row.active),
    ):
        if right != met:
            index = ends.said_at.get((person.person, what), enrolled)
            expected = f"account.{column} of {person.person}: {right}"
            notebook.finding(Rule.TABLES, index, expected=expected, found=str(met))
