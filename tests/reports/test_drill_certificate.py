"""The certificate of a drill fits on one page, even where all that may notice did, and says what it must."""

import io

import pypdf
import pytest

from audit.reports.drill_certificate import Certificate, Line, render_certificate
from audit.reports.values import When
from audit.services.drill.rows import ATTACKS
from audit.services.drill.table import Detector


def certificate(*, caught: int) -> Certificate:
    lines = tuple(
        Line(
            attack=one.name,
            keys=one.keys,
            state="caught" if number < caught else "NOT CAUGHT",
            says=", ".join(detector.short for detector in Detector if detector in one.expected),
        )
        for number, one in enumerate(ATTACKS)
    )
    return Certificate(
        clinic="Example Clinic of a rather long name, Ketamine Infusions and Recovery",
        address="1 Sample Street, Suite 1200, Placeholder City, Ontario",
        registration="EX-ON-0417",
        is_demo=False,
        origin="audit.example.org/log/example-clinic",
        size=1_234_567,
        root="ab" * 32,
        paper_size=617_283,
        ended=When(ms=1_795_424_400_000, offset_min=-300),
        attacks=len(ATTACKS),
        caught=caught,
        keys="the service's key, used in memory alone; the log's key is out of reach, in the signer's own process",
        lines=lines,
    )


@pytest.mark.parametrize("missed", [0, 2])
def test_a_certificate_is_one_page_with_every_attack_the_head_and_the_local_time(missed: int) -> None:
    made = render_certificate(certificate(caught=len(ATTACKS) - missed))
    pages = pypdf.PdfReader(io.BytesIO(made)).pages
    assert len(pages) == 1
    said = " ".join(pages[0].extract_text().split())
    for part in ("2026-11-23 04:00 \u221205:00", "audit.example.org/log/example-clinic", "1,234,567", "ab" * 32):
        assert part in said, part
    assert all(one.name in said for one in ATTACKS)
    assert ("went unnoticed" in said) == bool(missed)
