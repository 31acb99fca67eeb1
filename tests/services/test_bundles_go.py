"""The third way of a bundle's README, tried: the program is taken from there and run with the Go project's own code."""

import base64
import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from audit.services.bundles.readme import BEGIN, END
from tests.clinic import start_clinic
from tests.services.bundled import files_in, issue

PACKAGES = "/usr/share/gocode"
"""Where Debian and Ubuntu put golang.org/x/mod (golang-golang-x-mod-dev)."""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of more than one full tile."""
    folder = tmp_path_factory.mktemp("bundle")
    clinic = start_clinic(f"sqlite:///{folder / 'audit.db'}", folder)
    clinic.whole_session(clinic.receive()[0])
    for _ in range(520):
        clinic.register_patient()
    issue(clinic, folder / "bundle.zip")
    clinic.register.engine.dispose()
    return folder / "bundle.zip"


@pytest.fixture(scope="module")
def program(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of the README, compiled."""
    folder = tmp_path_factory.mktemp("go")
    readme = files_in(bundle)["README.txt"].decode()
    (folder / "verify.go").write_text(readme.partition(f"{BEGIN}\n")[2].partition(END)[0])
    subprocess.run(
        ["go", "build", "-o", "verify", "verify.go"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "GO111MODULE": "off", "GOPATH": PACKAGES, "GOCACHE": str(folder / "cache")},
        check=True,
    )
    return folder / "verify"


def unpack(bundle: Path, folder: Path) -> Path:
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(folder)
    return folder


def run(program: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([program], cwd=folder, capture_output=True, text=True, check=False)


def test_the_go_projects_code_opens_the_note_and_finds_root_and_tiles(
    bundle: Path, program: Path, tmp_path: Path
) -> None:
    done = run(program, unpack(bundle, tmp_path))
    lines = files_in(bundle)["checkpoint"].decode().splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    # 540 entries: three tiles of entries, three of level 0, one of level 1
    assert done.stdout == f"{lines[0]}: {lines[1]} entries lead to the signed root {lines[2]}; 7 tiles agree\n"


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("entries.jsonl", (b"B. Example", b"X. Example"), "the entries lead to root"),
        ("tile/entries/000", (b"B. Example", b"X. Example"), "tile/entries/000 is not what the entries make"),
        ("checkpoint", (b"example-clinic\n", b"example-other_\n"), "invalid signature"),
    ],
)
def test_it_says_what_does_not_agree(
    bundle: Path, program: Path, tmp_path: Path, name: str, change: tuple[bytes, bytes], said: str
) -> None:
    path = unpack(bundle, tmp_path) / name
    assert change[0] in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(*change, 1))
    done = run(program, tmp_path)
    assert done.returncode == 1
    assert said in done.stderr


def test_it_needs_the_logs_own_key(bundle: Path, program: Path, tmp_path: Path) -> None:
    folder = unpack(bundle, tmp_path)
    name, _, _ = (folder / "vkey").read_text().split("+", 2)
    other = b"\x01" + bytes(range(32))
    (folder / "vkey").write_text(f"{name}+00000000+{base64.b64encode(other).decode()}\n")
    assert run(program, folder).returncode == 1
