"""A database verified with what stands around it: reports, keys, the signer's row, the clock."""

import dataclasses
import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.domain import commands, events
from audit.services.keyring import open_keyring
from audit.services.signing.keeper import KeptSigner
from audit.services.signing.keyfiles import KeyFiles
from audit.services.verify import Installation, Verdict, sites, verify_site
from audit.storage import log, tree
from audit.storage.engine import read
from tests.clinic import Clinic, start_clinic


@pytest.fixture
def clinic(database_url: str, tmp_path: Path) -> Iterator[Clinic]:
    started = start_clinic(database_url, tmp_path)
    started.checkpoint()
    yield started
    started.register.engine.dispose()


def check(clinic: Clinic, *, later_ms: int = 0, **around: object) -> Verdict:
    standing = {"keyring": clinic.ground.keyring, "signer": clinic.signer} | around
    return verify_site(
        clinic.register.engine,
        clinic.register.site,
        Installation(**standing),  # type: ignore[arg-type]
        now_ms=clinic.clock.now_ms + later_ms,
    )


def found(verdict: Verdict) -> list[tuple[str, int | None, str]]:
    return [(one.check, one.index, one.found) for one in verdict.findings]


def issue(clinic: Clinic, folder: Path, content: bytes) -> int:
    """Keep a report's file and state it in the log; return its entry."""
    report = clinic.identifier("rp")
    with read(clinic.register.engine) as conn:
        size = log.head(conn, clinic.register.site).size
        root = tree.root(conn, clinic.register.site, size).hex()
    folder.mkdir(exist_ok=True)
    (folder / f"{report}.pdf").write_bytes(content)
    stated = events.ReportIssued(
        report=report,
        report_kind="inspection",
        from_on="2026-11-01",
        to_on="2026-11-30",
        size=size,
        root=root,
        sha256=hashlib.sha256(content).hexdigest(),
    )
    return clinic.act("A", stated).index


def test_the_sites_of_a_database_are_those_with_a_log(clinic: Clinic) -> None:
    assert sites(clinic.register.engine) == ("example-clinic",)


def test_an_issued_report_is_the_file_whose_hash_is_in_the_log(clinic: Clinic, tmp_path: Path) -> None:
    index = issue(clinic, tmp_path / "reports", b"%PDF-1.7 synthetic")
    assert found(check(clinic, reports=tmp_path / "reports")) == []
    (kept,) = (tmp_path / "reports").iterdir()
    kept.write_bytes(b"%PDF-1.7 another")
    ((rule, at, said),) = found(check(clinic, reports=tmp_path / "reports"))
    assert (rule, at) == ("reports", index)
    assert said.startswith("a file with SHA-256 ")
    kept.unlink()
    assert found(check(clinic, reports=tmp_path / "reports")) == [("reports", index, "no such file")]


def test_a_file_among_the_reports_that_no_entry_speaks_of_is_a_notice(clinic: Clinic, tmp_path: Path) -> None:
    issue(clinic, tmp_path / "reports", b"%PDF-1.7 synthetic")
    (tmp_path / "reports" / "rp_unknown.pdf").write_bytes(b"%PDF-1.7")
    verdict = check(clinic, reports=tmp_path / "reports")
    assert verdict.holds
    assert [one.found for one in verdict.notices] == ["rp_unknown.pdf"]


def test_a_report_on_a_head_this_log_never_had_is_named(clinic: Clinic, tmp_path: Path) -> None:
    stated = events.ReportIssued(
        report="rp_00000001",
        report_kind="inspection",
        from_on="2026-11-01",
        to_on="2026-11-30",
        size=3,
        root="ab" * 32,
        sha256="cd" * 32,
    )
    index = clinic.act("A", stated).index
    assert found(check(clinic)) == [("reports", index, f"root {'ab' * 32} at size 3")]


@pytest.mark.parametrize(("later_ms", "faults"), [(0, 0), (58_000, 0), (61_000, 1)])
def test_entries_past_the_last_checkpoint_are_told_and_a_fault_after_a_minute(
    clinic: Clinic, later_ms: int, faults: int
) -> None:
    covered = check(clinic).size
    clinic.receive()
    verdict = check(clinic, later_ms=later_ms)
    assert verdict.past_checkpoint == verdict.size - covered
    assert [(rule, index) for rule, index, _ in found(verdict)] == [("checkpoint", covered)] * faults


def test_a_log_of_another_service_key_than_the_installations_is_named(clinic: Clinic, tmp_path: Path) -> None:
    keyring = open_keyring(tmp_path / "other", lambda size: b"another seed of exactly 32 bytes"[:size])
    keyring = dataclasses.replace(clinic.ground.keyring, folder=keyring.folder)
    assert [(check_, index) for check_, index, _ in found(check(clinic, keyring=keyring))] == [("signatures", 0)]


def test_a_log_of_another_log_key_than_the_signers_is_named(clinic: Clinic, tmp_path: Path) -> None:
    other = KeptSigner(shutil.copytree(clinic.signer.folder, tmp_path / "other"), clinic.source.randbytes)
    KeyFiles(other.folder / "keys").replace(clinic.register.origin, b"another seed of exactly 32 bytes")
    assert [(check_, index) for check_, index, _ in found(check(clinic, signer=other))] == [("signer", 0)]


def test_another_wrapping_key_opens_nothing_and_each_sealed_value_is_named(clinic: Clinic) -> None:
    clinic.register_patient()
    keyring = dataclasses.replace(clinic.ground.keyring, wrapping_key=b"another key of exactly 32 bytes.")
    verdict = check(clinic, keyring=keyring)
    assert {rule for rule, *_ in found(verdict)} == {"seals"}
    assert len(verdict.findings) == 2


def test_without_the_installations_secrets_the_rest_is_checked_and_the_verdict_says_so(clinic: Clinic) -> None:
    verdict = check(clinic, keyring=None)
    assert verdict.holds
    skipped = {one.rule.value: one.why for one in verdict.checks if one.state == "not checked"}
    assert skipped["seals"] == "the key that wraps them is not here"
    assert skipped["signer"] == "the signer is not here"


def test_corrections_of_products_and_receipts_rebuild_to_the_rows_they_made(clinic: Clinic) -> None:
    vials = clinic.receive(count=3)
    session = clinic.open_session()
    clinic.draw("A", session, vials[0], 1000)
    keys = {"product": f"product:{clinic.products['50']}", "receipt": f"container:{vials[0]}"}
    product = next(
        one for one in clinic.book(keys["product"]).entries.values() if isinstance(one.event, events.ProductRegistered)
    )
    receipt = next(
        one for one in clinic.book(keys["receipt"]).entries.values() if isinstance(one.event, events.ReceiptRecorded)
    )
    stronger = dataclasses.replace(product.event, concentration_ug_per_ml=100_000)
    arrived = commands.Receive(
        receipt=receipt.event.receipt,
        supplier="Example Wholesale",
        supplier_address="1 Sample Street, Toronto",
        supplier_registration=None,
        invoice="INV-9",
        invoice_date="2026-11-20",
        received_on="2026-11-23",
        lots=(
            commands.LotArrived(
                product=clinic.products["50"], lot="EX-2", expiry="2028-04-30", containers=tuple(vials)
            ),
        ),
    )
    for struck, replacement in ((product, stronger), (receipt, arrived)):
        clinic.record(
            [
                clinic.order("A", commands.StrikeEntry(of=struck.ref, reason="mistyped", replacements=1)),
                clinic.order("A", replacement, answers_strike=True),
            ]
        )
    clinic.draw("A", session, vials[1], 500)
    clinic.checkpoint()
    assert found(check(clinic)) == []
