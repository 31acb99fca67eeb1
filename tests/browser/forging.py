"""Evidence as a forger would make it, and a page that judges it offline.

A clinic's files are changed in one point; with `reforged` everything else is made to fit again under fresh keys, so
that one rule alone can object. Not here: which rules there are (the tests).
"""

import base64
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from playwright.sync_api import Browser, Page

from audit.tlog.attestation import attest
from audit.tlog.canonical import encode
from audit.tlog.checkpoint import Checkpoint, sign
from audit.tlog.keys import SigningKey
from audit.tlog.merkle import leaf_hash, root
from audit.web.verify_page import verify_page_html
from audit.web.verify_page.builder import script_of
from tests.browser.people import DESKTOP

Value = TypeVar("Value")
Entry = dict[str, Any]
Change = Callable[[list[Entry]], None]
LOCAL = ("file:", "data:", "blob:")
PARTS = ("anchors", "evidence", "verify", "verdict")
FIRST = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
RUN = """async ([data, held]) => {
  const at = window.parts;
  const raw = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  try {
    const evidence = await at.evidence.readEvidence(raw);
    const outcome = await at.verify.verify(evidence, at.anchors.parseAnchors(held));
    const verdict = at.verdict.verdictOf(outcome);
    const checks = [...Array(13).keys()].map((check) => outcome.findings.outcome(check).state);
    const { findings, notices } = outcome.findings;
    return { state: verdict.state, sentence: verdict.sentence, checks, findings, notices };
  } catch (error) {
    if (error instanceof at.zip.Refusal) return { refused: error.message };
    throw error;
  }
}"""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What the page's script says of a file."""

    state: str
    checks: list[str]
    findings: list[dict[str, Any]]
    notices: list[dict[str, Any]]
    sentence: str

    @property
    def failed(self) -> set[int]:
        """The numbers of the checks that failed; 0 is the document."""
        return {number for number, state in enumerate(self.checks) if state == "failed"}


@contextmanager
def offline_page(browser: Browser, folder: Path) -> Iterator[Page]:
    """Open `verify.html` from a disk with the network off; whatever the page complains of fails the test."""
    saved = folder / "verify.html"
    saved.write_bytes(verify_page_html())
    complaints: list[str] = []
    context = browser.new_context(viewport=DESKTOP)
    context.set_offline(offline=True)
    page = context.new_page()
    page.on("console", lambda said: complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda asked: complaints.append(asked.url) if not asked.url.startswith(LOCAL) else None)
    page.goto(saved.as_uri())
    yield page
    context.close()
    assert complaints == []


def apart(work: Callable[[], Value]) -> Value:
    """Do work that wants a loop of its own, beside the browser's."""
    with ThreadPoolExecutor() as thread:
        return thread.submit(work).result()


def open_parts(page: Page) -> None:
    """Put the sources of the page's script before a blank page's tests."""
    page.evaluate(f"window.parts = {script_of(*PARTS, is_opened=True)}; undefined")


def judge(page: Page, data: bytes, held: str = "") -> Judged:
    """Let the page's script verify a file; a refusal is the state `refused` with its sentence."""
    said = page.evaluate(RUN, [base64.b64encode(data).decode(), held])
    if "refused" in said:
        return Judged(state="refused", sentence=said["refused"], checks=[], findings=[], notices=[])
    return Judged(**said)


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A bundle of these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def entries_of(files: Mapping[str, bytes]) -> list[Entry]:
    """The entries as objects."""
    return [json.loads(line) for line in files["entries.jsonl"].splitlines()]


def with_lines(files: Mapping[str, bytes], lines: list[bytes]) -> dict[str, bytes]:
    """The same files around other lines; nothing else is made to fit."""
    return {**files, "entries.jsonl": b"".join(line + b"\n" for line in lines)}


def reforged(files: Mapping[str, bytes], change: Change) -> dict[str, bytes]:
    """The files with entries changed and all hashes, attests, references and signatures made to fit under fresh keys.

    `change` may leave `_raw` (attest) or `_keep` (chain) in an entry: such a part is left as it was changed.
    """
    entries = [{**entry, "_leaf": leaf_hash(encode(entry)).hex()} for entry in entries_of(files)]
    change(entries)
    origin = entries[0]["log"]
    log_key, service = SigningKey(origin, bytes(32)), SigningKey(f"{origin}/service", bytes(31) + b"\1")
    if entries[0]["act"]["kind"] == "log_opened":
        entries[0]["act"]["facts"] |= {
            "log_key": log_key.verifier.to_string(),
            "service_key": service.verifier.to_string(),
        }
    bodies = _bodies(entries, origin, service)
    head = Checkpoint(origin=origin, size=len(bodies), root=root([leaf_hash(body) for body in bodies]))
    made = with_lines(files, bodies)
    made |= {"checkpoint": sign(head, log_key).encode(), "vkey": log_key.verifier.to_string().encode() + b"\n"}
    return made


def _bodies(entries: list[Entry], origin: str, service: SigningKey) -> list[bytes]:
    bodies: list[bytes] = []
    leaves: dict[str, str] = {}
    for place, entry in enumerate(entries):
        keep = entry.pop("_keep", False)
        raw = entry.pop("_raw", False)
        old = entry.pop("_leaf", None)
        _follow(entry["act"], leaves)
        if not keep:
            entry |= {"index": place, "prev": leaf_hash(bodies[-1]).hex() if bodies else FIRST}
        if not raw and "attest" in entry["signature"]:
            entry["signature"]["attest"] = attest(entry["act"], origin, service)
        bodies.append(encode(entry))
        if old:
            leaves[old] = leaf_hash(bodies[-1]).hex()
    return bodies


def _follow(value: object, leaves: dict[str, str]) -> None:
    """References follow the hashes of what they name."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "leaf" and inner in leaves:
                value[key] = leaves[inner]
            _follow(inner, leaves)
    elif isinstance(value, list):
        for inner in value:
            _follow(inner, leaves)
