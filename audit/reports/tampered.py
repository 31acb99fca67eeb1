"""Reports as a forger would leave them, for drills and tests: changed after they were signed, each in one way.

Not here: whether any of it is noticed (`sign`, `evidence`, `services.evidence`).
"""

from datetime import datetime
from io import BytesIO

import pikepdf
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from audit.reports.evidence import evidence_zip, read_evidence
from audit.reports.sign import make_certificate, sign_pdf

_FLIPPED = 0x01
_FLIPS = 7


def flip_bytes(pdf: bytes) -> bytes:
    """Flip one bit in each of some bytes, far from the signature's own."""
    made = bytearray(pdf)
    step = len(pdf) // (2 * _FLIPS)
    for place in range(step, len(pdf) // 2, step):
        made[place] ^= _FLIPPED
    return bytes(made)


def swap_attachment(pdf: bytes) -> bytes:
    """Append an update, as PDF allows, in which the evidence is another; the signed bytes stay as they are."""
    files = read_evidence(pdf)
    entries = files["entries.jsonl"].splitlines(keepends=True)
    forged = evidence_zip(files | {"entries.jsonl": b"".join(entries[:-1])})
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    spec = writer.root["/AF"][0]
    reference = writer.add_object(generic.StreamObject(stream_data=forged))
    spec[generic.NameObject("/EF")] = generic.DictionaryObject(  # type: ignore[no-untyped-call]
        {"/F": reference, "/UF": reference}
    )
    writer.update_container(spec)
    out = BytesIO()
    writer.write(out)  # type: ignore[no-untyped-call]
    return out.getvalue()


def strip_signature(pdf: bytes) -> bytes:
    """Write the report anew without its signature and without the form that held it."""
    with pikepdf.open(BytesIO(pdf)) as document:
        for name in ("/AcroForm", "/Perms"):
            if name in document.Root:
                del document.Root[name]
        for page in document.pages:
            if "/Annots" in page:
                del page["/Annots"]
        out = BytesIO()
        document.save(out)
    return out.getvalue()


def sign_again(pdf: bytes, *, name: str, when: datetime, serial: int) -> bytes:
    """Sign the report anew under a certificate that bears the clinic's own name."""
    key_pem, cert_pem = make_certificate(
        name, not_before=when, not_after=when.replace(year=when.year + 5), serial=serial
    )
    return sign_pdf(
        strip_signature(pdf), key_pem=key_pem, cert_pem=cert_pem, when=when, reason="Inspection report", location=name
    )
