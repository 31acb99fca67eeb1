"""A file that nobody vouches for: one sentence, within a second, in little memory, whatever it is."""

import io
import struct
import subprocess
import sys
import time
import warnings
import zipfile
import zlib
from pathlib import Path

import pytest

from audit.services.bundles.check import verify_bundle
from audit.services.bundles.opening import BundleRefused
from tests.clinic import start_clinic
from tests.services.bundled import files_in, issue, rewritten, zip_of

ROOT = Path(__file__).parents[2]
MIB = 1 << 20


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A genuine bundle."""
    folder = tmp_path_factory.mktemp("bundle")
    clinic = start_clinic(f"sqlite:///{folder / 'audit.db'}", folder)
    clinic.whole_session(clinic.receive()[0])
    issue(clinic, folder / "bundle.zip")
    clinic.register.engine.dispose()
    return folder / "bundle.zip"


def refusal(path: Path) -> str:
    began = time.monotonic()
    with pytest.raises(BundleRefused) as refused:
        verify_bundle(path)
    assert time.monotonic() - began < 5
    sentence = refused.value.sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7\n", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), b"\x00" * 70_000])
def test_a_file_of_another_kind_is_no_bundle(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "file").write_bytes(data)
    assert refusal(tmp_path / "file").startswith(("The file is not a readable zip", "The file is no evidence bundle"))


def test_a_file_that_is_not_there_or_a_folder_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "absent") == "The file cannot be read: No such file or directory."
    assert refusal(tmp_path) == "The file cannot be read: Is a directory."


@pytest.mark.parametrize("part", [2, 4, 10, 100])
def test_a_bundle_cut_off_is_refused(bundle: Path, tmp_path: Path, part: int) -> None:
    data = bundle.read_bytes()
    (tmp_path / "cut.zip").write_bytes(data[: len(data) - len(data) // part])
    assert refusal(tmp_path / "cut.zip").startswith("The file is not a readable zip")


@pytest.mark.parametrize("name", ["entries.jsonl", "checkpoint", "manifest.json"])
def test_a_member_that_is_damaged_is_refused(bundle: Path, tmp_path: Path, name: str) -> None:
    data = bytearray(bundle.read_bytes())
    with zipfile.ZipFile(bundle) as archive:
        at = archive.getinfo(name).header_offset + 30 + len(name)
    data[at + 10] ^= 0xFF
    (tmp_path / "damaged.zip").write_bytes(data)
    assert refusal(tmp_path / "damaged.zip") == f"{name} in the bundle does not unpack; the file may be damaged."


@pytest.mark.parametrize(
    "name", ["../entries", "/etc/passwd", "a/../b", "C:\\x", "a\\b", "a//b", "tile/", ".hidden", "a\nb", "ä", "x" * 300]
)
def test_a_name_that_leads_elsewhere_is_refused(bundle: Path, tmp_path: Path, name: str) -> None:
    path = rewritten(bundle, lambda files: files.__setitem__(name, b"x"), to=tmp_path / "names.zip")
    assert refusal(path) == "The bundle holds a file with a name that is not safe."


def test_a_name_twice_is_refused(bundle: Path, tmp_path: Path) -> None:
    data = bundle.read_bytes()
    (tmp_path / "twice.zip").write_bytes(data)
    with warnings.catch_warnings(), zipfile.ZipFile(tmp_path / "twice.zip", "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("checkpoint", b"another")
    assert refusal(tmp_path / "twice.zip") == "The bundle holds checkpoint twice."


def test_an_encrypted_bundle_is_refused(bundle: Path, tmp_path: Path) -> None:
    data = bytearray(bundle.read_bytes())
    at = data.rindex(b"PK\x01\x02")
    data[at + 8] |= 1
    (tmp_path / "locked.zip").write_bytes(data)
    assert refusal(tmp_path / "locked.zip") == "The bundle is encrypted; a bundle of this register never is."


def test_a_way_of_packing_that_we_never_use_is_refused(bundle: Path, tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("checkpoint", b"x" * 100)
    (tmp_path / "lzma.zip").write_bytes(out.getvalue())
    assert "packed in a way this program does not read" in refusal(tmp_path / "lzma.zip")


def test_a_bomb_is_refused_before_it_is_unpacked(bundle: Path, tmp_path: Path) -> None:
    path = rewritten(
        bundle, lambda files: files.__setitem__("entries.jsonl", b"\n" * (200 * MIB)), to=tmp_path / "bomb.zip"
    )
    assert refusal(path) == "The bundle would unpack to more than 64 times its size."


def test_a_bomb_that_lies_about_its_size_gives_no_more_than_it_says(bundle: Path, tmp_path: Path) -> None:
    files = files_in(bundle) | {"sealed.jsonl": b"\n" * (64 * MIB)}
    data = bytearray(zip_of(files))
    packed = len(zlib.compress(b"\n" * (64 * MIB), 6)) - 6
    for mark, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = data.index(b"sealed.jsonl", 0 if mark == b"PK\x03\x04" else data.index(b"PK\x01\x02"))
        head = data.rindex(mark, 0, at)
        assert struct.unpack_from("<I", data, head + place)[0] == 64 * MIB
        struct.pack_into("<I", data, head + place, 100)
    assert packed > 0
    (tmp_path / "liar.zip").write_bytes(data)
    assert refusal(tmp_path / "liar.zip") == "sealed.jsonl in the bundle does not unpack; the file may be damaged."


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(121_000):
            archive.writestr(zipfile.ZipInfo(f"{number:x}"), b"")
    (tmp_path / "many.zip").write_bytes(out.getvalue())
    assert refusal(tmp_path / "many.zip") == "The bundle holds more than 120,000 files."


def test_a_directory_said_to_be_huge_is_not_read(bundle: Path, tmp_path: Path) -> None:
    data = bytearray(bundle.read_bytes())
    at = data.rindex(b"PK\x05\x06")
    (tmp_path / "huge.zip").write_bytes(data[:at] + bytes(20 * MIB) + data[at:])
    with (tmp_path / "huge.zip").open("r+b") as file:
        file.seek(-22 + 12, 2)
        file.write(struct.pack("<I", 19 * MIB))
    assert refusal(tmp_path / "huge.zip") == "The bundle's directory is longer than 8 MiB."


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("checkpoint", b"x" * 200_000, "checkpoint in the bundle is larger than 131,072 bytes."),
        ("vkey", bytes(range(256)) * 8_000, "vkey in the bundle is larger than 1,048,576 bytes."),
        ("entries.jsonl", b"x" * 20_000 + b"\n", "entries.jsonl in the bundle has a line longer than 16,384 bytes."),
        ("entries.jsonl", b"{}\n{}", "entries.jsonl in the bundle ends in the middle of a line."),
        ("sealed.jsonl", b"x" * 70_000, "sealed.jsonl in the bundle has a line longer than 65,536 bytes."),
    ],
)
def test_a_member_longer_than_any_bundle_has_is_refused(
    bundle: Path, tmp_path: Path, name: str, data: bytes, sentence: str
) -> None:
    assert refusal(rewritten(bundle, lambda files: files.__setitem__(name, data), to=tmp_path / "long.zip")) == sentence


def test_a_file_full_of_lines_that_are_no_entries_is_soon_given_up(bundle: Path, tmp_path: Path) -> None:
    path = rewritten(
        bundle,
        lambda files: files.update(
            {
                "entries.jsonl": b"".join(b'{"act":{"n":%d}}\n' % number for number in range(300_000)),
            }
        ),
        to=tmp_path / "noise.zip",
    )
    with zipfile.ZipFile(path) as archive:
        lines = archive.read("checkpoint").split(b"\n")
    files = files_in(path)
    lines[1] = b"300000"
    files["checkpoint"] = b"\n".join(lines)
    path.write_bytes(zip_of(files))
    began = time.monotonic()
    verdict = verify_bundle(path)
    assert time.monotonic() - began < 5
    assert not verdict.holds
    assert any("101 lines that do not; the rest was not read" in one.found for one in verdict.findings)


def test_a_chain_of_rubbish_fills_no_memory_with_findings(bundle: Path, tmp_path: Path) -> None:
    """Each line names the one before it and is no entry: every one is a finding, of which a thousand are listed."""
    from hashlib import sha256

    prev, rubbish = sha256(b"").hexdigest(), []
    for _ in range(20_000):
        line = b'{"prev":"%b"}' % prev.encode()
        rubbish.append(line)
        prev = sha256(b"\x00" + line).hexdigest()
    files = files_in(bundle)
    lines = files["checkpoint"].split(b"\n")
    lines[1] = b"20000"
    files |= {"entries.jsonl": b"\n".join(rubbish) + b"\n", "checkpoint": b"\n".join(lines)}
    (tmp_path / "chain.zip").write_bytes(zip_of(files))
    verdict = verify_bundle(tmp_path / "chain.zip")
    assert verdict.log is not None
    assert not verdict.holds
    assert len(verdict.log.findings) < 5_000
    assert any("more of this kind, not listed" in one.found for one in verdict.log.findings)
    (bytes_check,) = (one for one in verdict.log.checks if one.rule.value == "bytes")
    assert (bytes_check.state, bytes_check.why) == ("failed", "20000 found")


def test_memory_stays_small_for_each_of_these(bundle: Path, tmp_path: Path) -> None:
    """Of the process that verifies, measured by the system: the interpreter and its libraries included."""
    bomb = rewritten(
        bundle, lambda files: files.__setitem__("sealed.jsonl", b"\n" * (30 * MIB)), to=tmp_path / "bomb.zip"
    )
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from audit.services.bundles.check import BundleRefused, verify_bundle\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try: verify_bundle(Path(sys.argv[1]))\n"
        "except BundleRefused: pass\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(bomb)], cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 20_000  # KiB
