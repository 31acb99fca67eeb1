"""A report as a clinic might issue it, its figures written down by hand: two vials of 500 mg, one session of 50 mg."""

import json
from dataclasses import replace
from datetime import UTC, datetime

from audit.reports import evidence, sign
from audit.reports.model import InspectionReport, Period, Statement, StockLine, Wastage, WasteLine
from audit.reports.render import render
from audit.reports.values import NOTHING, Amount, Head, Strength, Traced, When
from audit.storage import checkpoints, log, seals
from audit.storage.engine import read
from audit.tlog.entry import decode_entry
from tests.clinic import Clinic
from tests.reports import sample

WHEN = datetime(2026, 11, 24, 8, 14, tzinfo=UTC)
DAY_STARTS_MS = 1_795_410_000_000
"""2026-11-23 00:00 in Toronto; the day has 24 hours."""
S50 = Strength(label="50 mg/mL", form="solution for injection", concentration_ug_per_ml=50_000)


def ml(mass_ug: int) -> Amount:
    """A mass at 50 mg/mL."""
    return Amount(mass_ug=mass_ug, volume_ul=mass_ug // 50)


def live_one_session(clinic: Clinic) -> None:
    """Two vials of 10 mL arrive, 1.0 mL is drawn, 0.2 mL left and wasted; nobody counts; the head is signed."""
    clinic.whole_session(clinic.receive(count=2)[0], left_ul=200, drawn_ul=1000)
    clinic.checkpoint()


def waste_line() -> WasteLine:
    """The one waste of the day."""
    return WasteLine(
        when=When(ms=DAY_STARTS_MS, offset_min=-300),
        entry=14,
        act="Remainder denatured",
        amount=ml(10_000),
        who="A. Example",
        delay_ms=None,
    )


def report_of(clinic: Clinic) -> InspectionReport:
    """The report of that day, every figure a literal."""
    statement = Statement(
        strength=S50,
        opening=Traced(amount=NOTHING),
        received=Traced(amount=ml(1_000_000)),
        closing=None,
        given=Traced(amount=ml(40_000)),
        transferred=Traced(amount=NOTHING),
        wasted=Traced(amount=ml(10_000)),
        destroyed=Traced(amount=NOTHING),
        lost=Traced(amount=NOTHING),
    )
    with read(clinic.register.engine) as conn:
        kept = checkpoints.latest(conn, clinic.register.site)
    assert kept is not None
    return replace(
        sample.EMPTY,
        period=Period(
            label="23 November 2026",
            note="",
            start=When(ms=DAY_STARTS_MS, offset_min=-300),
            end=When(ms=DAY_STARTS_MS + 86_400_000, offset_min=-300),
        ),
        head=Head(origin=clinic.register.origin, size=kept.size, root_hex=kept.root.hex()),
        statements=(statement,),
        stock=(StockLine(strength=S50, containers="1 sealed, 1 open", book=ml(950_000), counted=None),),
        wastages=(Wastage(strength=S50, lines=(waste_line(),), limit_ms=1_800_000),),
        verification=replace(sample.EMPTY.verification, note=kept.note),
    )


def files_of(clinic: Clinic, report: InspectionReport) -> dict[str, bytes]:
    """The evidence of log-format section 9; the first opened seal stands for those its reader may see."""
    site = clinic.register.site
    with read(clinic.register.engine) as conn:
        kept = checkpoints.latest(conn, site)
        assert kept is not None
        bodies = [stored.body for stored in log.entries(conn, site, 0, kept.size)]
        index = next(i for i, body in enumerate(bodies) if "sealed" in decode_entry(body).act)
        opened = seals.opened(conn, clinic.register.vault, seals.Place(index, "name"))
    assert opened is not None
    line = {"index": index, "field": "name", "r": opened.r.hex(), "value": opened.value}
    return {
        "checkpoint": kept.note.encode(),
        "vkey": clinic.signer.key.verifier.to_string().encode() + b"\n",
        "entries.jsonl": b"".join(body + b"\n" for body in bodies),
        "sealed.jsonl": json.dumps(line).encode() + b"\n",
        "report.json": evidence.figures_json(report),
        "manifest.json": b'{"kind":"inspection"}',
    }


def certificate() -> tuple[bytes, bytes]:
    """A key and its certificate, as made at set-up."""
    start = datetime(2026, 1, 5, tzinfo=UTC)
    return sign.make_certificate("Example Clinic", not_before=start, not_after=start.replace(year=2036), serial=417)


def signed_pdf(report: InspectionReport, files: dict[str, bytes], key_pem: bytes, cert_pem: bytes) -> bytes:
    """The report drawn, with its evidence, signed."""
    unsigned = evidence.embed(render(report), evidence.evidence_zip(files))
    return sign.sign_pdf(
        unsigned, key_pem=key_pem, cert_pem=cert_pem, when=WHEN, reason="Inspection report", location="Toronto"
    )
