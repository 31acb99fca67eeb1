"""Signed reports, judged by pdfsig, qpdf and us: any byte that differs is found and no file brings a traceback."""

import io
import random
import shutil
import subprocess
from datetime import UTC, datetime, timedelta, timezone

import pikepdf
import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from audit.reports import evidence, sign
from audit.reports.refused import PdfRefused
from audit.reports.render import render
from tests.reports import sample

WHEN = datetime(2026, 11, 2, 8, 14, tzinfo=timezone(timedelta(hours=-5)))
FILES = {"checkpoint": sample.NOTE.encode(), "report.json": evidence.figures_json(sample.REPORT)}


def _certificate(name="Example Ketamine Clinic", serial=417):
    start = datetime(2026, 1, 5, tzinfo=UTC)
    return sign.make_certificate(name, not_before=start, not_after=start.replace(year=2036), serial=serial)


def _sign(pdf, key, certificate):
    return sign.sign_pdf(
        pdf, key_pem=key, cert_pem=certificate, when=WHEN, reason="Inspection report", location="Toronto"
    )


@pytest.fixture(scope="module")
def keys():
    return _certificate()


@pytest.fixture(scope="module")
def unsigned():
    return evidence.embed(render(sample.REPORT), evidence.evidence_zip(FILES))


@pytest.fixture(scope="module")
def signed(unsigned, keys):
    return _sign(unsigned, *keys)


def _tool(*command):
    assert shutil.which(command[0]), f"{command[0]} is missing: apt-get install poppler-utils qpdf libnss3-tools"
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def _pdfsig(path, certificate, folder):
    (folder / "clinic.pem").write_bytes(certificate)
    store = f"sql:{folder}"
    _tool("certutil", "-N", "-d", store, "--empty-password")
    _tool("certutil", "-A", "-d", store, "-n", "clinic", "-t", "CT,C,C", "-i", str(folder / "clinic.pem"))
    return _tool("pdfsig", "-nssdir", store, str(path)).stdout


def test_pdfsig_finds_the_whole_document_signed_by_a_trusted_certificate(signed, keys, tmp_path):
    path = tmp_path / "report.pdf"
    path.write_bytes(signed)
    said = _pdfsig(path, keys[1], tmp_path)
    assert "Total document signed" in said
    assert "Not total document signed" not in said
    assert "Signature is Valid" in said
    assert "Certificate is Trusted" in said
    assert "ETSI.CAdES.detached" in said
    assert "Signing Time: Nov 02 2026" in said


def test_qpdf_finds_no_fault(signed, tmp_path):
    path = tmp_path / "report.pdf"
    path.write_bytes(signed)
    checked = _tool("qpdf", "--check", str(path))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "No syntax or stream encoding errors found" in checked.stdout


def test_the_unsigned_report_is_an_exact_prefix_of_the_signed_one(unsigned, signed):
    assert signed.startswith(unsigned)


def test_signing_leaves_the_properties_of_the_file_as_they_were(unsigned, signed):
    with pikepdf.open(io.BytesIO(unsigned)) as before, pikepdf.open(io.BytesIO(signed)) as after:
        assert dict(before.docinfo) == dict(after.docinfo)


def test_evidence_comes_out_of_the_signed_report(signed):
    assert evidence.read_evidence(signed) == FILES


def test_a_report_as_issued_holds(signed, keys):
    found = sign.check_signature(signed, keys[1])
    assert found.holds
    assert found.problems == ()
    assert (found.is_intact, found.covers_whole_document, found.is_certified, found.is_trusted) == (True,) * 4
    assert found.signer_name == "Example Ketamine Clinic"
    assert found.signer_sha256 == sign.fingerprint(keys[1])
    assert found.signed_at == WHEN


def test_without_a_certificate_to_compare_trust_is_left_open(signed):
    found = sign.check_signature(signed)
    assert found.holds
    assert found.is_trusted is None


def test_a_signature_by_another_certificate_of_the_same_name_is_named(signed):
    found = sign.check_signature(signed, _certificate(serial=417)[1])
    assert not found.holds
    assert found.is_trusted is False
    assert found.problems == ("The file was signed with another certificate than the one given.",)


