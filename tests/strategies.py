"""What hypothesis may draw: events of every kind within the limits of their facts, and whole days of a clinic."""

import dataclasses
import types
import typing
from base64 import urlsafe_b64encode
from typing import Annotated, Any, Literal

from hypothesis import strategies as st

from audit.domain.facts import Base64, Day, Hex, Identifier, Many, Span, Text, Token
from audit.domain.wire import KINDS

WORDS = st.text("abc ÅéœŁ日本-.'", min_size=1, max_size=25).map(str.strip).filter(bool)


def records(cls: type[Any]) -> st.SearchStrategy[Any]:
    """Return a strategy of instances of an event or a record in one, optional facts there and absent."""
    hints = typing.get_type_hints(cls, include_extras=True)
    required, optional = {}, {}
    for field in dataclasses.fields(cls):
        found = _values(hints[field.name])
        if field.default is dataclasses.MISSING:
            required[field.name] = found
        else:
            optional[field.name] = found
    return st.fixed_dictionaries(required, optional=optional).map(lambda facts: cls(**facts))


def events_of(kind: str) -> st.SearchStrategy[Any]:
    """Return a strategy of events of one kind."""
    return records(KINDS[kind])


def _values(hint: Any) -> st.SearchStrategy[Any]:
    if typing.get_origin(hint) in {typing.Union, types.UnionType}:
        hint = next(part for part in typing.get_args(hint) if part is not types.NoneType)
    if typing.get_origin(hint) is Literal:
        return st.sampled_from(typing.get_args(hint))
    if hint is bool:
        return st.booleans()
    if typing.get_origin(hint) is not Annotated:
        return records(hint)
    inner, limit = typing.get_args(hint)[:2]
    if isinstance(limit, Many):
        member = _values(typing.get_args(inner)[0])
        return st.lists(member, min_size=1, max_size=min(3, limit.most)).map(tuple)
    return _limited(limit)


def _limited(limit: object) -> st.SearchStrategy[Any]:
    match limit:
        case Span(least, most):
            return st.one_of(st.integers(least, most), st.sampled_from((least, most)))
        case Identifier(prefix):
            return st.from_regex(rf"{prefix}_[0-9a-z]{{4,32}}", fullmatch=True)
        case Hex(digits):
            return st.text("0123456789abcdef", min_size=digits, max_size=digits)
        case Base64(most):
            return st.binary(min_size=1, max_size=min(most // 2, 40)).map(
                lambda data: urlsafe_b64encode(data).rstrip(b"=").decode()
            )
        case Day():
            return st.dates().map(lambda day: day.isoformat())
        case Token(most):
            return st.from_regex(rf"[!-~][ -~]{{0,{min(most, 12) - 2}}}[!-~]", fullmatch=True)
        case Text():
            return WORDS
    raise TypeError(limit)


STEPS = st.lists(
    st.tuples(st.integers(0, 14), st.integers(0, 99), st.integers(0, 99), st.integers(0, 1200)),
    min_size=12,
    max_size=30,
)
"""A day as moves: what to do, to which of the things there are, and how much; `tests/domain/moves.py` plays it."""
