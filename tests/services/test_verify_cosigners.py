"""Check 5 on cosigners: what counts towards the quorum, what is a finding, and what an outsider's key vouches for."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from audit.domain import events
from audit.services.verify import Anchor, Installation, Verdict, verify_site
from audit.storage import checkpoints, cosignatures
from audit.storage.cosignatures import CosignatureRow
from audit.storage.engine import read, write
from audit.tlog.cosignature import CosignerKey, CosigningKey
from tests.clinic import Clinic, start_clinic

TIME_S = 1_795_425_000
PHARMACY = CosigningKey("pharmacy.example.org/cosigner", b"a cosigner's seed of 32 bytes...")
SISTER = CosigningKey("sister.example.org/cosigner", b"another cosigner's 32 byte seed.")
STRANGER = CosigningKey("stranger.example.org/cosigner", b"a third cosigner's 32 byte seed.")


@pytest.fixture
def clinic(migrated_url: str, tmp_path: Path) -> Iterator[Clinic]:
    started = start_clinic(migrated_url, tmp_path)
    yield started
    started.register.engine.dispose()


def agree(clinic: Clinic, *cosigners: CosigningKey, quorum: int) -> None:
    keys = tuple(one.verifier.to_string() for one in cosigners)
    clinic.act("A", events.CosignersChanged(cosigners=keys, quorum=quorum))
    clinic.checkpoint()


def last(clinic: Clinic) -> checkpoints.StoredCheckpoint:
    with read(clinic.register.engine) as conn:
        found = checkpoints.latest(conn, clinic.register.site)
    assert found is not None
    return found


def line(clinic: Clinic, by: CosigningKey) -> str:
    return by.cosign(last(clinic).note.partition("\n\n")[0] + "\n", time_s=TIME_S).line()


def keep(clinic: Clinic, *cosigners: CosigningKey) -> None:
    with write(clinic.register.engine) as conn:
        for one in cosigners:
            row = CosignatureRow(last(clinic).size, one.verifier.name, line(clinic, one))
            cosignatures.save(conn, clinic.register.site, row)


def check(clinic: Clinic, *, given: tuple[CosignerKey, ...] = ()) -> Verdict:
    around = Installation(keyring=clinic.ground.keyring, signer=clinic.signer)
    return verify_site(
        clinic.register.engine,
        clinic.register.site,
        around,
        now_ms=clinic.clock.now_ms,
        anchor=Anchor(cosigners=given),
    )


def told(verdict: Verdict) -> list[tuple[str, int | None, str]]:
    return [(one.check, one.index, one.found) for one in verdict.findings]


def why(verdict: Verdict) -> tuple[str, str]:
    (found,) = [one for one in verdict.checks if one.rule.value == "checkpoint"]
    return found.state, found.why


def test_a_log_without_cosigners_says_nothing_of_them(clinic: Clinic) -> None:
    clinic.checkpoint()
    verdict = check(clinic)
    assert (verdict.cosigning, verdict.notices, why(verdict)) == (None, (), ("held", ""))


def test_the_verdict_says_how_many_countersigned_the_last_checkpoint(clinic: Clinic) -> None:
    agree(clinic, PHARMACY, SISTER, quorum=2)
    keep(clinic, PHARMACY, SISTER)
    reached = last(clinic).size
    verdict = check(clinic)
    assert verdict.holds
    assert verdict.notices == ()
    assert why(verdict) == (
        "held",
        "countersigned by 2 of 2 cosigners, 2 wanted (pharmacy.example.org/cosigner, sister.example.org/cosigner)",
    )
    clinic.receive()
    clinic.checkpoint()
    keep(clinic, SISTER)
    verdict = check(clinic)
    assert verdict.holds, "a cosigner may be away"
    assert verdict.cosigning is not None
    assert (verdict.cosigning.size, verdict.cosigning.reached_size) == (last(clinic).size, reached)
    assert verdict.cosigning.names == ("sister.example.org/cosigner",)
    (notice,) = verdict.notices
    assert notice.index == last(clinic).size - 1
    assert notice.expected == f"2 of 2 cosigners under the checkpoint at size {last(clinic).size}"
    assert notice.found == "1"


def test_stripped_lines_lower_the_quorum_that_is_told(clinic: Clinic) -> None:
    agree(clinic, PHARMACY, quorum=1)
    keep(clinic, PHARMACY)
    with write(clinic.register.engine) as conn:
        conn.execute(text("DELETE FROM cosignature"))
    verdict = check(clinic)
    assert why(verdict) == ("held", "countersigned by 0 of one cosigner, 1 wanted")
    assert [(one.check, one.found) for one in verdict.notices] == [("checkpoint", "0")]


def test_a_line_of_a_key_not_in_force_at_its_size_counts_for_nothing_and_is_named(clinic: Clinic) -> None:
    agree(clinic, PHARMACY, quorum=1)
    keep(clinic, STRANGER)
    size = last(clinic).size
    verdict = check(clinic)
    assert told(verdict) == [
        ("checkpoint", size - 1, f"a line of stranger.example.org/cosigner at size {size} that does not hold")
    ]


def test_cosigners_count_by_the_entries_under_their_own_checkpoint(clinic: Clinic) -> None:
    agree(clinic, PHARMACY, quorum=1)
    keep(clinic, PHARMACY)
    agree(clinic, SISTER, quorum=1)
    keep(clinic, SISTER)
    verdict = check(clinic)
    assert verdict.holds
    assert verdict.cosigning is not None
    assert verdict.cosigning.names == ("sister.example.org/cosigner",)
    agree(clinic, quorum=0)
    assert check(clinic).cosigning is None


def test_a_line_on_another_history_is_named(clinic: Clinic) -> None:
    agree(clinic, PHARMACY, quorum=1)
    forged = dataclasses.replace(last(clinic), root=bytes(32))
    said = f"{clinic.register.origin}\n{forged.size}\n{'A' * 43}=\n"
    row = CosignatureRow(forged.size, PHARMACY.verifier.name, PHARMACY.cosign(said, time_s=TIME_S).line())
    with write(clinic.register.engine) as conn:
        cosignatures.save(conn, clinic.register.site, row)
    ((rule, index, _),) = told(check(clinic))
    assert (rule, index) == ("checkpoint", forged.size - 1)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("line = 'none'", "no signature line"),
        ("line = replace(line, 'pharmacy', 'Pharmacy')", "a line of Pharmacy.example.org/cosigner"),
        ("name = 'other.example.org'", "a line of pharmacy.example.org/cosigner"),
        ("size = 1", "a line of pharmacy.example.org/cosigner at size 1 that does not hold"),
        ("size = 99999", "a line of pharmacy.example.org/cosigner at size 99999 that does not hold"),
        ("size = -1", "a line of pharmacy.example.org/cosigner at size -1 that does not hold"),
    ],
)
def test_a_changed_row_is_named_with_the_entry_it_was_about(clinic: Clinic, change: str, found: str) -> None:
    agree(clinic, PHARMACY, quorum=1)
    keep(clinic, PHARMACY)
    size = last(clinic).size
    with write(clinic.register.engine) as conn:
        conn.execute(text(f"UPDATE cosignature SET {change}"))
    assert told(check(clinic)) == [("checkpoint", size - 1, found)]


def test_a_cosigners_own_key_anchors_the_log_up_to_what_it_countersigned(clinic: Clinic) -> None:
    agree(clinic, PHARMACY, SISTER, quorum=1)
    keep(clinic, PHARMACY)
    assert check(clinic, given=(SISTER.verifier,)).anchored_size == 0
    verdict = check(clinic, given=(PHARMACY.verifier,))
    assert verdict.anchored_size == verdict.size == last(clinic).size
    assert verdict.sentence == f"Unaltered: all {verdict.size} entries stand under the head known outside."


def test_a_cosigners_key_of_a_later_kind_is_told_and_does_not_count(clinic: Clinic) -> None:
    """Type 0x06 of the standard is not known to this version."""
    clinic.act("A", events.CosignersChanged(cosigners=("later.example.org+00000000+BgAA",), quorum=1))
    clinic.checkpoint()
    verdict = check(clinic)
    assert verdict.holds
    assert next(one.found for one in verdict.notices) == "expected a cosigner's key of type 0x04, met 0x06"
    assert verdict.cosigning is not None
    assert (verdict.cosigning.cosigners, verdict.cosigning.names) == (1, ())
