import copy
import tomllib
from importlib.resources import files

import pytest

from audit.domain.errors import BrokenInvariantError, Refused, invariant
from audit.domain.policy import parse_pack
from audit.services.packs import PACKS, catalogue, load_pack
from tests.domain.paper import refused

RULES = {
    *("registration_name", "receipt_fields", "waste_needs_witness", "waste_witness_professions", "count_persons"),
    "witness_password_allowed",
    *("inventory_persons", "written_order_first", "reading_tolerance_ul", "reading_posted", "late_after_min"),
    *("rate_tolerance_permille", "overfill_limits_ul", "puncture_loss_ul", "case_due_days"),
    *("patient_record_years", "patient_record_age_years"),
}


def _document(name: str) -> dict:
    return tomllib.loads(files("audit.policies").joinpath(f"{name}.toml").read_text("utf-8"))


@pytest.mark.parametrize("name", PACKS)
def test_every_rule_of_a_pack_has_its_kind_and_citation(name):
    for policy in load_pack(name).versions:
        assert {key for key, _ in policy.rules} == RULES
        assert all(rule.kind in {"law", "guidance", "policy"} and rule.citation for _, rule in policy.rules)


def test_in_ontario_the_law_of_receipts_and_witnesses_changes_on_2026_10_01():
    pack = load_pack("ca-on")
    before, after = pack.on("2026-09-30"), pack.on("2026-10-01")
    assert (before.version, after.version) == ("2026.1", "2026.2")
    assert before.rule("waste_needs_witness").kind == "policy"
    assert after.rule("waste_needs_witness").kind == "law"
    assert "CSR s. 139(1)" in after.rule("waste_needs_witness").citation
    assert (before.written_order_first, after.written_order_first) == (False, True)


def test_before_its_first_version_a_pack_is_as_its_first_version():
    assert load_pack("us-dea").on("1999-01-01").version == "2026.1"


def test_a_dea_receipt_names_the_supplier_registration_and_invoice():
    rules = load_pack("us-dea").on("2026-11-23")
    assert rules.receipt_fields == {
        *("supplier", "supplier_address", "supplier_registration", "invoice", "invoice_date", "received_on"),
    }
    assert rules.rule("receipt_fields").kind == "law"
    assert load_pack("ca-on").on("2026-11-23").receipt_fields == {"supplier", "supplier_address", "received_on"}


def test_an_unknown_jurisdiction_is_refused():
    with refused("unknown_pack", "pack"):
        load_pack("atlantis")


@pytest.mark.parametrize("key", sorted(RULES))
@pytest.mark.parametrize("fault", ["missing", "no_value", "no_citation", "unknown_kind"])
def test_a_pack_with_a_rule_missing_or_without_its_source_is_refused(key, fault):
    document = copy.deepcopy(_document("ca-on"))
    version = document["version"][0]
    match fault:
        case "missing":
            del version[key]
        case "no_value":
            del version[key]["value"]
        case "no_citation":
            version[key]["citation"] = ""
        case _:
            version[key]["kind"] = "habit"
    with refused("pack_malformed", key):
        parse_pack(document)


@pytest.mark.parametrize(
    ("volume_ul", "limit_ul"), [(1000, 0), (2000, 150), (5000, 300), (9000, 300), (10_000, 500), (50_000, 600)]
)
def test_overfill_to_expect_follows_the_labelled_size(volume_ul, limit_ul):
    assert load_pack("ca-on").on("2026-11-23").overfill_limit_ul(volume_ul) == limit_ul


def test_an_entry_is_late_after_an_hour_not_at_it():
    policy = load_pack("ca-on").on("2026-11-23")
    assert not policy.is_late(occurred_ms=0, recorded_ms=3_600_000)
    assert policy.is_late(occurred_ms=0, recorded_ms=3_600_001)


def test_the_catalogue_has_the_thirteen_known_products():
    products = catalogue()
    assert len(products) == 13
    assert all(one.concentration_ug_per_ml in {10_000, 50_000, 100_000} for one in products)


def test_a_refusal_shows_code_field_and_values():
    assert str(Refused("zero", "volume", least=1)) == "Refused('zero', 'volume', {'least': 1})"


def test_a_bug_stops_the_transaction():
    invariant(True, "holds")
    with pytest.raises(BrokenInvariantError, match="sums to zero"):
        invariant(False, "sums to zero")
