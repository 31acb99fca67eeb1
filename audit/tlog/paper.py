"""A head of a log as it stands on paper, `origin size root`, typed in by somebody who holds the sheet.

Spaces, line breaks, the dots between the parts and capitals are forgiven where only one reading is left; whatever else
is off is said at its place. Pages print the root whole, or shortened to its first 12 and last 8 digits: 80 bits, which
nobody meets by chance or by trying. Not here: whether a log has that head (`verifying`).
"""

import re
from dataclasses import dataclass

from audit.tlog.keys import is_key_name
from audit.tlog.merkle import HASH_BYTES
from audit.tlog.spelling import parse_base64, parse_decimal

HEX_DIGITS = 2 * HASH_BYTES
BASE64_CHARACTERS = 44
SHORT_FIRST, SHORT_LAST = 12, 8
MAX_TYPED = 1_000
_EXAMPLE = "origin, size and root, such as clinic.example/log/main 417 3f9a… (64 hexadecimal digits)"
# What a hand or an eye takes one for another, where hexadecimal knows only the one.
_LOOKALIKES = str.maketrans("oOlI|", "00111")
_DOTS = re.compile(r"\.{2,}|…")
_NOT_HEX = re.compile(r"[^0-9a-f]")


class HeadRefused(ValueError):
    """What was typed is no head; the text says what is expected and what was met, and where."""


@dataclass(frozen=True, slots=True)
class PaperHead:
    """A head as read from paper: `first` are all digits of the root in hex, or its first ones and `last` its last."""

    origin: str
    size: int
    first: str
    last: str = ""

    @property
    def is_short(self) -> bool:
        """Say whether the paper shows only the ends of the root."""
        return bool(self.last)

    @property
    def root(self) -> str:
        """Return the root as it was read."""
        return f"{self.first}…{self.last}" if self.last else self.first

    def is_root(self, root: bytes) -> bool:
        """Say whether the root of a log is the one on the paper, as far as the paper shows it."""
        spelled = root.hex()
        return spelled.startswith(self.first) and spelled.endswith(self.last)


def parse_head(typed: str) -> PaperHead:
    """Read `origin size root` as typed from paper. Raises HeadRefused, with what is wrong and where."""
    if len(typed) > MAX_TYPED:
        raise HeadRefused(f"expected {_EXAMPLE}; met {len(typed)} characters")
    words = typed.replace("·", " ").replace("\u202f", "").replace("\u00a0", "").split()
    if len(words) < 3:  # noqa: PLR2004 -- the three parts
        raise HeadRefused(f"expected {_EXAMPLE}; met {len(words)} of these three parts")
    origin = words[0].lower()
    if not is_key_name(origin) or "/log/" not in origin:
        raise HeadRefused(f"expected an origin such as clinic.example/log/main first, met {words[0]}")
    size = parse_decimal(words[1].replace(",", ""))
    if not size:
        raise HeadRefused(f"expected the size, a whole number above 0 without spaces, after the origin; met {words[1]}")
    first, last = _parse_root("".join(words[2:]))
    return PaperHead(origin, size, first, last)


def _parse_root(text: str) -> tuple[str, str]:
    parts = _DOTS.split(text)
    if len(parts) == 2:  # noqa: PLR2004 -- two ends of a shortened root
        first, last = _hex(parts[0], "the root's first digits"), _hex(parts[1], "the root's last digits")
        if len(first) < SHORT_FIRST or len(last) < SHORT_LAST:
            raise HeadRefused(
                f"expected at least {SHORT_FIRST} digits before the dots and {SHORT_LAST} after them,"
                f" met {len(first)} and {len(last)}"
            )
        return first, last
    if len(parts) > 2:  # noqa: PLR2004 -- as above
        raise HeadRefused("expected one gap of dots in the root, met more")
    if _is_base64(text):
        return _base64(text), ""
    digits = _hex(text, "the root")
    if len(digits) != HEX_DIGITS:
        raise HeadRefused(f"expected a root of {HEX_DIGITS} hexadecimal digits, met {len(digits)}")
    return digits, ""


def _is_base64(text: str) -> bool:
    """Base64 has letters that no hexadecimal digit is mistaken for, or ends in its padding."""
    return text.endswith("=") or len(_NOT_HEX.findall(text.translate(_LOOKALIKES).lower())) > 8  # noqa: PLR2004


def _base64(text: str) -> str:
    padded = text if text.endswith("=") else f"{text}="
    data = parse_base64(padded)
    if data is None or len(data) != HASH_BYTES:
        raise HeadRefused(
            f"expected a root of {BASE64_CHARACTERS} characters in base64, capitals and small letters as printed;"
            f" met {len(padded)} characters that are not one"
        )
    return data.hex()


def _hex(text: str, what: str) -> str:
    digits = text.translate(_LOOKALIKES).lower()
    wrong = _NOT_HEX.search(digits)
    if wrong is not None:
        met = text[wrong.start()]
        raise HeadRefused(
            f"expected hexadecimal digits, 0 to 9 and a to f, in {what}; digit {wrong.start() + 1} is {met}"
        )
    return digits
