"""The tables of docs/log-format.md as data for the page's script: sealed fields, kinds, records.

The page is so written from the page of the format, not from the code that it checks. `write_kinds` keeps the outcome
beside the script as `kinds.json`, because an installed program has no docs; a test compares the two. Anything in those
tables that is not understood is an error. Not here: postings and the rules between entries (js/ spells them out).
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeAlias

Json: TypeAlias = "str | int | bool | list[Json] | dict[str, Json]"
KINDS_FILE: Final = Path(__file__).with_name("kinds.json")
FORMAT_PAGE: Final = Path(__file__).parents[3] / "docs" / "log-format.md"

_CODE: Final = re.compile(r"`([^`]+)`")
_WHO: Final = re.compile(
    r"^- Who may: (?P<who>[^.]+)\. Signed: (?P<signed>[^.]+)\. Session: (?P<session>[^.]+)\.$", re.MULTILINE
)
_SIZED: Final = re.compile(r"^(text|token|base64url|integer), (-?\d+) to (-?\d+)( bytes| characters)?$")
_HEX: Final = re.compile(r"^hex, (\d+) digits$")
_LIST: Final = re.compile(r"^list of (\d+) to (\d+): (.+)$")
_SIGNED: Final = {"at the act": "factor", "on the way": "way", "by the service": "service"}


def read_kinds(page: str) -> dict[str, Json]:
    """Read `sealed`, `kinds` and `records` from the text of docs/log-format.md.

    Raises ValueError naming the row that is not understood.
    """
    sealed, kinds, records = (_section(page, number) for number in (5, 12, 13))
    return {
        "kinds": {name: _kind(says, body) for name, says, body in _parts(kinds, r"### `(\w+)`")},
        "records": {name: _facts(body) for name, _, body in _parts(records, r"### Record `(\w+)`")},
        "sealed": {_code(row[0]): list[Json](_CODE.findall(row[1])) for row in _rows(sealed)},
    }


def format_kinds(kinds: dict[str, Json]) -> str:
    """Return the tables as the text of kinds.json."""
    return json.dumps(kinds, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def write_kinds() -> None:
    """Write kinds.json anew from docs/log-format.md."""
    KINDS_FILE.write_text(format_kinds(read_kinds(FORMAT_PAGE.read_text("utf-8"))), "utf-8")


def _section(page: str, number: int) -> str:
    found = re.search(rf"^## {number}\. .*?(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    if found is None:
        raise ValueError(f"the page of the format has no section {number}")
    return found.group()


def _parts(section: str, head: str) -> Iterator[tuple[str, str, str]]:
    """Yield name, first sentence and text of every part below a section's headings."""
    pieces = re.split(rf"^{head}$", section, flags=re.MULTILINE)
    for name, body in zip(pieces[1::2], pieces[2::2], strict=True):
        yield name, " ".join(body.strip().split("\n\n", 1)[0].split()), body


def _rows(body: str) -> Iterator[list[str]]:
    for line in body.splitlines():
        if line.startswith("| `"):
            yield [cell.strip() for cell in line.strip().strip("|").split("|")]


def _kind(says: str, body: str) -> dict[str, Json]:
    found = _WHO.search(body)
    if found is None:
        raise ValueError(f"who may state it is not said: {says}")
    who = [word.strip() for word in found["who"].split(",")]
    return {
        "facts": _facts(body),
        "says": says,
        "session": found["session"],
        "signed": _SIGNED[found["signed"]],
        "who": [] if who == ["the service"] else list[Json](who),
    }


def _facts(body: str) -> dict[str, Json]:
    return {_code(name): _fact(form, presence) for name, form, presence in _rows(body)}


def _fact(form: str, presence: str) -> dict[str, Json]:
    if presence == "required":
        return {"form": _form(form), "required": True}
    if presence == "optional":
        return {"form": _form(form)}
    if presence.startswith("absent means "):
        return {"form": _form(form), "absent": _value(_code(presence))}
    raise ValueError(f"a presence that is not understood: {presence}")


def _value(code: str) -> Json:
    """Return a default as it stands in the table: a number, true, false, or a word."""
    return code == "true" if code in {"true", "false"} else int(code) if code.isdecimal() else code


def _form(text: str) -> dict[str, Json]:
    plain = text.removesuffix(" (keyed)")
    if sized := _SIZED.match(plain):
        return {"is": sized[1], "min": int(sized[2]), "max": int(sized[3])}
    if digits := _HEX.match(plain):
        return {"is": "hex", "digits": int(digits[1])}
    if many := _LIST.match(plain):
        return {"is": "list", "min": int(many[1]), "max": int(many[2]), "of": _form(many[3])}
    if plain in {"day", "boolean", "reference"}:
        return {"is": plain}
    return _named_form(plain)


def _named_form(plain: str) -> dict[str, Json]:
    for start, key in (("identifier `", "prefix"), ("record `", "name")):
        if plain.startswith(start):
            return {"is": start.split()[0], key: _code(plain)}
    if plain.startswith("one of `"):
        return {"is": "one", "of": list[Json](_CODE.findall(plain))}
    raise ValueError(f"a form that is not understood: {plain}")


def _code(cell: str) -> str:
    found = _CODE.search(cell)
    if found is None:
        raise ValueError(f"no name in code marks: {cell}")
    return found[1]
