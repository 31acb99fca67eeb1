"""docs/log-format.md lists every kind: entries generated from that page are what the program reads and writes."""

import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.domain import people, wire
from audit.domain.errors import Refused
from audit.domain.sealed import SEALED_FIELDS

PAGE = (Path(__file__).parents[1] / "docs" / "log-format.md").read_text("utf-8")
ROW = re.compile(r"^\| `([a-z0-9_]+)` \| (.+) \| (.+) \|$", re.MULTILINE)


@dataclass(frozen=True)
class Fact:
    """One row of a table of facts."""

    key: str
    form: str
    presence: str


def sections(title: str) -> dict[str, str]:
    """Return the text under each heading of one chapter."""
    chapter = PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]
    parts = re.split(r"^### (?:Record )?`(\w+)`$", chapter, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


KINDS = sections("12. Every kind")
RECORDS = sections("13. Records inside facts")


def facts_of(text: str) -> list[Fact]:
    """Return the rows of a section's table."""
    return [Fact(*found) for found in ROW.findall(text)]


WORDS = st.text("abcdefgh éèœ-ZÅ0189", min_size=1, max_size=20).map(str.strip).filter(bool)
TOKENS = st.from_regex(r"[A-Za-z0-9./@+-]{1,20}", fullmatch=True)
DAYS = st.dates().map(lambda day: day.isoformat())


def values(form: str) -> st.SearchStrategy:
    """Return a strategy for one form, as the page describes it."""
    if found := re.fullmatch(r"list of 1 to (\d+): (.+)", form):
        return st.lists(values(found[2]), min_size=1, max_size=3)
    if found := re.match(r"identifier `(\w+)_`", form):
        return st.from_regex(rf"{found[1]}_[0-9a-z]{{4,32}}", fullmatch=True)
    if found := re.fullmatch(r"integer, (-?\d+) to (-?\d+)", form):
        return st.integers(int(found[1]), int(found[2]))
    if found := re.fullmatch(r"hex, (\d+) digits", form):
        return st.text("0123456789abcdef", min_size=int(found[1]), max_size=int(found[1]))
    if form.startswith("one of "):
        return st.sampled_from(re.findall(r"`([\w-]+)`", form))
    if form.startswith("base64url"):
        return st.binary(min_size=1, max_size=40).map(lambda data: urlsafe_b64encode(data).rstrip(b"=").decode())
    if found := re.fullmatch(r"record `(\w+)`", form):
        return objects(facts_of(RECORDS[found[1]]))
    if form.startswith("reference"):
        return st.fixed_dictionaries({"index": st.integers(0, 2**40), "leaf": values("hex, 64 digits")})
    plain = {"boolean": st.booleans(), "day": DAYS}
    return plain[form] if form in plain else TOKENS if form.startswith("token") else WORDS


def objects(facts: list[Fact]) -> st.SearchStrategy:
    """Return a strategy for the facts of a kind or a record."""
    required = {fact.key: values(fact.form) for fact in facts if fact.presence == "required"}
    optional = {}
    for fact in facts:
        if fact.presence == "required":
            continue
        default = re.fullmatch(r"absent means `(\w+)`", fact.presence)
        plain = {"false": False, "true": True}
        shown = default[1] if default else None
        without = plain.get(shown, int(shown) if shown and shown.isdigit() else shown)
        optional[fact.key] = values(fact.form).filter(lambda value, without=without: value != without)
    return st.fixed_dictionaries(required, optional=optional)


def test_the_page_lists_every_kind_and_no_other():
    assert list(KINDS) == list(wire.KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_fact_of_a_kind_is_on_the_page(kind):
    slots = [slot for slot in wire.codec(wire.KINDS[kind]).slots if slot.name != "session"]
    assert [fact.key for fact in facts_of(KINDS[kind])] == [slot.key for slot in slots]


@pytest.mark.parametrize("kind", KINDS)
def test_who_may_and_how_it_is_signed_is_on_the_page(kind):
    who = "the service" if kind in people.SERVICE_KINDS else ", ".join(sorted(people.MAY[kind]))
    signed = "by the service" if kind in people.SERVICE_KINDS else "at the act"
    signed = "on the way" if kind in people.SIGNED_IN_KINDS else signed
    assert f"- Who may: {who}. Signed: {signed}." in KINDS[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_page_describes_is_read_and_written_back_the_same(kind):
    session = "s_0001" if "Session: required" in KINDS[kind] else None

    @settings(max_examples=20, deadline=None)
    @given(objects(facts_of(KINDS[kind])))
    def holds(facts):
        event = wire.from_facts(kind, 1, facts, session)
        assert wire.kind_of(event) == kind
        assert wire.to_facts(event) == facts

    holds()


@pytest.mark.parametrize("kind", KINDS)
def test_a_fact_the_page_does_not_list_is_refused(kind):
    session = "s_0001" if "Session: required" in KINDS[kind] else None

    @settings(max_examples=5, deadline=None)
    @given(objects(facts_of(KINDS[kind])))
    def holds(facts):
        with pytest.raises(Refused) as refused:
            wire.from_facts(kind, 1, {**facts, "unlisted": 1}, session)
        assert refused.value.code == "unknown_fact"

    holds()


@pytest.mark.parametrize(
    ("kind", "fact"), [(kind, fact) for kind in KINDS for fact in facts_of(KINDS[kind]) if fact.presence == "required"]
)
def test_a_required_fact_is_not_left_out(kind, fact):
    session = "s_0001" if "Session: required" in KINDS[kind] else None

    @settings(max_examples=2, deadline=None)
    @given(objects(facts_of(KINDS[kind])))
    def holds(facts):
        del facts[fact.key]
        with pytest.raises(Refused):
            wire.from_facts(kind, 1, facts, session)

    holds()


def test_the_page_lists_every_sealed_field():
    chapter = PAGE.split("\n## 5. Sealed values\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", chapter, re.MULTILINE)
    listed = {kind: set(re.findall(r"`(\w+)`", fields)) for kind, fields in rows}
    assert listed == {kind: set(fields) for kind, fields in SEALED_FIELDS.items()}
