"""What goes into a bundle, read from one snapshot of the database: plain values and streams, nothing held whole.

Not here: the zip (`writing`), and who may have it (`export`).
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from audit.domain import events
from audit.domain.errors import Refused
from audit.services.reconcile import Period, period_of, zone_of
from audit.services.register import Register
from audit.services.tiles import newest_in
from audit.storage import checkpoints, disclosed, ledger, log, time_tokens
from audit.storage.checkpoints import StoredCheckpoint
from audit.storage.engine import Connection
from audit.storage.seals import SealBroken
from audit.tlog.canonical import encode

FORMAT = 1
WHAT = "evidence bundle"
_MOST_SEALED_BYTES = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Who a bundle is for, and whose identities it opens to them; `name` may be empty, `patients` mostly are."""

    name: str = field(default="", repr=False)
    patients: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeReply:
    """What a time authority answered for the head at `size`, and the note it dated."""

    size: int
    reply: bytes
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """A log up to a checkpoint as a bundle holds it. Each stream may be read as often as wanted."""

    origin: str
    checkpoint: StoredCheckpoint
    vkeys: tuple[str, ...]
    period: Period
    about: dict[str, object]
    entries: Callable[[], Iterator[bytes]] = field(repr=False)
    sealed: Callable[[], Iterator[bytes]] = field(repr=False)
    times: Callable[[], Iterator[TimeReply]] = field(repr=False)

    def manifest(self, counts: dict[str, int]) -> bytes:
        """Return `manifest.json`; the counts are those of what was written."""
        return json.dumps(
            self.about | {"counts": counts}, ensure_ascii=False, sort_keys=True, separators=(",", ":")
        ).encode()


def contents_of(
    conn: Connection, register: Register, *, report: str, days: tuple[str, str], recipient: Recipient
) -> Contents:
    """Return the contents of a bundle as the newest checkpoint covers them; `days` are the first and last of a period.

    Raises:
        Refused: `not_signed_yet`, and those of the period.
    """
    head = newest_in(conn, register.site)
    if head is None:
        raise Refused("not_signed_yet", "from", index=0)
    book = ledger.load_book(conn, register.site, {"log:site"}, before=head.size)
    if book.log is None or book.trust is None:
        raise Refused("not_signed_yet", "from", index=0)
    period = period_of(*days, zone_of(conn, register.site))
    site = register.site
    return Contents(
        origin=register.origin,
        checkpoint=head,
        vkeys=(book.trust.log_key, *book.trust.cosigners),
        period=period,
        about=_about(register, book.log, head, period, report, recipient),
        entries=lambda: (one.body for one in log.entries(conn, site, 0, head.size)),
        sealed=lambda: _sealed(conn, register, recipient.patients, head.size),
        times=lambda: _times(conn, site, head.size),
    )


def _about(
    register: Register,
    opened: events.LogOpened,
    head: StoredCheckpoint,
    period: Period,
    report: str,
    recipient: Recipient,
) -> dict[str, object]:
    days = (period.first.isoformat(), period.last.isoformat())
    packs = dict.fromkeys(register.pack.on(day) for day in days)
    about: dict[str, object] = {
        "what": WHAT,
        "format": FORMAT,
        "report": report,
        "log": register.origin,
        "size": head.size,
        "root": head.root.hex(),
        "from": days[0],
        "to": days[1],
        "demo": opened.demo,
        "packs": [{"pack": one.pack, "version": one.version, "from": one.effective_from} for one in packs],
        "entries": "every entry up to the checkpoint",
        "withheld": {"sealed": _withheld(recipient.patients)},
    }
    if recipient.name:
        about["for"] = recipient.name
    if recipient.patients:
        about["disclosed"] = list(recipient.patients)
    return about


def _withheld(patients: Sequence[str]) -> str:
    if not patients:
        return "patients are known by pseudonym; no sealed value is opened"
    return "sealed values are opened for the patients under disclosed; all others are known by pseudonym"


def _sealed(conn: Connection, register: Register, patients: Sequence[str], size: int) -> Iterator[bytes]:
    """Yield the opened seals, a line each; a value that does not decrypt stays out, and verifying the log names it."""
    if not patients:
        return
    found = disclosed.disclosed(conn, register.vault, patients, before=size)
    try:
        for one in found:
            line = {"index": one.index, "field": one.field, "r": one.opened.r.hex(), "value": one.opened.value}
            yield encode(line, max_bytes=_MOST_SEALED_BYTES, line_feeds=True)
    except SealBroken as broken:
        raise Refused("seal_broken", "patients", why=str(broken)) from broken


def _times(conn: Connection, site: str, size: int) -> Iterator[TimeReply]:
    for at in time_tokens.sizes(conn, site):
        reply, note = time_tokens.at(conn, site, at), checkpoints.note_at(conn, site, at)
        if at <= size and reply is not None and note is not None and len(reply) <= time_tokens.MOST_REPLY_BYTES:
            yield TimeReply(size=at, reply=reply, note=note)
