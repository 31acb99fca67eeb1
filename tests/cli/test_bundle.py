"""Evidence bundles from the command line: issued by a manager, verified by anybody on any machine."""

import json
import stat
import zipfile
from pathlib import Path

import pytest

from tests.accounts import RIGHT
from tests.cli.test_reports import audit, clinic  # noqa: F401 -- a fixture


def export(home: Path, out: Path, *more: str, by: str = "m.example", typed: str = RIGHT + "\n"):
    return audit(home, "export", str(out), "--by", by, "--password-file", "-", *more, typed=typed)


def test_a_bundle_is_written_for_its_owner_alone_and_verifies_on_another_machine(clinic, tmp_path):  # noqa: F811
    out = tmp_path / "bundle.zip"
    done = export(tmp_path, out, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir() if "bundle" in path.name] == ["bundle.zip"]
    nowhere = tmp_path / "elsewhere"
    head = f"{clinic.register.origin} {told['size']} {told['root']}"
    known = ("--key", clinic.log_key.to_string(), "--head", head)
    shown = audit(nowhere, "verify-bundle", str(out), *known)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.splitlines()[0] == (
        "All files of this bundle agree with its entries."
        f" Unaltered: all {told['size']} entries stand under the head known outside."
    )
    assert json.loads(audit(nowhere, "verify-bundle", str(out), "--json").stdout)["holds"] is True
    assert not nowhere.exists()
    with zipfile.ZipFile(out) as archive:
        assert b"<html" in archive.read("verify.html")


def test_identities_are_opened_for_somebody_named_and_for_a_reason(clinic, tmp_path):  # noqa: F811
    patient = clinic.register_patient()
    done = export(tmp_path, tmp_path / "one.zip", "--unmask", patient)
    assert (done.returncode, done.stderr) == (2, "Error: --unmask needs --for and --reason\n")
    more = ("--unmask", patient, "--for", "Inspector P. Sample", "--reason", "inspection")
    done = export(tmp_path, tmp_path / "two.zip", *more)
    assert (done.returncode, done.stderr) == (0, "")
    with zipfile.ZipFile(tmp_path / "two.zip") as archive:
        assert b"Patient Placeholder" in archive.read("sealed.jsonl")
    assert audit(tmp_path, "verify-bundle", str(tmp_path / "two.zip")).returncode == 0


@pytest.mark.parametrize(
    ("by", "typed", "said"),
    [
        ("m.example", "not it\n", "this name and password do not sign in here"),
        ("b.example", RIGHT + "\n", "not_your_role"),
    ],
)
def test_nobody_but_a_manager_exports_and_no_file_stays(clinic, tmp_path, by, typed, said):  # noqa: F811
    done = export(tmp_path, tmp_path / "bundle.zip", by=by, typed=typed)
    assert done.returncode == 2
    assert said in done.stderr
    assert [path.name for path in tmp_path.iterdir() if "bundle" in path.name] == []


def test_a_file_that_is_there_is_not_written_over(clinic, tmp_path):  # noqa: F811
    (tmp_path / "bundle.zip").write_bytes(b"mine")
    done = export(tmp_path, tmp_path / "bundle.zip")
    assert done.returncode == 2
    assert "is there already" in done.stderr
    assert (tmp_path / "bundle.zip").read_bytes() == b"mine"


def test_a_changed_bundle_is_wrong_and_another_file_could_not_be_checked(clinic, tmp_path):  # noqa: F811
    export(tmp_path, tmp_path / "bundle.zip")
    with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files["entries.jsonl"] = files["entries.jsonl"].replace(b"B. Example", b"X. Example")
    with zipfile.ZipFile(tmp_path / "changed.zip", "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    done = audit(tmp_path / "elsewhere", "verify-bundle", str(tmp_path / "changed.zip"))
    assert done.returncode == 1
    assert done.stdout.startswith("This bundle does not hold: 2 faults in its files. Something is wrong")
    (tmp_path / "photo.zip").write_bytes(b"\xff\xd8\xff")
    done = audit(tmp_path / "elsewhere", "verify-bundle", str(tmp_path / "photo.zip"))
    assert done.returncode == 2
    assert done.stderr.endswith("photo.zip: The file is not a readable zip; it may be cut off or damaged.\n")


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [("--key", "nokey", "--key: expected"), ("--head", "a b", "--head: expected"), ("--note", "absent", "absent: No")],
)
def test_what_was_brought_along_must_be_readable(clinic, tmp_path, option, value, said):  # noqa: F811
    export(tmp_path, tmp_path / "bundle.zip")
    done = audit(tmp_path, "verify-bundle", str(tmp_path / "bundle.zip"), option, value)
    assert done.returncode == 2
    assert said in done.stderr
