"""A report is checked with nothing but its file; what differs is named."""

import json

import pytest

from audit.services.evidence import verify_files, verify_pdf
from audit.tlog.keys import SigningKey
from tests.clinic import Clinic, start_clinic
from tests.services.issued import HAND, certificate, files_of, live_one_session, report_of, signed_pdf


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Clinic:
    home = tmp_path_factory.mktemp("clinic")
    started = start_clinic(f"sqlite:///{home / 'audit.db'}", home)
    live_one_session(started)
    return started


@pytest.fixture
def files(clinic: Clinic) -> dict[str, bytes]:
    return files_of(clinic, report_of(clinic))


def changed(files: dict[str, bytes], *path: str | int, to: object) -> dict[str, bytes]:
    """The same evidence with one printed figure changed."""
    report = json.loads(files["report.json"])
    place = report
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = to
    return files | {"report.json": json.dumps(report).encode()}


def found(files: dict[str, bytes]) -> list[tuple[str, str, str]]:
    verdict, findings = verify_files(files)
    inside = verdict.findings if verdict else ()
    return [(one.check, one.expected, one.found) for one in (*findings, *inside)]


def test_evidence_whose_figures_were_reckoned_by_hand_holds_and_says_what_is_withheld(files: dict[str, bytes]) -> None:
    printed = json.loads(files["report.json"])["statements"][0]
    amounts = {name: (printed[name]["amount"]["mass_ug"], printed[name]["amount"]["volume_ul"]) for name in HAND}
    assert amounts == HAND
    verdict, findings = verify_files(files)
    assert findings == ()
    assert verdict is not None
    assert verdict.holds
    states = {check.rule.value: (check.state, check.why) for check in verdict.checks}
    assert {rule for rule, (state, _) in states.items() if state == "held"} == {
        *("bytes", "order", "clock", "root", "checkpoint", "signatures", "seals", "fold")
    }
    assert states["seals"] == ("held", "3 values withheld from this file")
    assert "unanchored" in verdict.sentence


@pytest.mark.parametrize(
    ("path", "to", "expected"),
    [
        (("statements", 0, "received", "amount", "mass_ug"), 1_000_001, "received of 50000 ug/mL in ug: 1000000"),
        (("statements", 0, "given", "amount", "volume_ul"), 801, "given of 50000 ug/mL in uL: 800"),
        (("statements", 0, "wasted", "amount", "mass_ug"), 0, "wasted of 50000 ug/mL in ug: 10000"),
        (("statements", 0, "difference"), {"mass_ug": 0}, "difference of 50000 ug/mL in ug: not counted"),
        (("stock", 0, "book", "mass_ug"), 960_000, "book stock of 50000 ug/mL in ug: 950000"),
        (("statements",), [], "1 strengths in the accountability"),
        (("wastages", 0, "total", "mass_ug"), 9_999, "all wastes of 50000 ug/mL in ug: 10000"),
        (("wastages",), [], "all wastes of 50000 ug/mL in ug: 10000"),
    ],
)
def test_a_printed_figure_that_the_entries_do_not_make_is_named(
    files: dict[str, bytes], path: tuple[str | int, ...], to: object, expected: str
) -> None:
    assert ("figures", expected) in [(check, said) for check, said, _ in found(changed(files, *path, to=to))]


def test_a_period_before_anything_came_makes_other_figures(files: dict[str, bytes]) -> None:
    moved = changed(files, "period", "start", "ms", to=1_795_410_000_000 - 86_400_000 * 3)
    moved = changed(moved, "period", "end", "ms", to=1_795_410_000_000 - 86_400_000 * 2)
    # Nothing was there yet, so there is no strength to account for.
    assert ("figures", "0 strengths in the accountability", "1") in found(moved)


def test_a_report_that_prints_another_head_than_its_evidence_is_named(files: dict[str, bytes]) -> None:
    assert {check for check, *_ in found(changed(files, "head", "size", to=7))} == {"evidence"}
    assert {check for check, *_ in found(changed(files, "verification", "note", to="another"))} == {"evidence"}


@pytest.mark.parametrize(
    ("path", "to"),
    [
        (("sessions", 0, "rows", 0, "entry"), 99),
        (("sessions", 0, "balances", 0, "drawn", "mass_ug"), 49_000),
        (("ledgers", 0, "sections", 0, "rows", 0, "entry"), 0),
        (("wastages", 0, "lines", 0, "who"), "B. Sample"),
        (("clinic", "name"), "Another Clinic"),
    ],
)
def test_any_printed_value_that_the_entries_do_not_make_is_named_with_its_place(
    files: dict[str, bytes], path: tuple[str | int, ...], to: object
) -> None:
    where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)[1:]
    named = [said for check, said, _ in found(changed(files, *path, to=to)) if check == "evidence"]
    assert any(said.startswith(f"{where} of the report") for said in named), named


