"""Verifies a report with nothing but its file: its signature, the log in its evidence, and its figures.

What is computed again is in `evidence_figures`; the checks of the log are those of `verify`, on the entries that the
evidence holds. Not here: drawing, signing and embedding (`audit.reports`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import orjson

from audit.domain import events
from audit.domain.errors import Finding
from audit.reports.evidence import read_evidence
from audit.reports.refused import PdfRefused
from audit.reports.sign import SignatureReport, check_signature
from audit.services.evidence_figures import compare_figures
from audit.services.evidence_report import differences
from audit.services.reporting.dating import Dating, read_files
from audit.services.verify import verify
from audit.services.verifying.check_01_bytes import decode_again
from audit.services.verifying.source import Anchor, Opened, Row, Source
from audit.services.verifying.verdict import Verdict
from audit.storage.checkpoints import StoredCheckpoint
from audit.tlog.checkpoint import parse
from audit.tlog.keys import VerifierKey
from audit.tlog.note import NoteRefused, parse_note
from audit.tlog.spelling import parse_hex

__all__ = ["PdfRefused", "PdfVerdict", "verify_files", "verify_pdf"]

EVIDENCE = "evidence"
SIGNATURE = "signature"
_FILES = ("checkpoint", "vkey", "entries.jsonl", "sealed.jsonl", "report.json", "manifest.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfVerdict:
    """What verifying a report came to: its signature, its evidence as a log, and the printed figures."""

    signature: SignatureReport
    log: Verdict | None
    findings: tuple[Finding, ...]

    @property
    def holds(self) -> bool:
        """Say whether signature, log and figures all hold."""
        return not self.findings and self.log is not None and self.log.holds

    @property
    def sentence(self) -> str:
        """The verdict in words."""
        if self.findings or self.log is None:
            number = "one fault" if len(self.findings) == 1 else f"{len(self.findings)} faults"
            return f"This report does not hold: {number}."
        if not self.log.holds:
            return f"This report does not hold. {self.log.sentence}"
        return f"Signature, log and figures of this report hold. {self.log.sentence}"


def verify_pdf(
    pdf: bytes,
    *,
    certificate: bytes | None = None,
    log_key: VerifierKey | None = None,
    time_certificates: bytes | None = None,
) -> PdfVerdict:
    """Verify a report's file; `certificate`, `log_key` and the time authority's are what its reader has from elsewhere.

    Raises:
        PdfRefused: the file is no signed report at all.
    """
    signature = check_signature(pdf, certificate)
    problems = [
        Finding(check=SIGNATURE, index=None, expected="a report as it was signed", found=problem)
        for problem in signature.problems
    ]
    try:
        files = read_evidence(pdf)
    except PdfRefused as refused:
        problems.append(_finding("evidence that can be read", refused.sentence))
        return PdfVerdict(signature=signature, log=None, findings=tuple(problems))
    log, findings = verify_files(files, log_key=log_key, time_certificates=time_certificates)
    if not findings and _printed_certificate(files) != signature.signer_sha256:
        findings = (_finding("the printed certificate as the one that signed", str(signature.signer_sha256)),)
    return PdfVerdict(signature=signature, log=log, findings=(*problems, *findings))


def _printed_certificate(files: Mapping[str, bytes]) -> object:
    printed = _json(files["report.json"]).get("verification")
    return printed.get("certificate_sha256") if isinstance(printed, dict) else None


def verify_files(
    files: Mapping[str, bytes], *, log_key: VerifierKey | None = None, time_certificates: bytes | None = None
) -> tuple[Verdict | None, tuple[Finding, ...]]:
    """Verify the files of an evidence zip: the verdict on the log, and what else is wrong with them."""
    missing = [name for name in _FILES if name not in files]
    if missing:
        return None, tuple(_finding(f"the file {name}", "not in the evidence") for name in missing)
    kept, findings = _checkpoint(files["checkpoint"])
    if kept is None:
        return None, findings
    bodies = _lines(files["entries.jsonl"])
    clear, faults = _sealed(files["sealed.jsonl"])
    manifest = _json(files["manifest.json"])
    dating = read_files(files, manifest.get("time"))
    source = Source(
        rows=(Row(index, body) for index, body in enumerate(bodies)),
        body_at=lambda index: bodies[index] if 0 <= index < len(bodies) else None,
        count=len(bodies),
        checkpoints=[kept],
        clear=clear,
        time=dating.tokens(time_certificates),
    )
    verdict = verify(source, anchor=Anchor(log_key=log_key))
    found = [*faults]
    if len(bodies) != kept.size:
        found.append(_finding(f"the {kept.size} entries under the checkpoint", f"{len(bodies)} entries"))
    found += _check_key(files["vkey"], bodies)
    # Figures stand on entries: of a log that does not hold they would say nothing.
    if verdict.holds and not found:
        found += _check_report(_json(files["report.json"]), manifest, kept, bodies, dating)
    return verdict, tuple(found)


def _checkpoint(data: bytes) -> tuple[StoredCheckpoint | None, tuple[Finding, ...]]:
    try:
        head = parse(parse_note(data).text)
    except NoteRefused as refusal:
        return None, (_finding("a checkpoint", str(refusal)),)
    return StoredCheckpoint(head.size, head.root, data.decode()), ()


def _lines(data: bytes) -> list[bytes]:
    lines = data.split(b"\n")
    return lines[:-1] if lines and not lines[-1] else lines


def _sealed(data: bytes) -> tuple[dict[tuple[int, str], Opened], list[Finding]]:
    clear: dict[tuple[int, str], Opened] = {}
    faults: list[Finding] = []
    for number, line in enumerate(_lines(data), start=1):
        one = _json(line)
        index, name, r = (one.get(key) for key in ("index", "field", "r"))
        raw = parse_hex(r) if isinstance(r, str) else None
        if type(index) is not int or not isinstance(name, str) or raw is None or "value" not in one:
            faults.append(_finding("sealed.jsonl of index, field, r and value", f"another form in line {number}"))
        elif (index, name) in clear:
            faults.append(_finding(f"one opened value {name} of entry {index}", f"another in line {number}"))
        else:
            clear[index, name] = Opened(r=raw, value=one["value"])  # type: ignore[arg-type]  # judged by opening
    return clear, faults


def _check_key(data: bytes, bodies: list[bytes]) -> Iterator[Finding]:
    """The verifier key beside the log is the one in force by the last entry that names one."""
    lines = data.decode("utf-8", "replace").splitlines()
    if not lines or lines[0] != _log_key(bodies):
        yield _finding("the log's verifier key in force by the entries, in the first line of vkey", "another")
    if tuple(lines[1:]) != _cosigners(bodies):
        yield _finding("the verifier keys of the cosigners in force after that line of vkey", "others")


def _log_key(bodies: list[bytes]) -> str | None:
    """The log's key in force by the last entry that names one."""
    for body in reversed(bodies):
        stated = decode_again(body) if b'"log_key":' in body else None
        if stated is not None and isinstance(stated.event, events.LogKeyChanged | events.LogOpened):
            return stated.event.log_key
    return None


