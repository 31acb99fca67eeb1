"""Looks at an attacked copy with every detector there is, each on its own, and says which noticed something and what.

The running service looks first, as it would within a minute; then everything is verified from the bytes; then what
people outside remember or hold is compared. Nothing here knows which attack was carried out.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from audit.domain.errors import Finding
from audit.services.drill.scene import Scene
from audit.services.drill.table import Detector
from audit.services.evidence import PdfRefused, verify_files, verify_pdf
from audit.services.mirror import MirrorRefused, read_mirror
from audit.services.verify import Anchor, Rule, Verdict, verify_site
from audit.services.watch import Watch
from audit.storage import cosignatures, derived
from audit.storage.engine import read
from audit.tlog.checkpoint import Checkpoint
from audit.tlog.merkle import Frontier, leaf_hash

_OF_RULE = {
    Rule.BYTES: Detector.CHAIN,
    Rule.ORDER: Detector.CHAIN,
    Rule.CLOCK: Detector.CHAIN,
    Rule.ROOT: Detector.HEAD,
    Rule.CHECKPOINT: Detector.HEAD,
    Rule.EXTENDS: Detector.PAPER,
    Rule.SIGNATURES: Detector.ACT,
    Rule.TIME: Detector.TIME,
    Rule.SEALS: Detector.SEALS,
    Rule.FOLD: Detector.FOLD,
    Rule.TABLES: Detector.TABLES,
    Rule.REPORTS: Detector.REPORTS,
    Rule.SIGNER: Detector.SIGNER,
}

Noticed = Mapping[Detector, tuple[str, ...]]
"""What each detector that noticed something said of it; a detector that stayed silent is not there."""


def detect(scene: Scene, *, untouched: Scene | None = None) -> Noticed:
    """Look with every detector; a file that `untouched` holds too was looked at before and is not read again."""
    found: dict[Detector, list[str]] = {}
    for detector, words in _looked(scene, untouched):
        found.setdefault(detector, []).append(words)
    return {detector: tuple(words) for detector, words in found.items()}


def _looked(scene: Scene, untouched: Scene | None) -> Iterator[tuple[Detector, str]]:
    yield from _service(scene)
    verdict = verify_site(
        scene.engine,
        scene.site,
        scene.installation,
        now_ms=scene.register.clock(),
        anchor=Anchor(head=scene.outside.paper),
    )
    yield from _verified(verdict)
    yield from _cosigners(scene)
    if scene.pdf is not None and (untouched is None or scene.pdf != untouched.pdf):
        yield from _pdf(scene, scene.pdf)
    if scene.evidence is not None and (untouched is None or scene.evidence != untouched.evidence):
        yield from _evidence(scene, scene.evidence)
    if scene.mirror is not None:
        yield from _mirror(scene, scene.mirror)


def _service(scene: Scene) -> Iterator[tuple[Detector, str]]:
    watch = Watch(scene.register, scene.signer)
    found = watch.look()
    if watch.is_read_only:
        yield Detector.SERVICE, f"read-only: the database is {found.value} to the signer's memory"


def _verified(verdict: Verdict) -> Iterator[tuple[Detector, str]]:
    for finding in verdict.findings:
        yield _detector_of(finding), _words(finding)
    for one in verdict.unchecked:
        yield Detector.CHAIN, f"entry {one.index} could not be checked: {one.why}"


def _detector_of(finding: Finding) -> Detector:
    rule = Rule(finding.check)
    if rule is Rule.CHECKPOINT and "cosign" in f"{finding.expected} {finding.found}":
        return Detector.COSIGNER
    return _OF_RULE[rule]


def _words(finding: Finding) -> str:
    at = "" if finding.index is None else f"entry {finding.index}: "
    return f"{at}expected {finding.expected}; found {finding.found}"


def _cosigners(scene: Scene) -> Iterator[tuple[Detector, str]]:
    """A cosigner asked to go on from what it remembers: it signs only what extends that head."""
    for name, held in scene.outside.cosigned:
        met = _root(scene, held)
        if met != held.root:
            what = f"root {met.hex()}" if met else "fewer entries"
            yield Detector.COSIGNER, f"remembers root {held.root.hex()} at size {held.size}; is shown {what}"
        with read(scene.engine) as conn:
            lines = cosignatures.lines_at(conn, scene.site, held.size)
        if name not in {line.name for line in lines}:
            yield Detector.COSIGNER, f"{name} countersigned size {held.size}; its line is not there"


def _root(scene: Scene, held: Checkpoint) -> bytes | None:
    """Return the root of the bytes that are there, whatever hashes stand beside them; None where some are missing."""
    frontier = Frontier()
    with read(scene.engine) as conn:
        for entry in derived.entries(conn, scene.site):
            if entry.index == frontier.size < held.size:
                frontier.push(leaf_hash(entry.body))
    return frontier.root() if frontier.size == held.size else None


def _pdf(scene: Scene, pdf: bytes) -> Iterator[tuple[Detector, str]]:
    try:
        verdict = verify_pdf(pdf, certificate=scene.outside.certificate or None)
    except PdfRefused as refused:
        yield Detector.PDF, refused.sentence
        return
    for finding in verdict.findings:
        yield Detector.PDF, _words(finding)
    if verdict.log is not None:
        for finding in verdict.log.findings:
            yield Detector.PDF, _words(finding)


def _evidence(scene: Scene, files: Mapping[str, bytes]) -> Iterator[tuple[Detector, str]]:
    log, findings = verify_files(files, log_key=scene.outside.log_key)
    for finding in (*findings, *(log.findings if log is not None else ())):
        yield Detector.BUNDLE, _words(finding)


def _mirror(scene: Scene, folder: Path) -> Iterator[tuple[Detector, str]]:
    """Hash every entry of the mirror anew, and hold the heads known from elsewhere against it."""
    outside, frontier, roots = scene.outside, Frontier(), dict[int, bytes]()
    try:
        for body in read_mirror(folder, scene.origin).entries():
            frontier.push(leaf_hash(body))
            roots[frontier.size] = frontier.root()
    except MirrorRefused as refused:
        yield Detector.BUNDLE, str(refused)
        return
    met = roots.get(outside.paper.size, b"")
    if not outside.paper.is_root(met):
        yield Detector.BUNDLE, f"the head on paper says {outside.paper.root} at size {outside.paper.size}"
    for name, held in outside.cosigned:
        if roots.get(held.size) != held.root:
            yield Detector.BUNDLE, f"{name} remembers root {held.root.hex()} at size {held.size}"
