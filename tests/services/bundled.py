"""A bundle as a clinic issues it, and its files changed as somebody with a zip program may change them."""

import io
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from audit.domain import events
from audit.domain.fold import local_day
from audit.services.bundles.export import Asked, Extras, Issued, Recipient, disclosure, export
from audit.services.cosigning.asking import Cosigners
from audit.services.timestamps import Timekeeper
from tests.clinic import OFFSET_MIN, PASSWORD, Clinic
from tests.services.cosigning_from_the_standard import MiniWitness, Signer, listening
from tests.time_authority import TestAuthority, authority_at, granted, serving

FIRST, LAST = "2026-11-23", "2026-11-23"
PHARMACY = Signer("pharmacy.example.org/cosigner", 4, b"a cosigner's seed of 32 bytes...")
SISTER = Signer("sister.example.org/cosigner", 4, b"another cosigner's 32 byte seed.")


def asked_of(clinic: Clinic, **more: object) -> Asked:
    """A manager asks for the bundle of a day."""
    return Asked(
        report=clinic.identifier("rp"), first=FIRST, last=LAST, nonce=clinic.nonce(), actor=clinic.people["M"],
        offset_min=OFFSET_MIN, standing=PASSWORD, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def issue(clinic: Clinic, path: Path, asked: Asked | None = None, extras: Extras | None = None) -> Issued:
    """Issue a bundle into a file."""
    with path.open("w+b") as out:
        return export(clinic.register, clinic.checkpoint, asked or asked_of(clinic), out, extras)


def issue_opened(clinic: Clinic, path: Path, *patients: str, reason: events.DiscloseReason = "inspection") -> Issued:
    """Issue a bundle that opens these patients to an inspector."""
    asked = asked_of(clinic, recipient=Recipient(name="Inspector P. Sample", patients=patients))
    clinic.record([disclosure(asked, reason, "asked at the visit", PASSWORD)])
    return issue(clinic, path, asked)


def live_under_outside_eyes(clinic: Clinic, authority: TestAuthority) -> None:
    """A session by two people; two cosigners agreed on, of whom one signs the head; an authority dates two heads.

    Then the clinic's clock is the machine's, for that is the authority's.
    """
    keys = tuple(one.vkey for one in (PHARMACY, SISTER))
    clinic.act("A", events.CosignersChanged(cosigners=keys, quorum=1))
    clinic.whole_session(clinic.receive(count=2)[0])
    clinic.clock.now_ms = time.time_ns() // 1_000_000
    with serving(lambda query: granted(authority.answer(query))) as url:
        keeper = Timekeeper(clinic.register, authority_at(url, authority), clinic.checkpoint)
        assert [keeper.stamp(), keeper.stamp()] == [True, True]
    with listening(MiniWitness(PHARMACY, clinic.log_key.to_string())) as address:
        assert Cosigners(clinic.register, {PHARMACY.name: address}).ask() == 1


def today(clinic: Clinic) -> str:
    """The day of the clinic's clock, as YYYY-MM-DD."""
    return local_day(clinic.clock.now_ms, OFFSET_MIN)


def files_in(path: Path) -> dict[str, bytes]:
    """Every file of a zip by name."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewritten(path: Path, change: Callable[[dict[str, bytes]], None], *, to: Path) -> Path:
    """A copy of a bundle with some of its files changed."""
    files = files_in(path)
    change(files)
    to.write_bytes(zip_of(files))
    return to


def zip_of(files: dict[str, bytes]) -> bytes:
    """A zip of these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()
