"""Issues the inspection report of a period, and says what came in after it.

A report stands on a checkpoint forced just before. Its file is written first, then the log notes its hash; if that
fails no file stays. A report never changes: what is entered later for its period is listed beside it.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from audit.domain import events
from audit.domain.book import Recorded
from audit.reports.evidence import embed, evidence_zip, read_evidence
from audit.reports.render import render
from audit.reports.sign import sign_pdf
from audit.reports.values import When
from audit.reports.words import moment
from audit.services.acts import SIGNED_IN, Order, Standing
from audit.services.reconcile import period_of, zone_of
from audit.services.record import OutcomeUnknown, record
from audit.services.register import Register
from audit.services.reporting.cover import report_of
from audit.services.reporting.evidence import evidence_files
from audit.services.reporting.exceptions import moves, number_of
from audit.services.reporting.press import Press, identity, write_whole
from audit.services.reporting.snapshot import Snapshot, take
from audit.services.timestamps import Timekeeper
from audit.storage import ledger, log, registers
from audit.storage.engine import read

_MOST_LISTED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which report is asked for, by whom and under which request number."""

    report: str
    first: str
    last: str
    nonce: str
    actor: str
    offset_min: int
    standing: Standing = field(default=SIGNED_IN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A report in the log: its entry and facts, what people call it, and its file if it is still there."""

    entry: Recorded
    facts: events.ReportIssued
    number: str
    file: Path


def issue(
    register: Register,
    sign_head: Callable[[], object],
    press: Press,
    asked: Asked,
    keeper: Timekeeper | None = None,
) -> Issued:
    """Issue a report: sign the head, read, verify, fold, draw, embed, sign, store, and note its hash in the log.

    With a `keeper` a time authority dates the head first; its absence holds up nothing. The same request again returns
    the first report.

    Raises:
        Refused: those of the period; `not_signed_yet`, `log_too_long`; those of `identity` and of the write path.
    """
    if known := _known(register, press, asked.nonce):
        return known
    if keeper is not None:
        keeper.stamp()
    sign_head()
    shot = take(register, asked.first, asked.last, keeper)
    issued_ms = register.clock()
    pdf = _pdf(register, shot, press, asked.report, issued_ms)
    path = press.file_of(asked.report)
    write_whole(path, pdf)
    try:
        entry = record(register, [_order(asked, shot, pdf, issued_ms)])[0].entry
    except OutcomeUnknown:
        # It may be in the log: the file must not be missing then.
        raise
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return _issued(press, entry)


def issued_reports(register: Register, press: Press) -> list[Issued]:
    """Return the reports issued, newest first."""
    with read(register.engine) as conn:
        page = registers.newest(conn, register.site, limit=_MOST_LISTED, kinds=("report_issued",))
    return [_issued(press, entry) for entry in page.entries]


def find_issued(register: Register, press: Press, report: str) -> Issued | None:
    """Return one issued report by its identifier."""
    with read(register.engine) as conn:
        for entry in ledger.load_book(conn, register.site, {f"report:{report}"}).entries.values():
            if isinstance(entry.event, events.ReportIssued) and entry.event.report == report:
                return _issued(press, entry)
    return None


def entered_since(register: Register, issued: Issued) -> list[Recorded]:
    """Return the entries later than a report's log size that concern its period, by number."""
    facts = issued.facts
    with read(register.engine) as conn:
        period = period_of(facts.from_on, facts.to_on, zone_of(conn, register.site))
        inside = registers.newest(
            conn, register.site, limit=_MOST_LISTED, from_ms=period.from_ms, until_ms=period.until_ms
        ).entries
        strikes = registers.newest(conn, register.site, limit=_MOST_LISTED, kinds=("entry_struck",)).entries
        found = {entry.index: entry for entry in inside if entry.index >= facts.size and moves(entry)}
        for entry in strikes:
            if entry.index >= facts.size and isinstance(entry.event, events.EntryStruck):
                struck = log.entry(conn, register.site, entry.event.of.index)
                if struck is not None and period.from_ms <= struck.occurred_ms < period.until_ms:
                    found[entry.index] = entry
    return [found[index] for index in sorted(found)]


def verdict_of(issued: Issued) -> tuple[str, tuple[str, ...]]:
    """Return the state and the sentences of the verdict that a report prints, from its own evidence.

    Raises:
        PdfRefused: the file is not what was issued.
    """
    printed = json.loads(read_evidence(issued.file.read_bytes())["report.json"])["verdict"]
    return str(printed["state"]), tuple(printed["sentences"])


def _pdf(register: Register, shot: Snapshot, press: Press, report_id: str, issued_ms: int) -> bytes:
    signer = identity(press, register, shot.opened.clinic)
    report = report_of(
        shot,
        number=f"KA-{shot.period.last.isoformat()}-{shot.size}",
        issued_ms=issued_ms,
        signed_ms=shot.entries[-1].recorded_ms,
        certificate_sha256=signer.sha256,
    )
    evidence = evidence_zip(evidence_files(shot, report, report_id=report_id))
    return sign_pdf(
        embed(render(report), evidence),
        key_pem=signer.key_pem,
        cert_pem=signer.cert_pem,
        when=moment(When(ms=issued_ms, offset_min=shot.offset(issued_ms))),
        reason=f"Inspection report {report.number} issued",
        location=shot.opened.address,
    )


def _order(asked: Asked, shot: Snapshot, pdf: bytes, issued_ms: int) -> Order:
    return Order(
        command=events.ReportIssued(
            report=asked.report,
            report_kind="inspection",
            from_on=asked.first,
            to_on=asked.last,
            size=shot.size,
            root=shot.checkpoint.root.hex(),
            sha256=hashlib.sha256(pdf).hexdigest(),
        ),
        actor=asked.actor,
        nonce=asked.nonce,
        standing=asked.standing,
        offset_min=asked.offset_min,
        occurred_ms=issued_ms,
    )


def _known(register: Register, press: Press, nonce: str) -> Issued | None:
    with read(register.engine) as conn:
        stored = log.by_nonce(conn, register.site, nonce)
        entry = ledger.read_entry(stored) if stored else None
    return _issued(press, entry) if entry and isinstance(entry.event, events.ReportIssued) else None


def _issued(press: Press, entry: Recorded) -> Issued:
    if not isinstance(entry.event, events.ReportIssued):
        raise TypeError("expected the entry of a report")
    facts = entry.event
    file = press.bundle_of(facts.report) if facts.report_kind == "bundle" else press.file_of(facts.report)
    return Issued(entry=entry, facts=facts, number=number_of(facts), file=file)