def test_a_report_of_older_sentences_is_compared_in_its_figures_alone(files: dict[str, bytes]) -> None:
    manifest = json.loads(files["manifest.json"])
    older = files | {"manifest.json": json.dumps(manifest | {"words": 0}).encode()}
    assert found(changed(older, "clinic", "name", to="Another Clinic")) == []
    assert found(changed(older, "sessions", 0, "balances", 0, "drawn", "mass_ug", to=49_000)) != []


@pytest.mark.parametrize(
    "name", ["checkpoint", "vkey", "entries.jsonl", "sealed.jsonl", "report.json", "manifest.json"]
)
def test_evidence_without_one_of_its_files_is_named(files: dict[str, bytes], name: str) -> None:
    del files[name]
    assert found(files) == [("evidence", f"the file {name}", "not in the evidence")]


def test_an_entry_left_out_or_changed_is_named(files: dict[str, bytes]) -> None:
    lines = files["entries.jsonl"].split(b"\n")
    assert {"evidence", "root"} <= {check for check, *_ in found(files | {"entries.jsonl": b"\n".join(lines[:-3])})}
    lines[5] = lines[5].replace(b'"lot":"EX-5390"', b'"lot":"EX-5391"')
    assert {"signatures", "order", "root"} <= {
        check for check, *_ in found(files | {"entries.jsonl": b"\n".join(lines)})
    }


def test_an_opened_value_other_than_the_one_committed_to_is_named(files: dict[str, bytes]) -> None:
    other = files["sealed.jsonl"].replace(b"Patient Placeholder", b"Patient Plcaeholder")
    assert [check for check, *_ in found(files | {"sealed.jsonl": other})] == ["seals"]
    assert [check for check, *_ in found(files | {"sealed.jsonl": b"{}\n"})] == ["evidence"]


def test_a_key_beside_the_log_that_entry_0_does_not_name_is_named(files: dict[str, bytes]) -> None:
    other = SigningKey("audit.example.org/log/example-clinic", b"k" * 32).verifier
    assert [check for check, *_ in found(files | {"vkey": other.to_string().encode()})] == ["evidence"]


def test_with_the_logs_key_from_elsewhere_the_head_is_anchored(clinic: Clinic, files: dict[str, bytes]) -> None:
    verdict, _ = verify_files(files, log_key=clinic.log_key)
    assert verdict is not None
    assert verdict.sentence == f"Unaltered: all {verdict.size} entries stand under the head known outside."
    other, _ = verify_files(files, log_key=SigningKey("audit.example.org/log/example-clinic", b"k" * 32).verifier)
    assert other is not None
    assert [(one.check, one.index) for one in other.findings] == [("extends", 0)]


@pytest.mark.parametrize("name", ["checkpoint", "vkey", "entries.jsonl", "sealed.jsonl", "report.json"])
@pytest.mark.parametrize("data", [b"", b"\xff\x00\xfe", b"[]", b'{"a":[{}]}', b"\n\n\n"])
def test_no_bytes_in_a_file_of_the_evidence_bring_more_than_findings(
    files: dict[str, bytes], name: str, data: bytes
) -> None:
    verdict, findings = verify_files(files | {name: data})
    is_nothing_to_open = name == "sealed.jsonl" and data == b""
    assert bool(findings or not verdict or not verdict.holds) is not is_nothing_to_open


def test_a_signed_report_holds_and_a_byte_changed_in_it_is_named(clinic: Clinic) -> None:
    key_pem, cert_pem = certificate()
    made = report_of(clinic, cert_pem)
    pdf = signed_pdf(made, files_of(clinic, made), key_pem, cert_pem)
    verdict = verify_pdf(pdf, certificate=cert_pem)
    assert verdict.holds, verdict.findings
    assert verdict.sentence.startswith("Signature, log and figures of this report hold. Consistent, unanchored")
    other = verify_pdf(pdf, certificate=certificate()[1])
    assert [one.check for one in other.findings] == ["signature"]
    at = pdf.index(b"/Producer")
    altered = verify_pdf(pdf[:at] + b"/Produced" + pdf[at + 9 :], certificate=cert_pem)
    assert not altered.holds
    assert "The content is not what was signed." in {one.found for one in altered.findings}
