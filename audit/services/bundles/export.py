"""Issues an evidence bundle: first what it opens is an entry, then the head is signed, written out, and its hash noted.

The service keeps no bundle: the copy that leaves is the only one, so that no opened identity lies about here. A bundle
never changes; a newer log makes another. Not here: who may ask (`web.bundles`, `cli.bundle`).
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO

from audit.domain import events
from audit.domain.book import Recorded
from audit.domain.errors import Refused
from audit.domain.fold import local_day
from audit.services.acts import SIGNED_IN, Order, Standing, derived_nonce
from audit.services.bundles.contents import Recipient, contents_of
from audit.services.bundles.writing import write_bundle
from audit.services.reconcile import offset_at, period_of, zone_of
from audit.services.record import record
from audit.services.register import Register
from audit.services.reporting.exceptions import number_of
from audit.storage import ledger, log
from audit.storage.engine import read
from audit.storage.seals import Sealable

__all__ = ["Asked", "Extras", "Issued", "Recipient", "check_days", "disclosure", "export", "whole_log"]

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which bundle is asked for, by whom, for whom, and under which request number; days are YYYY-MM-DD."""

    report: str
    first: str
    last: str
    nonce: str
    actor: str
    offset_min: int
    standing: Standing = field(default=SIGNED_IN)
    recipient: Recipient = field(default=Recipient(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """Files that go with a bundle: `verify.html`, and the time authority's certificates in PEM; None for none."""

    page: bytes | None = field(default=None, repr=False)
    certificates: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A bundle in the log: its entry and facts, and what people call it; `is_new` where it was written just now."""

    entry: Recorded
    facts: events.ReportIssued
    is_new: bool

    @property
    def number(self) -> str:
        """Return how people name it: by the log size it stands on."""
        return number_of(self.facts)


def disclosure(asked: Asked, reason: events.DiscloseReason, note: str, standing: Standing) -> Order:
    """Return the act by which identities are opened for a recipient; it is signed and recorded before the export.

    Raises:
        Refused: `recipient_missing` where nobody is named who gets them.
    """
    if not asked.recipient.name:
        raise Refused("recipient_missing", "recipient")
    sealed: dict[str, Sealable] = {"recipient": asked.recipient.name}
    if note:
        sealed["note"] = note
    return Order(
        command=events.PatientsDisclosed(report=asked.report, patients=asked.recipient.patients, reason=reason),
        actor=asked.actor,
        nonce=derived_nonce(asked.nonce, "disclosure"),
        standing=standing,
        offset_min=asked.offset_min,
        sealed=sealed,
    )


def export(
    register: Register, sign_head: Callable[[], object], asked: Asked, out: IO[bytes], extras: Extras | None = None
) -> Issued:
    """Write the bundle to `out`, a file open for reading and writing, and note its hash in the log.

    The same request again returns the first one and writes nothing.

    Raises:
        Refused: `not_disclosed` where identities are asked for that no entry opens for this bundle; `not_signed_yet`,
            `entries_differ`, `seal_broken`; those of the period and of the write path.
    """
    if known := _known(register, asked.nonce):
        return known
    extras = extras or Extras()
    sign_head()
    with read(register.engine) as conn:
        if asked.recipient.patients:
            keys = {f"patient:{patient}" for patient in asked.recipient.patients}
            _check_disclosed(ledger.load_entries(conn, register.site, keys), asked)
        contents = contents_of(
            conn, register, report=asked.report, days=(asked.first, asked.last), recipient=asked.recipient
        )
        write_bundle(out, contents, page=extras.page, certificates=extras.certificates)
    head, period = contents.checkpoint, contents.period
    command = events.ReportIssued(
        report=asked.report,
        report_kind="bundle",
        from_on=period.first.isoformat(),
        to_on=period.last.isoformat(),
        size=head.size,
        root=head.root.hex(),
        sha256=_sha256(out),
    )
    order = Order(
        command=command, actor=asked.actor, nonce=asked.nonce, standing=asked.standing, offset_min=asked.offset_min
    )
    return Issued(entry=record(register, [order])[0].entry, facts=command, is_new=True)


def check_days(register: Register, first: str, last: str) -> None:
    """Refuse days that are no period, before anything is opened for them.

    Raises:
        Refused: those of the period.
    """
    with read(register.engine) as conn:
        period_of(first, last, zone_of(conn, register.site))


def whole_log(register: Register) -> tuple[str, str]:
    """Return the days from the opening of the log to today, as the site counts them."""
    now_ms = register.clock()
    with read(register.engine) as conn:
        opening = log.entry(conn, register.site, 0)
        zone = zone_of(conn, register.site)
    if opening is None:
        raise Refused("not_signed_yet", "from", index=0)
    began_ms = opening.recorded_ms
    return local_day(began_ms, offset_at(began_ms, zone)), local_day(now_ms, offset_at(now_ms, zone))


def _check_disclosed(entries: list[Recorded], asked: Asked) -> None:
    opened = {
        patient
        for one in entries
        if isinstance(one.event, events.PatientsDisclosed) and one.event.report == asked.report
        for patient in one.event.patients
    }
    if not opened.issuperset(asked.recipient.patients):
        raise Refused("not_disclosed", "patients")


def _known(register: Register, nonce: str) -> Issued | None:
    with read(register.engine) as conn:
        stored = log.by_nonce(conn, register.site, nonce)
        entry = ledger.read_entry(stored) if stored else None
    if entry is None or not isinstance(entry.event, events.ReportIssued):
        return None
    return Issued(entry=entry, facts=entry.event, is_new=False)


def _sha256(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    while part := file.read(_CHUNK):
        digest.update(part)
    return digest.hexdigest()
