"""A report as a clinic issues it, with its chief figures written down by hand: two vials of 500 mg, one session."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from audit.reports import evidence, sign
from audit.reports.model import InspectionReport
from audit.reports.render import render
from audit.services.reporting.cover import report_of as service_report
from audit.services.reporting.evidence import evidence_files
from audit.services.reporting.snapshot import Snapshot, take
from audit.storage import seals
from audit.storage.engine import read
from audit.tlog.entry import decode_entry
from tests.clinic import Clinic

WHEN = datetime(2026, 11, 24, 8, 14, tzinfo=UTC)
HAND = {
    "received": (1_000_000, 20_000),
    "given": (40_000, 800),
    "wasted": (10_000, 200),
    "lost": (0, 0),
}
"""Chief figures at 50 mg/mL, in ug and uL: two vials of 10 mL came, 1.0 mL was drawn, 0.2 mL left and wasted."""


def live_one_session(clinic: Clinic) -> None:
    """Two vials of 10 mL arrive, 1.0 mL is drawn, 0.2 mL left and wasted; nobody counts; the head is signed."""
    clinic.whole_session(clinic.receive(count=2)[0], left_ul=200, drawn_ul=1000)
    clinic.checkpoint()


@dataclass(frozen=True)
class Made:
    """A report made as the service makes one, and what it was made from."""

    report: InspectionReport
    shot: Snapshot


def report_of(clinic: Clinic, cert_pem: bytes = b"") -> Made:
    """The report of that day; `HAND` has its chief figures as reckoned by hand."""
    shot = take(clinic.register, "2026-11-23", "2026-11-23")
    made = service_report(
        shot,
        number="KA-2026-11-23-1",
        issued_ms=int(WHEN.timestamp()) * 1000,
        signed_ms=shot.entries[-1].recorded_ms,
        certificate_sha256=sign.fingerprint(cert_pem) if cert_pem else "",
    )
    return Made(made, shot)


def files_of(clinic: Clinic, made: Made) -> dict[str, bytes]:
    """The evidence of log-format section 9; the first opened seal stands for those its reader may see."""
    index = next(i for i, row in enumerate(made.shot.rows) if "sealed" in decode_entry(row.body).act)
    with read(clinic.register.engine) as conn:
        opened = seals.opened(conn, clinic.register.vault, seals.Place(index, "name"))
    assert opened is not None
    line = {"index": index, "field": "name", "r": opened.r.hex(), "value": opened.value}
    files = evidence_files(made.shot, made.report, report_id="rp_00000001")
    return files | {"sealed.jsonl": json.dumps(line).encode() + b"\n"}


def certificate() -> tuple[bytes, bytes]:
    """A key and its certificate, as made at set-up."""
    start = datetime(2026, 1, 5, tzinfo=UTC)
    return sign.make_certificate("Example Clinic", not_before=start, not_after=start.replace(year=2036), serial=417)


def signed_pdf(made: Made, files: dict[str, bytes], key_pem: bytes, cert_pem: bytes) -> bytes:
    """The report drawn, with its evidence, signed."""
    unsigned = evidence.embed(render(made.report), evidence.evidence_zip(files))
    return sign.sign_pdf(
        unsigned, key_pem=key_pem, cert_pem=cert_pem, when=WHEN, reason="Inspection report", location="Toronto"
    )
