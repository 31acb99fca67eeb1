"""Runs the attack table on a copy of a clinic's own log, files a certificate of it, and notes that in the log.

Only that last entry and the certificate's file are written to anything real. An attack that the log gives no ground
for is told as not applicable and counted as nothing. Not here: the certificate's look (`reports.drill_certificate`).
"""

import hashlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from audit.domain import events
from audit.domain.book import SERVICE, Recorded
from audit.domain.errors import Refused
from audit.reports.drill_certificate import Certificate, Line, render_certificate
from audit.reports.sign import sign_pdf
from audit.reports.values import When
from audit.reports.words import moment
from audit.services.acts import BY_SERVICE, Order
from audit.services.drill.copying import Copies, Own
from audit.services.drill.detecting import Noticed, detect
from audit.services.drill.rows import ATTACKS
from audit.services.drill.scene import NotApplicable, Scene
from audit.services.drill.table import Attack, Detector
from audit.services.reconcile import offset_at, zone_of
from audit.services.record import record
from audit.services.reporting.press import Press, identity, write_whole
from audit.services.watch import Watch
from audit.storage import checkpoints, ledger
from audit.storage.engine import read


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one attack came to; `missing` says what the log lacks where it was not carried out."""

    attack: Attack
    noticed: Noticed
    missing: str = ""

    @property
    def is_applicable(self) -> bool:
        """Say whether the attack was carried out."""
        return not self.missing

    @property
    def caught_by(self) -> tuple[Detector, ...]:
        """The detectors that are to notice it and did, in the order of the table."""
        return tuple(one for one in Detector if one in self.noticed and one in self.attack.expected)

    @property
    def is_caught(self) -> bool:
        """Say whether at least one of the detectors expected noticed it."""
        return bool(self.caught_by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """A drill: on which head it was run, when it ended (ms since 1970 UTC), and what each attack came to."""

    origin: str
    size: int
    root: str
    paper_size: int
    has_log_key: bool
    ended_ms: int
    outcomes: tuple[Outcome, ...]

    @property
    def carried_out(self) -> tuple[Outcome, ...]:
        """The attacks that were carried out."""
        return tuple(one for one in self.outcomes if one.is_applicable)

    @property
    def caught(self) -> int:
        """How many of them were caught."""
        return sum(one.is_caught for one in self.carried_out)

    @property
    def holds(self) -> bool:
        """Say whether every attack that was carried out was caught."""
        return bool(self.carried_out) and self.caught == len(self.carried_out)


class AlreadyBroken(Exception):
    """Something is wrong with the record before any attack: a drill would show nothing."""

    def __init__(self, noticed: Noticed) -> None:
        """Keep who noticed what."""
        super().__init__(", ".join(noticed))
        self.noticed = noticed


def run_drill(own: Own, tell: Callable[[Outcome], None]) -> Drill:
    """Carry out every attack on a copy of its own, telling each outcome as it comes.

    Raises:
        AlreadyBroken: the log does not hold as it is.
        Refused: `not_signed_yet`.
    """
    with TemporaryDirectory(prefix="audit-drill-") as folder:
        copies = Copies(own, Path(folder))
        untouched = copies.scene(0)
        before = detect(untouched)
        _leave(untouched)
        if before:
            raise AlreadyBroken(before)
        outcomes = []
        for number, attack in enumerate(ATTACKS, 1):
            scene = copies.scene(number)
            outcomes.append(_carry_out(attack, scene, untouched))
            _leave(scene)
            tell(outcomes[-1])
        size, root = _head(own)
        return Drill(
            origin=own.register.origin,
            size=size,
            root=root,
            paper_size=copies.outside.paper_size,
            has_log_key=untouched.stolen.log_key is not None,
            ended_ms=own.register.clock(),
            outcomes=tuple(outcomes),
        )


def file_certificate(own: Own, press: Press, drill: Drill) -> tuple[Path, Recorded]:
    """Write the signed certificate of a drill into the folder of reports, and note it in the log.

    Raises:
        Refused: `read_only`, those of the PDF's key and of the write path; no file stays then.
    """
    register = own.register
    with read(register.engine) as conn:
        offset_min = offset_at(drill.ended_ms, zone_of(conn, register.site))
        opened = ledger.load_book(conn, register.site, {"log:site"}).log
    if opened is None:
        raise Refused("not_signed_yet")
    ended = When(ms=drill.ended_ms, offset_min=offset_min)
    signer = identity(press, register, opened.clinic)
    certificate = _certificate(drill, ended, opened)
    pdf = sign_pdf(
        render_certificate(certificate),
        key_pem=signer.key_pem,
        cert_pem=signer.cert_pem,
        when=moment(ended),
        reason="Drill run on a copy of the log",
        location=opened.address,
    )
    watch = Watch(register, own.signer)
    watch.look()
    path = press.reports / f"drill-{moment(ended):%Y-%m-%d-%H%M%S}.pdf"
    write_whole(path, pdf)
    order = Order(
        command=events.DrillRun(
            attacks=len(drill.carried_out), caught=drill.caught, sha256=hashlib.sha256(pdf).hexdigest()
        ),
        actor=SERVICE,
        nonce=own.random(16).hex(),
        standing=BY_SERVICE,
        offset_min=offset_min,
    )
    try:
        watch.check_writable()
        entry = record(register, [order])[0].entry
    except Refused:
        path.unlink(missing_ok=True)
        raise
    watch.sign()
    return path, entry


def _carry_out(attack: Attack, scene: Scene, untouched: Scene) -> Outcome:
    try:
        attack.carry_out(scene)
    except NotApplicable as lacking:
        return Outcome(attack=attack, noticed={}, missing=lacking.why)
    return Outcome(attack=attack, noticed=detect(scene, untouched=untouched))


def _leave(scene: Scene) -> None:
    scene.engine.dispose()
    shutil.rmtree(scene.folder)


def _head(own: Own) -> tuple[int, str]:
    with read(own.register.engine) as conn:
        kept = checkpoints.latest(conn, own.register.site)
    return (kept.size, kept.root.hex()) if kept is not None else (0, "")


def _certificate(drill: Drill, ended: When, opened: events.LogOpened) -> Certificate:
    return Certificate(
        clinic=opened.clinic,
        address=opened.address,
        registration=opened.registration,
        is_demo=opened.demo,
        origin=drill.origin,
        size=drill.size,
        root=drill.root,
        paper_size=drill.paper_size,
        ended=ended,
        attacks=len(drill.carried_out),
        caught=drill.caught,
        lines=tuple(_lines(drill)),
        keys="the log's key and the service's key, on copies that were destroyed"
        if drill.has_log_key
        else "the service's key, on copies that were destroyed; the log's key is in the signer's own process",
    )


def _lines(drill: Drill) -> Iterator[Line]:
    for one in drill.outcomes:
        says = ", ".join(detector.short for detector in one.caught_by)
        state = "not applicable" if not one.is_applicable else "caught" if one.is_caught else "NOT CAUGHT"
        yield Line(attack=one.attack.name, keys=one.attack.keys, state=state, says=says or one.missing)
