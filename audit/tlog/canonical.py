"""The one encoder: RFC 8785 in the narrow profile of log-format section 3, and its strict decoder.

`encode` judges a value first and then lets orjson write it. RFC 8785 sorts keys by UTF-16 code units; keys here are
ASCII, where that order, the order of code points and orjson's order of bytes are the same. Numbers are integers that
every JSON reader holds exactly, and text has no character whose escape the two could spell differently.
What the fields of an entry mean, and their own limits, is not known here.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TypeAlias, cast

import orjson

from audit.tlog.unicode15 import is_nfc, is_plain

Value: TypeAlias = "str | int | bool | list[Value] | dict[str, Value]"

MAX_BYTES = 16_384  # of a whole entry
MAX_DEPTH = 6  # the outermost object is depth 1
MAX_INT = 2**53 - 1  # RFC 8785 section 3.2.2.3: what an IEEE 754 double holds exactly

_KEY = re.compile(r"[a-z][a-z0-9_]{0,31}")
_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER

_IsText = Callable[[str], bool]


class NotCanonical(ValueError):
    """A value outside the profile, or bytes that are not its one spelling. Names the place, not the text met."""

    def __init__(self, reason: str, path: str = "") -> None:
        super().__init__(f"{path}: {reason}" if path else reason)
        self.reason = reason
        self.path = path

    def within(self, place: str) -> "NotCanonical":
        """Return the same refusal, seen from the container that holds the value at `place`."""
        joint = "." if self.path and not self.path.startswith("[") else ""
        return NotCanonical(self.reason, place + joint + self.path)


def encode(value: Mapping[str, object], *, max_bytes: int = MAX_BYTES, line_feeds: bool = False) -> bytes:
    """Encode an object as its only canonical bytes; `line_feeds` are for text that is sealed, not logged.

    Raises NotCanonical where the value lies outside the profile or its bytes exceed `max_bytes`.
    """
    if type(value) is not dict:
        raise NotCanonical(f"expected an object, met {type(value).__name__}")
    _check_object(value, 1, _is_text_with_line_feeds if line_feeds else _is_text)
    data = orjson.dumps(value, option=_OPTIONS)
    if len(data) > max_bytes:
        raise NotCanonical(f"expected at most {max_bytes} bytes, met {len(data)}")
    return data


def decode(data: bytes, *, max_bytes: int = MAX_BYTES, line_feeds: bool = False) -> dict[str, Value]:
    """Decode bytes that `encode` could have written; all others raise NotCanonical.

    Repeated keys, blanks, needless escapes, another order or spelling: each is caught by encoding again.
    """
    if len(data) > max_bytes:
        raise NotCanonical(f"expected at most {max_bytes} bytes, met {len(data)}")
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise NotCanonical(f"expected JSON in UTF-8: {error.msg} at character {error.pos}") from None
    if encode(value, max_bytes=max_bytes, line_feeds=line_feeds) != data:
        raise NotCanonical("these bytes are not the canonical spelling of what they say")
    return cast(dict[str, Value], value)


def _check(value: object, depth: int, is_text: _IsText) -> None:
    # Exact types: a subclass (an enumeration, say) could be written otherwise than it compares.
    if type(value) is str:
        if not (value.isascii() and value.isprintable()) and not is_text(value):
            raise NotCanonical("expected text in NFC without control, format, private or unassigned code points")
    elif type(value) is int:
        if not -MAX_INT <= value <= MAX_INT:
            raise NotCanonical("expected an integer of magnitude at most 2^53-1")
    elif type(value) is dict:
        _check_object(value, depth, is_text)
    elif type(value) is list:
        _check_array(value, depth, is_text)
    elif type(value) is not bool:
        raise NotCanonical(f"expected an object, array, string, integer or boolean, met {type(value).__name__}")


def _check_object(members: Mapping[object, object] | Mapping[str, object], depth: int, is_text: _IsText) -> None:
    _check_container(members, depth)
    for key, value in members.items():
        if not _is_key(key):
            raise NotCanonical("expected keys of the form [a-z][a-z0-9_]{0,31}")
        if type(value) is str and value.isascii() and value.isprintable():
            continue  # most values of most entries: plain ASCII needs no further look
        try:
            _check(value, depth + 1, is_text)
        except NotCanonical as refusal:
            raise refusal.within(str(key)) from None


def _check_array(items: list[object], depth: int, is_text: _IsText) -> None:
    _check_container(items, depth)
    for place, value in enumerate(items):
        try:
            _check(value, depth + 1, is_text)
        except NotCanonical as refusal:
            raise refusal.within(f"[{place}]") from None


def _check_container(container: object, depth: int) -> None:
    if not container:
        raise NotCanonical("an empty object or array states nothing; leave the key out")
    if depth > MAX_DEPTH:
        raise NotCanonical(f"expected at most {MAX_DEPTH} levels of objects and arrays")


@lru_cache(maxsize=1024, typed=True)
def _is_key(key: object) -> bool:
    # The same few dozen keys come in every entry.
    return type(key) is str and _KEY.fullmatch(key) is not None


def _is_text(text: str) -> bool:
    return is_plain(text) and is_nfc(text)


def _is_text_with_line_feeds(text: str) -> bool:
    # A line feed takes no part in composition, so the lines between may be judged as one text.
    return _is_text(text.replace("\n", " "))
