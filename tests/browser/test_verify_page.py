"""`verify.html` as an inspector uses it: saved to a disk, the network off, a file dropped on it."""

import io
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from audit.services.evidence import PdfRefused, verify_pdf
from tests.browser.forgeries import facts
from tests.browser.forging import apart, offline_page, reforged, with_lines, zipped
from tests.clinic import start_clinic
from tests.services.issued import certificate, files_of, live_one_session, report_of, signed_pdf

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
UNANCHORED = "Consistent, unanchored"
PRINTED = b"""%PDF-1.7
1 0 obj
<< >>
endobj
xref
0 2
0000000000 65535 f\x20
0000000009 00000 n\x20
trailer
<< /Root 1 0 R >>
startxref
29
%%EOF"""
REFUSED = "This file cannot be checked"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Files of one clinic: the evidence by name, and the signed report under `report.pdf`."""
    home = tmp_path_factory.mktemp("clinic")
    clinic = start_clinic(f"sqlite:///{home / 'audit.db'}", home)
    live_one_session(clinic)
    key_pem, cert_pem = certificate()
    report = report_of(clinic, cert_pem)
    files = files_of(clinic, report)
    return files | {"report.pdf": apart(lambda: signed_pdf(report, files, key_pem, cert_pem))}


@pytest.fixture(scope="module")
def files(made: dict[str, bytes]) -> dict[str, bytes]:
    return {name: content for name, content in made.items() if name != "report.pdf"}


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    with offline_page(browser, tmp_path) as opened:
        yield opened


def check(page: Page, *chosen: tuple[str, bytes]) -> str:
    """Choose files; return the headline of the first card."""
    payload = [{"name": name, "mimeType": "application/octet-stream", "buffer": data} for name, data in chosen]
    page.set_input_files("#file", payload)
    expect(page.locator("#status")).to_have_text("Checked.", timeout=60_000)
    return page.inner_text(".vcard h2 >> nth=0")


def states(page: Page) -> list[str]:
    """What the first card says of each check: ok, no or sk."""
    return page.eval_on_selector_all(".vcard:first-child .vsteps li", "all => all.map(one => one.className)")


def test_a_report_is_checked_offline_and_the_verdict_is_one_sentence(page: Page, made: dict[str, bytes]) -> None:
    assert check(page, ("report.pdf", made["report.pdf"])) == UNANCHORED
    said = page.inner_text(".sentence")
    assert said.count(".") == said.count(". Example") + 1
    assert "Example Clinic" in said
    assert "signed by the log’s own key" in said
    assert "not proven" in said
    assert states(page) == ["ok"] * 6 + ["sk", "ok", "sk", "ok", "ok", "sk", "sk"]
    assert "Signed by Example Clinic, over every byte of the file" in page.inner_text(".vsteps")
    assert "audit verify-pdf computes each anew" in page.inner_text(".vcard")


def test_a_key_a_head_or_a_checkpoint_from_outside_anchors_the_verdict(page: Page, files: dict[str, bytes]) -> None:
    origin, size, root = files["checkpoint"].decode().splitlines()[:3]
    check(page, ("bundle.zip", zipped(files)))
    page.click("#hold summary")
    for held in (files["vkey"].decode(), f"{origin} {size} {root}", files["checkpoint"].decode()):
        page.fill("#held-text", held)
        page.click("#held button")
        page.wait_for_selector(".vcard.anchored")
    page.fill("#held-text", f"{origin} {size} {'A' * 43}=")
    page.click("#held button")
    page.wait_for_selector(".vcard.failed")
    page.fill("#held-text", "what is this")
    page.click("#held button")
    assert page.inner_text("#held-why").startswith("“what is this” is neither a head")


def test_an_earlier_checkpoint_dropped_beside_a_bundle_is_compared(page: Page, files: dict[str, bytes]) -> None:
    both = [("bundle.zip", zipped(files)), ("checkpoint.txt", files["checkpoint"])]
    assert check(page, *both) == "Unaltered, and the record you hold"
    other = reforged(files, facts("receipt_recorded", invoice="INV-0"))
    assert check(page, ("again.zip", zipped(other))).startswith("Do not rely on this file")


def test_an_altered_amount_is_named_with_its_entry_in_plain_words(page: Page, files: dict[str, bytes]) -> None:
    lines = files["entries.jsonl"].splitlines()
    at = next(index for index, line in enumerate(lines) if b'"waste_recorded"' in line)
    lines[at] = lines[at].replace(b'"mass_ug":10000', b'"mass_ug":90000')
    assert check(page, ("bundle.zip", zipped(with_lines(files, lines)))).startswith("Do not rely on this file")
    found = page.inner_text(".found")
    assert f"Entry {at}" in found
    assert (
        "What was left was destroyed: 90 mg (0.2 mL). Dr A. Example, 23 Nov 2026, 04:40 −05:00 (waste_recorded)"
        in found
    )


def flipped(pdf: bytes) -> bytes:
    at = pdf.index(b"/Title")
    return pdf[: at + 8] + bytes([pdf[at + 8] ^ 1]) + pdf[at + 9 :]


def appended(pdf: bytes) -> bytes:
    """Something added after signing: the last table once more, under a new end."""
    start = pdf[pdf.rindex(b"startxref") :]
    return pdf + b"% an innocent remark\n" + start


def resigned(made: dict[str, bytes]) -> bytes:
    stripped = made["report.pdf"].replace(b"/ByteRange", b"/ByteRangx")
    assert stripped != made["report.pdf"]
    return stripped


def test_a_report_whose_bytes_were_touched_does_not_hold(page: Page, made: dict[str, bytes]) -> None:
    for spoilt in (flipped(made["report.pdf"]), appended(made["report.pdf"]), resigned(made)):
        assert check(page, ("report.pdf", spoilt)).startswith("Do not rely on this file")
        assert states(page)[0] == "no"
        assert not apart(lambda spoilt=spoilt: holds(spoilt))
    assert apart(lambda: holds(made["report.pdf"]))


def holds(pdf: bytes) -> bool:
    """What our own verification says of the file."""
    try:
        return verify_pdf(pdf).holds
    except PdfRefused:
        return False


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("checkpoint", b"x")
        for part in range(11):
            archive.writestr(f"tile/{part}", bytes(60 << 20))
        archive.writestr("entries.jsonl", b"x")
    return out.getvalue()


def understated(files: dict[str, bytes]) -> bytes:
    """A directory that states a smaller size than the stream has."""
    data = bytearray(zipped(files))
    at = data.index(b"PK\1\2", data.index(b"PK\1\2") + 1)
    while data[at + 46 : at + 46 + 7] != b"entries":
        at = data.index(b"PK\1\2", at + 1)
    data[at + 24 : at + 28] = struct.pack("<I", 10)
    return bytes(data)


def doubled(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO(zipped(files))
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(out, "a") as archive:
        archive.writestr("entries.jsonl", b"x")
    return out.getvalue()


def malformed(made: dict[str, bytes], files: dict[str, bytes]) -> dict[str, tuple[bytes, str]]:
    whole, pdf = zipped(files), made["report.pdf"]
    return {
        "empty.pdf": (b"", "This file is empty."),
        "cut.zip": (whole[: len(whole) // 2], "This archive is cut off or damaged; ask for it again."),
        "spoilt.zip": (whole[:200] + bytes(200) + whole[400:], "This archive is cut off or damaged; ask for it again."),
        "bomb.zip": (bomb(), "This archive unpacks to more than this page takes on (600 MB)."),
        "lying.zip": (understated(files), "This archive is cut off or damaged; ask for it again."),
        "doubled.zip": (
            doubled(files),
            "This archive holds two files of one name, so it is not clear which one counts.",
        ),
        "other.zip": (zipped({"a": b"b"}), "This archive is no evidence of a log: it holds no checkpoint."),
        "note.zip": (
            zipped(files | {"checkpoint": b"nothing"}),
            "This evidence cannot be read: the checkpoint is no signed note.",
        ),
        "list.zip": (
            zipped(files | {"manifest.json": b"[]"}),
            "The manifest in this file cannot be read; ask for the file again.",
        ),
        "picture.png": (
            b"\x89PNG" + bytes(100),
            "This is neither a report (PDF) nor an evidence bundle (zip) nor a checkpoint.",
        ),
        "cut.pdf": (
            pdf[: len(pdf) // 2],
            "This PDF is damaged or not one of our reports (cut off); ask for the file again.",
        ),
        "deep.pdf": (
            b"%PDF-1.7\nxref\n0 0\ntrailer\n" + b"[" * 100_000 + b"\nstartxref\n9\n%%EOF",
            "This PDF is damaged or not one of our reports (nested too deep); ask for the file again.",
        ),
        "circle.pdf": (
            b"%PDF-1.7\nxref\n0 0\ntrailer\n<< /Prev 9 >>\nstartxref\n9\n%%EOF",
            "This PDF is damaged or not one of our reports (with tables out of order); ask for the file again.",
        ),
        "printed.pdf": (
            PRINTED,
            "This PDF holds no evidence. It is no report of this program, or was printed or saved anew by another.",
        ),
    }


def test_every_malformed_file_is_refused_in_one_sentence(
    page: Page, made: dict[str, bytes], files: dict[str, bytes]
) -> None:
    for name, (data, sentence) in malformed(made, files).items():
        assert (name, check(page, (name, data)), page.inner_text(".sentence")) == (name, REFUSED, sentence)


def test_a_file_too_large_for_a_page_is_refused_before_it_is_read(page: Page, tmp_path: Path) -> None:
    huge = tmp_path / "huge.zip"
    with huge.open("wb") as out:
        out.truncate(300 << 20)
    page.set_input_files("#file", huge)
    page.wait_for_selector(".vcard.refused")
    assert page.inner_text(".sentence").startswith("This file is too large for this page: 300 MB, the most is 200 MB.")


def test_every_length_that_a_file_is_cut_to_is_judged_without_a_mistake(page: Page, files: dict[str, bytes]) -> None:
    whole = zipped(files)
    for length in range(0, len(whole), len(whole) // 23):
        check(page, ("cut.zip", whole[:length]))
        assert "made a mistake" not in page.inner_text(".sentence")


def test_the_page_can_be_used_by_everybody(page: Page, made: dict[str, bytes], files: dict[str, bytes]) -> None:
    spoilt = with_lines(files, files["entries.jsonl"].splitlines()[:-2])
    page.click("#hold summary")
    for chosen in (made["report.pdf"], zipped(spoilt), b"x"):
        check(page, ("file", chosen))
        assert page.evaluate("document.activeElement.tagName") == "H2"
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            found = Axe().run(page, options=AXE_RULES).response["violations"]
            assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
    page.set_viewport_size({"width": 320, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_everything_that_is_operated_is_48_px_high(page: Page, made: dict[str, bytes]) -> None:
    check(page, ("report.pdf", made["report.pdf"]))
    page.click("#hold summary")
    sizes = page.eval_on_selector_all(
        "button, summary, textarea, .drop", "all => all.map(one => one.getBoundingClientRect().height)"
    )
    assert len(sizes) == 6
    assert min(sizes) >= 48
