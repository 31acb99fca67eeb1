"""Puts the page together: sources into one script, style and fonts into one sheet, their hashes into its policy.

Deterministic: the same sources make the same bytes. The sources are modules that name what they import from each
other; in the page they stand in one function, so a name stands for one thing in all of them. The policy in the page
itself allows this script, this style and nothing else: no request can leave it, served or opened from a disk.
"""

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
STATIC: Final = HERE.parent / "static"
_FACES: Final = (
    ("Plex Sans", 400, "plex-sans-regular"),
    ("Plex Sans", 500, "plex-sans-medium"),
    ("Plex Sans", 600, "plex-sans-semibold"),
    ("Plex Mono", 400, "plex-mono-regular"),
)
_SHEETS: Final = (
    *(STATIC / "css" / f"{name}.css" for name in ("tokens", "base", "buttons", "cards", "forms", "print")),
    HERE / "css" / "page.css",
    HERE / "css" / "result.css",
)
_IMPORT: Final = re.compile(r'^import \{ ([^}]+) \} from "\./([a-z0-9_]+)\.js";\n', re.MULTILINE)
_EXPORT: Final = re.compile(r"^export (?:async )?(?:function\*?|const|class) (\w+)", re.MULTILINE)
_FACE: Final = re.compile(r"@font-face\{[^}]*\}\n?")
_COMMENT: Final = re.compile(r"/\*.*?\*/\n?", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyPage:
    """The page and the policy (Content-Security-Policy) under which it runs, also as a header."""

    html: bytes
    policy: str


def verify_page_html() -> bytes:
    """Return the bytes of `verify.html`, as every evidence bundle holds them."""
    return verify_page().html


@cache
def verify_page() -> VerifyPage:
    """Return the page with its policy."""
    script = script_of("main")
    style = _style()
    policy = (
        f"default-src 'none'; script-src '{_source(script)}'; style-src '{_source(style)}'; font-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    shell = (HERE / "page.html").read_text("utf-8")
    for mark, text in (("policy", policy), ("style", style), ("script", script)):
        shell = shell.replace(f"<!--{mark}-->", text)
    return VerifyPage(html=shell.encode(), policy=policy)


def script_of(*sources: str, is_opened: bool = False) -> str:
    """Return the script of these sources and what they import; opened, its value is their exports by source."""
    parts = [f"const TABLES = {_tables()};"]
    seen: dict[str, None] = {}

    def take(name: str) -> None:
        if name in seen:
            return
        seen[name] = None
        text = (HERE / "js" / f"{name}.js").read_text("utf-8")
        for imported in _IMPORT.finditer(text):
            take(imported[2])
        parts.append(_module(name, text))

    for source in sources:
        take(source)
    returned = f"return {{ {', '.join(f'{name}: {name}_js' for name in seen)} }};\n" if is_opened else ""
    return '(() => {\n"use strict";\n' + "\n".join(parts) + f"\n{returned}}})()"


def _tables() -> str:
    return json.dumps(json.loads((HERE / "kinds.json").read_text("utf-8")), ensure_ascii=False, separators=(",", ":"))


def _module(name: str, source: str) -> str:
    """Return a source as a constant that holds its exports; what it imports are constants before it."""
    exports = ", ".join(found[1] for found in _EXPORT.finditer(source))
    body = _EXPORT.sub(lambda found: found[0].removeprefix("export "), source)
    body = _IMPORT.sub(r"const { \1 } = \2_js;\n", body)
    if re.search(r"^(?:import|export)\b", body, re.MULTILINE) or "</script" in body:
        raise ValueError(f"{name}.js cannot stand in one script")
    return f"const {name}_js = (() => {{\n{body}return {{ {exports} }};\n}})();"


def _style() -> str:
    faces = (
        f'@font-face{{font-family:"{family}";font-weight:{weight};'
        f'src:url(data:font/woff2;base64,{_font(name)}) format("woff2")}}'
        for family, weight, name in _FACES
    )
    sheets = (_COMMENT.sub("", _FACE.sub("", sheet.read_text("utf-8"))) for sheet in _SHEETS)
    return "\n".join([*faces, *sheets])


def _font(name: str) -> str:
    return base64.b64encode((STATIC / "fonts" / f"{name}.woff2").read_bytes()).decode()


def _source(text: str) -> str:
    """Return the hash source of an inline script or style (CSP Level 3, section 2.3.1)."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
