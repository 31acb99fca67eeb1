"""The evidence inside a report: the same bytes each time, taken out whole, refused where it is not what we write."""

import io
import json
import zipfile
import zlib

import pikepdf
import pypdf
import pytest

from audit.reports import evidence
from audit.reports.refused import PdfRefused
from audit.reports.render import render
from tests.reports import sample

FILES = {"checkpoint": sample.NOTE.encode(), "entries.jsonl": b"{}\n", "tile/0/000": b"\x00" * 64}


@pytest.fixture(scope="module")
def drawn():
    return render(sample.REPORT)


@pytest.fixture(scope="module")
def report(drawn):
    return evidence.embed(drawn, evidence.evidence_zip(FILES))


def _altered(pdf, change):
    with pikepdf.open(io.BytesIO(pdf)) as document:
        change(document)
        out = io.BytesIO()
        document.save(out)
    return out.getvalue()


def _code(call, *arguments):
    with pytest.raises(PdfRefused) as refused:
        call(*arguments)
    assert refused.value.sentence.endswith(".")
    return refused.value.code


def test_the_same_files_give_the_same_zip_in_any_order():
    assert evidence.evidence_zip(FILES) == evidence.evidence_zip(dict(reversed(FILES.items())))
    with zipfile.ZipFile(io.BytesIO(evidence.evidence_zip(FILES))) as archive:
        assert archive.testzip() is None
        assert [entry.date_time[0] for entry in archive.infolist()] == [1980] * 3


def test_embedding_gives_the_same_bytes_each_time(drawn, report):
    assert evidence.embed(drawn, evidence.evidence_zip(FILES)) == report


def test_what_was_put_in_comes_out(report):
    assert evidence.read_evidence(report) == FILES


def test_other_readers_find_the_attachment_as_associated_data(report):
    reader = pypdf.PdfReader(io.BytesIO(report))
    assert list(reader.attachments) == ["evidence.zip"]
    spec = reader.trailer["/Root"]["/AF"][0]
    assert spec["/AFRelationship"] == "/Data"
    assert spec["/EF"]["/F"]["/Subtype"] == "/application/zip"
    assert reader.trailer["/Root"]["/OutputIntents"][0]["/OutputConditionIdentifier"] == "sRGB IEC61966-2.1"
    assert b"KA-2026-10-0031" in reader.trailer["/Root"]["/Metadata"].get_data()


def test_a_report_without_evidence_is_refused(drawn):
    assert _code(evidence.read_evidence, drawn) == "attachment"


def test_a_second_attachment_is_refused(report):
    def add(document):
        document.attachments["other.zip"] = pikepdf.AttachedFileSpec(document, b"x", filename="other.zip")

    assert _code(evidence.read_evidence, _altered(report, add)) == "attachment"


def test_two_files_under_one_name_are_refused(report):
    def swap(document):
        other = pikepdf.AttachedFileSpec(document, b"x", filename="evidence.zip")
        document.Root.AF = pikepdf.Array([document.make_indirect(other.obj)])

    assert _code(evidence.read_evidence, _altered(report, swap)) == "attachment"


def test_an_attachment_that_unpacks_without_end_is_refused_in_bounded_memory(report, monkeypatch):
    monkeypatch.setattr(evidence, "MAX_ZIP_BYTES", 1 << 20)

    def inflate(document):
        packed = zlib.compress(bytes(32 << 20), 9)
        stream = document.attachments["evidence.zip"].obj.EF.F
        stream.write(packed, filter=pikepdf.Name.FlateDecode)

    assert _code(evidence.read_evidence, _altered(report, inflate)) == "too_large"


def _zip(*entries, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return out.getvalue()


def test_a_zip_bomb_is_refused_by_what_it_unpacks_to_not_by_what_it_says(monkeypatch):
    monkeypatch.setattr(evidence, "MAX_FILE_BYTES", 1 << 20)
    assert _code(evidence.unzip_evidence, _zip(("entries.jsonl", bytes(3 << 20)))) == "too_large"


def test_files_that_are_too_large_only_together_are_refused(monkeypatch):
    monkeypatch.setattr(evidence, "MAX_TOTAL_BYTES", 2 << 20)
    parts = [(f"tile/0/{number}", bytes(1 << 20)) for number in range(3)]
    assert _code(evidence.unzip_evidence, _zip(*parts)) == "too_large"


def test_too_many_files_are_refused(monkeypatch):
    monkeypatch.setattr(evidence, "MAX_FILES", 3)
    assert _code(evidence.unzip_evidence, _zip(*((f"t{number}", b"") for number in range(4)))) == "too_large"


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../b", "a\\b", "a//b", ".hidden", "é", "", "a/", "x" * 201])
def test_an_unsafe_name_is_neither_written_nor_read(name):
    assert _code(evidence.evidence_zip, {name: b""}) == "unsafe_name"
    if name:
        assert _code(evidence.unzip_evidence, _zip((name, b""))) == "unsafe_name"


def test_a_name_that_stands_twice_is_refused():
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = _zip(("checkpoint", b"a"), ("checkpoint", b"b"))
    assert _code(evidence.unzip_evidence, data) == "zip"


@pytest.mark.parametrize("size", [0, 10, 100, -1])
def test_a_cut_zip_is_refused(size):
    assert _code(evidence.unzip_evidence, evidence.evidence_zip(FILES)[:size]) == "zip"


def test_a_zip_with_a_wrong_checksum_is_refused():
    data = bytearray(_zip(("checkpoint", b"abcdefgh"), method=zipfile.ZIP_STORED))
    data[data.index(b"abcdefgh")] ^= 1
    assert _code(evidence.unzip_evidence, bytes(data)) == "zip"


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.9, 0.999])
def test_a_cut_report_is_refused(report, share):
    assert _code(evidence.read_evidence, report[: int(len(report) * share)]) == "not_readable"


def test_every_figure_of_the_page_is_in_report_json():
    found = json.loads(evidence.figures_json(sample.REPORT))
    statement = found["statements"][1]
    assert statement["difference"] == {"mass_ug": -10_000, "volume_ul": -200}
    assert statement["unexplained"] == {"mass_ug": -1_000, "volume_ul": -20}
    assert statement["given"] == {
        "amount": {"mass_ug": 4_912_500, "volume_ul": 98_250},
        "entries": [[3870, 3870], [4097, 4097], [4105, 4105]],
    }
    assert "difference" not in found["statements"][0], "nobody counted"
    assert found["ledgers"][0]["out"] == {"mass_ug": 123_000, "volume_ul": 2_460}
    assert found["ledgers"][0]["closings"][0] == {"mass_ug": 382_000, "volume_ul": 7_640}
    assert found["sessions"][0]["balances"][0]["remaining"] == {"mass_ug": 0, "volume_ul": 0}
    assert found["wastages"][0]["total"] == {"mass_ug": 75_000, "volume_ul": 1_500}
    assert found["head"] == {"origin": "audit.example.org/log/broadview", "root_hex": sample.ROOT, "size": 4182}