def _cosigners(bodies: list[bytes]) -> tuple[str, ...]:
    """The cosigners in force by the last entry that names them."""
    for body in reversed(bodies):
        # Most entries name none, and to read each of them twice would be slow.
        stated = decode_again(body) if b'"cosigners' in body or b'"log_opened"' in body else None
        if stated is not None and isinstance(stated.event, events.CosignersChanged | events.LogOpened):
            return stated.event.cosigners
    return ()


def _check_report(
    printed: dict[str, object],
    manifest: dict[str, object],
    kept: StoredCheckpoint,
    bodies: list[bytes],
    dating: Dating,
) -> Iterator[Finding]:
    head = printed.get("head")
    shown = (head.get("size"), head.get("root_hex")) if isinstance(head, dict) else (None, None)
    if shown != (kept.size, kept.root.hex()):
        expected = f"a report on size {kept.size}, root {kept.root.hex()}"
        yield _finding(expected, f"size {shown[0]}, root {shown[1]}")
    verification = printed.get("verification")
    note = verification.get("note") if isinstance(verification, dict) else None
    if note != kept.note:
        yield _finding("the printed checkpoint as in the evidence", "another")
    entries = tuple(one for one in map(decode_again, bodies) if one is not None)
    yield from compare_figures(printed, list(entries))
    for where, expected, met in differences(printed, manifest, kept, bodies, entries, dating):
        yield _finding(f"{where} of the report as its entries make it: {expected}", met)


def _json(data: bytes) -> dict[str, object]:
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _finding(expected: str, found: str) -> Finding:
    return Finding(check=EVIDENCE, index=None, expected=expected, found=found)
