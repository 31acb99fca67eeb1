"""An evidence bundle: what is in it, what it opens, what the log says of it, and what is found when it was changed."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from audit.domain.errors import Refused
from audit.services.bundles.check import verify_bundle
from audit.services.bundles.contents import Recipient
from audit.services.bundles.export import Extras, disclosure, whole_log
from audit.services.bundles.opening import BundleRefused
from audit.services.verify import Anchor, verify_site
from audit.storage import log
from audit.storage.engine import read
from audit.tlog.paper import parse_head
from audit.tlog.tile import tiles_of
from tests.clinic import PASSWORD, Clinic, start_clinic
from tests.faults.lived import installation
from tests.services.bundled import asked_of, files_in, issue, issue_opened, rewritten

IN_ORDER = ["README.txt", "checkpoint", "vkey"]


@pytest.fixture
def lived(clinic: Clinic) -> Clinic:
    """A clinic with one whole session."""
    clinic.whole_session(clinic.receive()[0])
    return clinic


@pytest.fixture
def bundle(lived: Clinic, tmp_path: Path) -> Path:
    """Its bundle."""
    issue(lived, tmp_path / "bundle.zip")
    return tmp_path / "bundle.zip"


def test_a_bundle_holds_the_whole_log_twice_and_nothing_that_is_sealed(lived: Clinic, tmp_path: Path) -> None:
    issued = issue(lived, tmp_path / "bundle.zip")
    files = files_in(tmp_path / "bundle.zip")
    size = issued.facts.size
    with read(lived.register.engine) as conn:
        bodies = [one.body for one in log.entries(conn, lived.register.site, 0, size)]
    tiles = [tile.path for tile in tiles_of(size)]
    assert set(files) == {*IN_ORDER, *tiles, "entries.jsonl", "sealed.jsonl", "manifest.json"}
    assert files["entries.jsonl"] == b"".join(body + b"\n" for body in bodies)
    assert files["sealed.jsonl"] == b""
    assert files["vkey"].decode() == f"{lived.log_key.to_string()}\n"
    assert b"Placeholder" not in b"".join(files.values())
    manifest = json.loads(files["manifest.json"])
    assert manifest["counts"] == {"entries": size, "sealed": 0, "tiles": len(tiles), "tokens": 0}
    assert (manifest["from"], manifest["to"], manifest["size"]) == ("2026-11-23", "2026-11-23", size)
    assert "for" not in manifest


def test_the_log_notes_the_hash_of_the_very_file(lived: Clinic, tmp_path: Path) -> None:
    issued = issue(lived, tmp_path / "bundle.zip")
    assert issued.facts.sha256 == hashlib.sha256((tmp_path / "bundle.zip").read_bytes()).hexdigest()
    assert (issued.facts.report_kind, issued.entry.actor) == ("bundle", lived.people["M"])
    assert issued.number == f"KB-2026-11-23-{issued.facts.size}"


def test_no_file_of_a_bundle_is_missed_and_one_that_is_there_must_be_it(lived: Clinic, tmp_path: Path) -> None:
    issued = issue(lived, tmp_path / "bundle.zip")
    lived.checkpoint()
    (tmp_path / "reports").mkdir()
    stands = replace(installation(lived), reports=tmp_path / "reports")
    engine, site = lived.register.engine, lived.register.site
    assert verify_site(engine, site, stands, now_ms=lived.clock.now_ms).holds
    waiting = tmp_path / "reports" / f"{issued.facts.report}.zip"
    waiting.write_bytes((tmp_path / "bundle.zip").read_bytes())
    assert verify_site(engine, site, stands, now_ms=lived.clock.now_ms).holds
    waiting.write_bytes(b"PK another")
    (found,) = verify_site(engine, site, stands, now_ms=lived.clock.now_ms).findings
    assert (found.check, found.index) == ("reports", issued.entry.index)


def test_the_same_log_and_question_are_the_same_bytes(lived: Clinic, tmp_path: Path) -> None:
    from audit.services.bundles.contents import contents_of
    from audit.services.bundles.writing import write_bundle

    lived.checkpoint()
    for name in ("one.zip", "two.zip"):
        with read(lived.register.engine) as conn, (tmp_path / name).open("w+b") as out:
            days = ("2026-11-23", "2026-11-23")
            found = contents_of(conn, lived.register, report="rp_00000009", days=days, recipient=Recipient())
            write_bundle(out, found)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_a_second_tap_writes_nothing_and_is_the_first_bundle(lived: Clinic, tmp_path: Path) -> None:
    asked = asked_of(lived)
    first = issue(lived, tmp_path / "one.zip", asked)
    again = issue(lived, tmp_path / "two.zip", asked)
    assert (first.is_new, again.is_new, again.facts) == (True, False, first.facts)
    assert (tmp_path / "two.zip").read_bytes() == b""


def test_a_bundle_verifies_with_nothing_but_itself(bundle: Path, lived: Clinic) -> None:
    verdict = verify_bundle(bundle)
    assert verdict.findings == ()
    assert verdict.log is not None
    assert verdict.holds, verdict.log.findings
    assert "Consistent, unanchored since entry 0" in verdict.sentence
    assert verdict.period == ("2026-11-23", "2026-11-23")


def test_a_key_a_head_from_paper_or_an_earlier_note_anchors_it(bundle: Path, lived: Clinic) -> None:
    head = json.loads(files_in(bundle)["manifest.json"])
    known = Anchor(log_key=lived.log_key)
    assert "all " in verify_bundle(bundle, anchor=known).sentence
    paper = parse_head(f"{head['log']} {head['size']} {head['root']}")
    assert f"all {head['size']} entries stand" in verify_bundle(bundle, anchor=Anchor(head=paper)).sentence
    other = parse_head(f"{head['log']} {head['size']} {'0' * 64}")
    assert not verify_bundle(bundle, anchor=Anchor(head=other)).holds


def test_unmasking_opens_every_seal_of_those_patients_and_of_nobody_else(lived: Clinic, tmp_path: Path) -> None:
    first, second = lived.register_patient(), lived.register_patient()
    lived.open_session("A", patient=first)
    issued = issue_opened(lived, tmp_path / "bundle.zip", first)
    files = files_in(tmp_path / "bundle.zip")
    opened = [json.loads(line) for line in files["sealed.jsonl"].splitlines()]
    assert sorted(one["field"] for one in opened) == ["birth_date", "dose_ug_per_kg", "name", "weight_g"]
    with read(lived.register.engine) as conn:
        subjects = {log.entry(conn, lived.register.site, one["index"]).body for one in opened}
        disclosure_entry = log.entry(conn, lived.register.site, issued.facts.size - 1)
    assert all(first.encode() in body and second.encode() not in body for body in subjects)
    assert disclosure_entry.kind == "patients_disclosed"
    assert b"P. Sample" not in disclosure_entry.body
    manifest = json.loads(files["manifest.json"])
    assert (manifest["for"], manifest["disclosed"]) == ("Inspector P. Sample", [first])
    verdict = verify_bundle(tmp_path / "bundle.zip")
    assert verdict.holds, verdict.findings


def test_no_identity_is_opened_without_its_entry_or_for_nobody(lived: Clinic, tmp_path: Path) -> None:
    patient = lived.register_patient()
    asked = asked_of(lived, recipient=Recipient(name="Inspector P. Sample", patients=(patient,)))
    with pytest.raises(Refused, match="not_disclosed"):
        issue(lived, tmp_path / "bundle.zip", asked)
    nobody = asked_of(lived, recipient=Recipient(patients=(patient,)))
    with pytest.raises(Refused, match="recipient_missing"):
        disclosure(nobody, "care", "", PASSWORD)


def test_an_unknown_patient_is_not_opened(lived: Clinic) -> None:
    asked = asked_of(lived, recipient=Recipient(name="Inspector P. Sample", patients=("pt_99999999",)))
    with pytest.raises(Refused, match="unknown_patient"):
        lived.record([disclosure(asked, "care", "", PASSWORD)])


def test_the_page_and_the_certificates_go_with_it_when_they_are_given(lived: Clinic, tmp_path: Path) -> None:
    issue(lived, tmp_path / "bundle.zip", extras=Extras(page=b"<!doctype html>", certificates=b"PEM"))
    files = files_in(tmp_path / "bundle.zip")
    assert files["verify.html"] == b"<!doctype html>"
    assert "verify.html" in files["README.txt"].decode()
    assert "time/certificates.pem" not in files  # nothing was dated


def test_without_dates_it_is_of_the_days_since_the_log_was_opened(lived: Clinic) -> None:
    lived.clock.pass_minutes(3 * 24 * 60)
    assert whole_log(lived.register) == ("2026-11-23", "2026-11-26")


def test_a_log_of_several_tiles_is_bundled_and_verified(lived: Clinic, tmp_path: Path) -> None:
    for _ in range(280):
        lived.register_patient()
    issued = issue(lived, tmp_path / "bundle.zip")
    assert issued.facts.size > 256
    files = files_in(tmp_path / "bundle.zip")
    assert {"tile/0/000", "tile/entries/000", "tile/1/000.p/1"} <= set(files)
    assert verify_bundle(tmp_path / "bundle.zip").holds


def changed(what: str, old: bytes, new: bytes):
    def change(files: dict[str, bytes]) -> None:
        assert old in files[what]
        files[what] = files[what].replace(old, new, 1)

    return change


def drop(name: str):
    return lambda files: files.pop(name)


def put(name: str, data: bytes):
    return lambda files: files.__setitem__(name, data)


def drop_line(files: dict[str, bytes]) -> None:
    lines = files["entries.jsonl"].splitlines(keepends=True)
    files["entries.jsonl"] = b"".join(lines[:3] + lines[4:])


def last_line(files: dict[str, bytes]) -> None:
    files["entries.jsonl"] = b"".join(files["entries.jsonl"].splitlines(keepends=True)[:-1])


def twice(files: dict[str, bytes]) -> None:
    files["entries.jsonl"] += files["entries.jsonl"].splitlines(keepends=True)[-1]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (changed("entries.jsonl", b"B. Example", b"X. Example"), "as the entries make it"),
        (changed("entries.jsonl", b"Example Labs", b"Another Lab "), "as the entries make it"),
        (drop_line, "entries under the checkpoint"),
        (last_line, "entries under the checkpoint"),
        (twice, "more entries"),
        (put("tile/0/000.p/1", b"\0" * 32), "the tiles of this log and no others"),
        (put("vkey", b"another\n"), "verifier keys in force"),
        (put("manifest.json", b"[]"), "what evidence bundle in manifest.json"),
        (changed("manifest.json", b'"sealed":0', b'"sealed":1'), "counts"),
        (put("sealed.jsonl", b'{"index":1}\n'), "another form in line 1"),
        (put("sealed.jsonl", b'{"field":"name","index":1,"r":"%b","value":"A"}\n' % (b"00" * 32)), "counts"),
        (put("notes.txt", b"see page 3"), "another file, notes.txt"),
        (put("time/7.tsr", b"\0" * 40), "counts"),
        (put("checkpoint", b"nothing\n"), "a checkpoint"),
        (put("checkpoint", b""), "a checkpoint"),
    ],
)  # fmt: skip
def test_whatever_was_changed_is_found(bundle: Path, tmp_path: Path, change, found: str) -> None:
    verdict = verify_bundle(rewritten(bundle, change, to=tmp_path / "changed.zip"))
    assert not verdict.holds
    assert any(found in f"{one.expected} {one.found}" for one in verdict.findings), verdict.findings


def test_a_bundle_of_another_clinic_under_this_key_is_found(
    bundle: Path, lived: Clinic, migrated_sqlite: Path, tmp_path: Path
) -> None:
    other = start_clinic(f"sqlite:///{tmp_path / 'other.db'}", tmp_path / "other", seed=2)
    issue(other, tmp_path / "other.zip")
    other.register.engine.dispose()
    verdict = verify_bundle(tmp_path / "other.zip", anchor=Anchor(log_key=lived.log_key))
    assert not verdict.holds
    assert verify_bundle(tmp_path / "other.zip").holds


@pytest.mark.parametrize("name", ["checkpoint", "vkey", "entries.jsonl", "sealed.jsonl", "manifest.json"])
def test_a_zip_without_a_file_that_every_bundle_has_is_no_bundle(bundle: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(BundleRefused, match=f"no evidence bundle: it has no {name}"):
        verify_bundle(rewritten(bundle, drop(name), to=tmp_path / "changed.zip"))
