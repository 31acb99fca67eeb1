"""`audit verify-pdf`: whether a report is, byte for byte, what was signed, and its figures those of its evidence."""

from pathlib import Path

import click

from audit.cli import verdicts
from audit.cli.anchors import log_key
from audit.cli.machine import CouldNotRun, read_file
from audit.services.evidence import PdfRefused, PdfVerdict
from audit.services.evidence import verify_pdf as verify_report

_MOST_PDF_BYTES = 256 << 20
_MOST_CERTIFICATE_BYTES = 1 << 20
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("file", type=_FILE)
@click.option("--certificate", type=_FILE, help="The certificate (PEM) the report must be signed with.")
@click.option(
    "--time-certificates", type=_FILE, help="The time authority's certificates (PEM), as known from elsewhere."
)
@click.option("--key", help="The log's verifier key, name+hex+base64, as known from elsewhere.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def verify_pdf(
    file: Path, certificate: Path | None, time_certificates: Path | None, key: str | None, *, as_json: bool
) -> None:
    """Verify the report FILE with nothing but itself: signature, evidence and every figure."""
    pdf = read_file(file, most_bytes=_MOST_PDF_BYTES)
    pem = read_file(certificate, most_bytes=_MOST_CERTIFICATE_BYTES) if certificate else None
    authority = read_file(time_certificates, most_bytes=_MOST_CERTIFICATE_BYTES) if time_certificates else None
    try:
        verdict = verify_report(pdf, certificate=pem, log_key=log_key(key), time_certificates=authority)
    except PdfRefused as refused:
        raise CouldNotRun(f"{file}: {refused.sentence}") from refused
    verdicts.answer(_document(verdict), _lines(verdict), holds=verdict.holds, as_json=as_json)


def _lines(verdict: PdfVerdict) -> list[str]:
    signature = verdict.signature
    trusted = {None: "compared with no certificate", True: "the certificate given", False: "not the certificate given"}
    lines = [
        verdict.sentence,
        f"signed by   {signature.signer_name}",
        f"certificate {signature.signer_sha256} ({trusted[signature.is_trusted]})",
        f"signed at   {signature.signed_at.isoformat() if signature.signed_at else 'no time stated'}",
    ]
    lines += [f"{finding.check}: expected {finding.expected}; found {finding.found}" for finding in verdict.findings]
    if verdict.log is not None:
        lines += ["", *verdicts.lines(verdict.log)]
    return lines


def _document(verdict: PdfVerdict) -> dict[str, object]:
    signature = verdict.signature
    return {
        "holds": verdict.holds,
        "sentence": verdict.sentence,
        "signature": {
            "holds": signature.holds,
            "is_intact": signature.is_intact,
            "covers_whole_document": signature.covers_whole_document,
            "is_trusted": signature.is_trusted,
            "signer": signature.signer_name,
            "certificate_sha256": signature.signer_sha256,
            "signed_at": signature.signed_at.isoformat() if signature.signed_at else None,
        },
        "findings": [
            {"check": finding.check, "expected": finding.expected, "found": finding.found}
            for finding in verdict.findings
        ],
        "log": verdicts.document(verdict.log) if verdict.log is not None else None,
    }
