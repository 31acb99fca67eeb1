"""Events to the facts of an entry and back, strictly: what decodes also encodes to the same facts.

One codec is made for each event class from its annotations (see `facts`), so limits stand in one place.
An optional field or one at its default is an absent key. Bytes are made elsewhere (`tlog.canonical`).
"""

import dataclasses
import re
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from audit.domain import events
from audit.domain.errors import Refused
from audit.domain.facts import Base64, Day, Hex, Identifier, Many, Span, Text, Token

Fact = str | int | bool | list["Fact"] | dict[str, "Fact"]
Facts = dict[str, Fact]

VERSION = 1
"""Version of every kind's facts so far; a change of meaning is a new version beside the old."""

_KEYS = {"from_index": "from", "to_index": "to"}
_CAMEL = re.compile(r"(?<!^)(?=[A-Z])")
_DAY = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")
# RFC 4648 section 5; the bits that a last character of two or three leaves unused are zero.
_BASE64URL = re.compile(r"([A-Za-z0-9_-]{4})*([A-Za-z0-9_-]{4}|[A-Za-z0-9_-][AQgw]|[A-Za-z0-9_-]{2}[AEIMQUYcgkosw048])")
_TOKEN = re.compile(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?")

KINDS: dict[str, type[events.Event]] = {
    _CAMEL.sub("_", cls.__name__).lower(): cls for cls in typing.get_args(events.Event)
}
"""Every kind of entry by name, in the order of the documentation."""
_KIND_OF: dict[type, str] = {cls: kind for kind, cls in KINDS.items()}


class UnknownKind(ValueError):
    """A kind or version this program does not know: not checked, never passed."""


def kind_of(event: events.Event) -> str:
    """Return the entry's kind, the class name in snake case."""
    return _KIND_OF[type(event)]


def to_facts(event: events.Event) -> Facts:
    """Return the facts of an event, checked against every limit.

    Raises:
        Refused: `too_long`, `malformed` or `out_of_range`, at the field concerned.
    """
    return codec(type(event)).write(event)


def session_of(event: events.Event) -> str | None:
    """Return the treatment session the act stands beside, if any."""
    session: str | None = getattr(event, "session", None)
    return session


def from_facts(kind: str, version: int, facts: Facts, session: str | None = None) -> events.Event:
    """Return the event stated by facts as read from an entry.

    Raises:
        UnknownKind: the kind or its version is not known here.
        Refused: the facts break a limit or are not in their shortest form.
    """
    if version != VERSION or kind not in KINDS:
        raise UnknownKind(kind)
    event: events.Event = codec(KINDS[kind]).read(facts, session)
    return event


@dataclass(frozen=True, slots=True)
class Slot:
    """One field of a class: its name, the key it has in the facts, its limits and its default."""

    name: str
    key: str
    hint: Any
    read: Callable[[Any, str], Any]
    write: Callable[[Any, str], Fact]
    default: Any
    has_default: bool


@dataclass(frozen=True, slots=True)
class Codec:
    """Reads and writes one class."""

    cls: type[Any]
    slots: tuple[Slot, ...]

    def write(self, value: object) -> Facts:
        """Return the facts of `value` without its session, which stands in the act."""
        facts: Facts = {}
        for slot in self.slots:
            given = getattr(value, slot.name)
            if given is None or (slot.has_default and given == slot.default):
                continue
            if slot.name != "session":
                facts[slot.key] = slot.write(given, slot.name)
            else:
                slot.write(given, slot.name)
        return facts

    def read(self, facts: Facts, session: str | None = None) -> Any:  # noqa: ANN401 (an instance of cls)
        """Return an instance of the class, or refuse."""
        if not isinstance(facts, dict):
            raise Refused("malformed", self.cls.__name__)
        values: dict[str, Any] = {}
        left = len(facts)
        for slot in self.slots:
            stated = session if slot.name == "session" else facts.get(slot.key)
            if stated is None:
                if not slot.has_default:
                    raise Refused("missing", slot.name)
                continue
            left -= slot.name != "session"
            values[slot.name] = slot.read(stated, slot.name)
            if slot.has_default and values[slot.name] == slot.default:
                raise Refused("not_shortest", slot.name)
        if left:
            raise Refused("unknown_fact", ", ".join(sorted(set(facts) - {slot.key for slot in self.slots})))
        return self.cls(**values)


_CODECS: dict[Any, Codec] = {}


def codec(cls: Any) -> Codec:  # noqa: ANN401 (a dataclass)
    """Return the codec of a dataclass, made once from its annotations."""
    made = _CODECS.get(cls)
    if made is None:
        made = _CODECS[cls] = _make_codec(cls)
    return made


def _make_codec(cls: Any) -> Codec:  # noqa: ANN401
    hints = typing.get_type_hints(cls, include_extras=True)
    return Codec(cls, tuple(_slot(field, hints[field.name]) for field in dataclasses.fields(cls)))


def _slot(field: "dataclasses.Field[Any]", hint: Any) -> Slot:  # noqa: ANN401 (a type annotation)
    has_default = field.default is not dataclasses.MISSING
    inner = _without_none(hint)
    read, write = _pair(inner)
    return Slot(field.name, _KEYS.get(field.name, field.name), inner, read, write, field.default, has_default)


def _without_none(hint: Any) -> Any:  # noqa: ANN401 (a type annotation)
    if typing.get_origin(hint) in {typing.Union, types.UnionType}:
        return next(part for part in typing.get_args(hint) if part is not types.NoneType)
    return hint


def _pair(hint: Any) -> tuple[Callable[[Any, str], Any], Callable[[Any, str], Fact]]:  # noqa: ANN401
    if typing.get_origin(hint) is Annotated:
        inner, limit = typing.get_args(hint)[:2]
        if isinstance(limit, Many):
            return _list_pair(typing.get_args(inner)[0], limit)
        check = _check(limit)
        return check, check
    if typing.get_origin(hint) is Literal:
        choices = frozenset(typing.get_args(hint))
        return _one_of(choices), _one_of(choices)
    if hint is bool:
        return _boolean, _boolean
    return _record_pair(hint)


def _record_pair(cls: type[Any]) -> tuple[Callable[[Any, str], Any], Callable[[Any, str], Fact]]:
    def read(value: Any, _name: str) -> Any:  # noqa: ANN401
        return codec(cls).read(value)

    def write(value: Any, _name: str) -> Fact:  # noqa: ANN401
        return codec(cls).write(value)

    return read, write


def _list_pair(member: Any, limit: Many) -> tuple[Callable[[Any, str], Any], Callable[[Any, str], Fact]]:  # noqa: ANN401
    read_one, write_one = _pair(member)

    def read(value: Any, name: str) -> tuple[Any, ...]:  # noqa: ANN401
        if not isinstance(value, list) or not 1 <= len(value) <= limit.most:
            raise Refused("out_of_range", name, most=limit.most)
        return tuple(read_one(part, name) for part in value)

    def write(value: Any, name: str) -> Fact:  # noqa: ANN401
        if not 1 <= len(value) <= limit.most:
            raise Refused("out_of_range", name, most=limit.most)
        return [write_one(part, name) for part in value]

    return read, write


def _check(limit: object) -> Callable[[Any, str], Any]:
    match limit:
        case Span(least, most):
            return _whole(least, most)
        case Text(most):
            return _words(most)
        case Identifier(prefix):
            return _matches(re.compile(rf"{prefix}_[0-9a-z]{{4,32}}"))
        case Hex(digits):
            return _matches(re.compile(rf"[0-9a-f]{{{digits}}}"))
        case Day():
            return _matches(_DAY)
        case Token(most):
            return _token(most)
        case Base64(most):
            return _base64url(most)
        case _:
            raise TypeError(limit)


def _whole(least: int, most: int) -> Callable[[Any, str], Any]:
    def check(value: Any, name: str) -> int:  # noqa: ANN401
        if type(value) is not int or not least <= value <= most:
            raise Refused("out_of_range", name, least=least, most=most)
        return value

    return check


def _words(most: int) -> Callable[[Any, str], Any]:
    def check(value: Any, name: str) -> str:  # noqa: ANN401
        if not isinstance(value, str) or not value.strip() or value != value.strip():
            raise Refused("malformed", name)
        if len(value.encode("utf-8", "surrogatepass")) > most:
            raise Refused("too_long", name, most=most)
        return value

    return check


def _token(most: int) -> Callable[[Any, str], Any]:
    def check(value: Any, name: str) -> str:  # noqa: ANN401
        if not isinstance(value, str) or not _TOKEN.fullmatch(value):
            raise Refused("malformed", name)
        if len(value) > most:
            raise Refused("too_long", name, most=most)
        return value

    return check


def _base64url(most: int) -> Callable[[Any, str], Any]:
    def check(value: Any, name: str) -> str:  # noqa: ANN401
        if not isinstance(value, str) or not _BASE64URL.fullmatch(value):
            raise Refused("malformed", name)
        if len(value) > most:
            raise Refused("too_long", name, most=most)
        return value

    return check


def _matches(pattern: re.Pattern[str]) -> Callable[[Any, str], Any]:
    def check(value: Any, name: str) -> str:  # noqa: ANN401
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise Refused("malformed", name)
        return value

    return check


def _one_of(choices: frozenset[str]) -> Callable[[Any, str], Any]:
    def check(value: Any, name: str) -> str:  # noqa: ANN401
        if not isinstance(value, str) or value not in choices:
            raise Refused("unknown_choice", name)
        return value

    return check


def _boolean(value: Any, name: str) -> bool:  # noqa: ANN401
    if type(value) is not bool:
        raise Refused("malformed", name)
    return value