def _swap_evidence(signed):
    """Replaces the attachment by an incremental update, as an editor that keeps the signature would."""
    writer = IncrementalPdfFileWriter(io.BytesIO(signed))
    spec = writer.root["/AF"][0]
    stream = generic.StreamObject(stream_data=evidence.evidence_zip({"checkpoint": b"forged"}))
    reference = writer.add_object(stream)
    spec[generic.NameObject("/EF")] = generic.DictionaryObject({"/F": reference, "/UF": reference})
    writer.update_container(spec)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_an_attachment_swapped_by_an_incremental_update_is_caught(signed, keys, tmp_path):
    forged = _swap_evidence(signed)
    assert evidence.read_evidence(forged) == {"checkpoint": b"forged"}
    found = sign.check_signature(forged, keys[1])
    assert not found.covers_whole_document
    assert not found.holds
    path = tmp_path / "forged.pdf"
    path.write_bytes(forged)
    # The signature alone still reads as valid: only the words about the whole document give it away.
    said = _pdfsig(path, keys[1], tmp_path)
    assert "Signature is Valid" in said
    assert "Not total document signed" in said


@pytest.mark.parametrize("added", [b"\n", b"% a comment\n", b"\x00"])
def test_anything_after_the_end_is_caught(signed, keys, added):
    assert not sign.check_signature(signed + added, keys[1]).covers_whole_document


def _verdict(pdf, certificate):
    """What checking comes to: "holds", "found", or the code of a refusal; anything else fails the test."""
    try:
        return "holds" if sign.check_signature(pdf, certificate).holds else "found"
    except PdfRefused as refused:
        return refused.code


def _gap(pdf):
    start = pdf.rindex(b"/Contents <") + len(b"/Contents ")
    return start, pdf.index(b">", start) + 1


def test_any_flipped_bit_is_found(signed, keys):
    # Sampled: 60 places of the signature's own container, 60 of the rest, seeded so that a failure comes again.
    draw = random.Random(2026)
    start, end = _gap(signed)
    places = draw.sample(range(start, end), 60) + draw.sample(range(len(signed)), 60)
    unseen = []
    for place in places:
        bit = 1 << draw.choice((0, 1, 2, 5))
        altered = bytearray(signed)
        altered[place] ^= bit
        if _verdict(bytes(altered), keys[1]) == "holds":
            unseen.append((place, bit))
    assert unseen == []


def test_the_container_hides_no_byte_behind_the_signature(signed, keys):
    _, end = _gap(signed)
    assert signed[end - 41 : end] == b"0" * 40 + b">"
    altered = signed[: end - 3] + b"1" + signed[end - 2 :]
    found = sign.check_signature(altered, keys[1])
    assert found.is_intact
    assert found.problems == ("The signature is not in the form this program writes.",)


@pytest.mark.parametrize("share", [0, 0.001, 0.3, 0.7, 0.97, 0.9999])
def test_a_cut_file_is_refused_or_found_in_one_sentence(signed, keys, share):
    assert _verdict(signed[: int(len(signed) * share)], keys[1]) in {"not_readable", "not_signed", "found"}


@pytest.mark.parametrize("junk", [b"", b"%PDF-1.7\n", b"not a pdf", b"PK\x03\x04", bytes(range(256)) * 16])
def test_a_file_that_is_no_pdf_is_refused(junk):
    with pytest.raises(PdfRefused) as refused:
        sign.check_signature(junk)
    assert refused.value.code == "not_readable"


def test_an_unsigned_report_is_refused(unsigned):
    with pytest.raises(PdfRefused) as refused:
        sign.check_signature(unsigned)
    assert refused.value.code == "not_signed"


def test_a_file_beyond_the_limit_is_refused_unread(signed, monkeypatch):
    monkeypatch.setattr(sign, "MAX_PDF_BYTES", 1000)
    with pytest.raises(PdfRefused) as refused:
        sign.check_signature(signed)
    assert refused.value.code == "too_large"
