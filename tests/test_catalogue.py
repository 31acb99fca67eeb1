"""Nothing is undocumented: every refusal has its sentence and its row, every command and check its line."""

import ast
import functools
import os
import re
from pathlib import Path

import pytest

from audit.cli.main import COMMANDS
from audit.domain.errors import Refused
from audit.services.verifying.verdict import Rule
from audit.web.messages import SENTENCES, sentence

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "refusals.md"


@functools.cache
def refusals() -> tuple[ast.Call, ...]:
    """Return every call in the program that makes a refusal."""
    trees = (ast.parse(path.read_text("utf-8")) for path in (ROOT / "audit").rglob("*.py"))
    return tuple(node for tree in trees for node in ast.walk(tree) if _is_refusal(node))


def _is_refusal(node: ast.AST) -> bool:
    named = isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"Refused", "_too_much"}
    return named and bool(node.args)


def codes_raised() -> set[str]:
    """Return the code of every `Refused("…")` written in the program."""
    return {code.value for call in refusals() for code in _codes(call.args[0])}


def _codes(argument: ast.expr) -> list[ast.Constant]:
    parts = [argument.body, argument.orelse] if isinstance(argument, ast.IfExp) else [argument]
    return [part for part in parts if isinstance(part, ast.Constant)]


def page() -> str:
    """Return docs/refusals.md as it must be."""
    rows = "\n".join(f"| `{code}` | {words} |" for code, words in sorted(SENTENCES.items()))
    return (
        "# Refusals\n\n"
        "What is refused is impossible or malformed; what is merely against policy is recorded, flagged and\n"
        "opens a case. The same code is answered on a page, on the command line and in JSON. Values stand in\n"
        "braces; `:mg` and `:ml` show micrograms as mg and microlitres as mL.\n\n"
        "| code | sentence |\n|---|---|\n" + rows + "\n"
    )


def test_every_refusal_has_a_sentence():
    assert codes_raised() - SENTENCES.keys() == set()


def test_no_sentence_is_left_without_its_refusal():
    assert SENTENCES.keys() - codes_raised() == set()


@pytest.mark.parametrize("code", sorted(SENTENCES))
def test_a_sentence_needs_no_value_that_its_refusal_does_not_carry(code):
    named = set(re.findall(r"\{(\w+)", SENTENCES[code]))
    carried = [keywords for keywords in _keywords_of(code) if keywords or not _passes_values_on(code)]
    assert all(named <= keywords for keywords in carried), (code, named, carried)


def _passes_values_on(code: str) -> bool:
    """Say whether a refusal is made from another one's values, which no reader of the source can list."""
    return any(
        any(keyword.arg is None for keyword in call.keywords)
        for call in refusals()
        if code in {one.value for one in _codes(call.args[0])}
    )


def _keywords_of(code: str) -> list[set[str]]:
    return [
        {keyword.arg for keyword in call.keywords if keyword.arg}
        for call in refusals()
        if getattr(call.func, "id", "") == "Refused" and code in {one.value for one in _codes(call.args[0])}
    ]


def test_a_sentence_shows_base_units_as_people_read_them():
    refused = Refused("more_than_holds", "volume", volume_ul=10_400, label="V-0412", left_ul=9_100)
    assert sentence(refused) == "10.4 mL is more than V-0412 holds (9.1 mL left)"


def test_the_golden_page_of_refusals_is_the_catalogue():
    if os.environ.get("WRITE_GOLDEN"):
        PAGE.write_text(page(), "utf-8")
    assert PAGE.read_text("utf-8") == page()


def test_every_command_and_every_check_is_in_the_operators_page():
    text = (ROOT / "docs" / "operating.md").read_text("utf-8")
    assert [name for name in COMMANDS if f"`audit {name}" not in text] == []
    assert [rule.meaning for rule in Rule if rule.meaning not in text] == []


def test_every_decision_keeps_what_was_rejected():
    pages = sorted((ROOT / "docs" / "adr").glob("*.md"))
    assert [page.name for page in pages if "**Rejected.**" not in page.read_text("utf-8")] == []
