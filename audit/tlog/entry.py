"""The envelope of one log entry (log-format section 2) and the forms its signature may take (section 6).

Here: which fields there are and how each is spelled, so that what is read here could also have been written here.
Not here: what a kind's facts mean (domain), whether a signature holds, who may sign what, and how entries follow each
other (verification). A version of the envelope not known here is told apart: it is not checked, never passed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from audit.tlog.canonical import Value, decode, encode
from audit.tlog.merkle import EMPTY, leaf_hash
from audit.tlog.shape import Rule, Shape, ShapeRefused, integer, matching, one_or_more_of, text
from audit.tlog.spelling import parse_base64url

VERSION = 1
FIRST_PREV = EMPTY.hex()  # `prev` of entry 0: SHA-256 of nothing
MAX_ID_BYTES = 64  # of an actor or session
MAX_REASON_BYTES = 500  # why no passkey was used
FACTORS = ("password", "totp", "recovery", "demo")

_ORIGIN = re.compile(r"[a-z0-9.:\[\]-]{1,200}/log/[a-z0-9-]{1,40}(?:/(?:[2-9]|[1-9][0-9]{1,3}))?")
_HEX_16 = re.compile(r"[0-9a-f]{32}")
_HEX_32 = re.compile(r"[0-9a-f]{64}")
_HEX_64 = re.compile(r"[0-9a-f]{128}")


class EntryRefused(ShapeRefused):
    """Canonical bytes that are no entry: a field missing, unknown or misspelt."""


class UnknownVersion(EntryRefused):
    """An envelope of a version that this code does not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry as read: its fields, the bytes they were read from, and their leaf hash (32 bytes)."""

    v: int
    log: str
    index: int
    prev: str
    recorded_ms: int
    act: dict[str, Value]
    signature: dict[str, Value]
    body: bytes
    leaf: bytes

    @property
    def kind(self) -> str:
        """What kind of act it is, a past participle."""
        return cast(str, self.act["kind"])

    @property
    def actor(self) -> str:
        """Whose act it is: a person's id, or `service`."""
        return cast(str, self.act["actor"])

    @property
    def facts(self) -> dict[str, Value]:
        """What the act states; the domain knows how to read it."""
        return cast(dict[str, Value], self.act["facts"])

    @property
    def method(self) -> str:
        """How the actor stood for the act."""
        return cast(str, self.signature["method"])

    @property
    def act_bytes(self) -> bytes:
        """The canonical bytes of the act alone: the first member of the body, up to the `index` beside it.

        No later member has a key of that name, and within text a quotation mark is escaped; so the last place
        where the key stands is the envelope's own.
        """
        return self.body[len(b'{"act":') : self.body.rindex(b',"index":')]

    @property
    def reference(self) -> "Reference":
        """How a later entry names this one."""
        return Reference(self.index, self.leaf.hex())


@dataclass(frozen=True, slots=True)
class Reference:
    """How a fact names an earlier entry: its index and its leaf hash in lower-case hex."""

    index: int
    leaf: str

    @classmethod
    def from_value(cls, value: object) -> "Reference":
        """Read `{"index", "leaf"}`; raises EntryRefused for any other form."""
        fields = _refuse_as_entry(_REFERENCE, value, "of")
        return cls(cast(int, fields["index"]), cast(str, fields["leaf"]))

    def to_value(self) -> dict[str, Value]:
        """Write the reference as it stands among facts."""
        return {"index": self.index, "leaf": self.leaf}


def is_origin(name: str) -> bool:
    """The text names a log: `host/log/slug`, with `/2`, `/3` … for the successor of a frozen log (section 1)."""
    return _ORIGIN.fullmatch(name) is not None


def encode_entry(
    *, log: str, index: int, prev: str, recorded_ms: int, act: Mapping[str, object], signature: Mapping[str, object]
) -> bytes:
    """Write the bytes of an entry. Raises EntryRefused or NotCanonical for what `decode_entry` would not read back.

    `prev` is the lower-case hex of the leaf before; `recorded_ms` counts milliseconds since 1970 UTC.
    """
    fields: dict[str, object] = {
        "act": act,
        "index": index,
        "log": log,
        "prev": prev,
        "recorded_ms": recorded_ms,
        "signature": signature,
        "v": VERSION,
    }
    body = encode(fields)
    _check_entry(fields)
    return body


def decode_entry(body: bytes) -> Entry:
    """Read the bytes of an entry.

    Raises NotCanonical where the bytes are not the canonical ones, UnknownVersion for a later envelope, and
    EntryRefused where a field is missing, unknown or misspelt.
    """
    fields = decode(body)
    _check_entry(fields)
    return Entry(
        v=VERSION,
        log=cast(str, fields["log"]),
        index=cast(int, fields["index"]),
        prev=cast(str, fields["prev"]),
        recorded_ms=cast(int, fields["recorded_ms"]),
        act=cast(dict[str, Value], fields["act"]),
        signature=cast(dict[str, Value], fields["signature"]),
        body=body,
        leaf=leaf_hash(body),
    )


def _check_entry(fields: Mapping[str, object]) -> None:
    version = fields.get("v")
    if type(version) is int and version != VERSION:
        raise UnknownVersion(f"v: expected {VERSION}, met {version}")
    _refuse_as_entry(_ENVELOPE, fields, "")
    act = _refuse_as_entry(_ACT, fields["act"], "act")
    if "seen" in act:
        _refuse_as_entry(_SEEN, act["seen"], "act.seen")
    signature = cast(Mapping[str, object], fields["signature"])
    method = signature.get("method")
    shape = _METHODS.get(method) if type(method) is str else None
    if shape is None:
        raise EntryRefused(f"signature.method: expected one of {', '.join(_METHODS)}")
    _refuse_as_entry(shape, signature, "signature")


def _refuse_as_entry(shape: Shape, value: object, place: str) -> Mapping[str, object]:
    try:
        return shape.check(value, place)
    except ShapeRefused as refusal:
        raise EntryRefused(*refusal.args) from None


def _is_sealed(value: object) -> bool:
    return type(value) is dict and all(type(item) is str and _HEX_32.fullmatch(item) for item in value.values())


_OBJECT = Rule(lambda value: type(value) is dict, "an object")
_INDEX = integer(0)
_HASH = matching(_HEX_32, "64 lower-case hexadecimal digits")
_ATTEST = matching(_HEX_64, "128 lower-case hexadecimal digits")
_METHOD = text(MAX_ID_BYTES)  # already known to be the method of this shape
_BASE64URL = Rule(
    lambda value: type(value) is str and bool(parse_base64url(value)), "base64url without padding, not empty"
)

_REFERENCE = Shape({"index": _INDEX, "leaf": _HASH})
_SEEN = Shape({"root": _HASH, "size": _INDEX})
_ENVELOPE = Shape(
    {
        "act": _OBJECT,
        "index": _INDEX,
        "log": matching(_ORIGIN, "an origin `host/log/slug`"),
        "prev": _HASH,
        "recorded_ms": integer(0),
        "signature": _OBJECT,
        "v": integer(VERSION, VERSION),
    }
)
_ACT = Shape(
    {
        "actor": text(MAX_ID_BYTES),
        "facts": _OBJECT,
        "kind": matching(re.compile(r"[a-z][a-z0-9_]{0,31}"), "a kind `[a-z][a-z0-9_]{0,31}`"),
        "nonce": matching(_HEX_16, "32 lower-case hexadecimal digits"),
        "occurred_ms": integer(0),
        "offset_min": integer(-840, 840),  # UTC-14 to UTC+14
        "v": integer(1),
    },
    {
        "sealed": Rule(_is_sealed, "names, each with 64 lower-case hexadecimal digits"),
        "seen": _OBJECT,
        "session": text(MAX_ID_BYTES),
    },
)
_METHODS = {
    "passkey": Shape(
        {
            "authenticator_data": _BASE64URL,
            "client_data": _BASE64URL,
            "credential": _BASE64URL,
            "method": _METHOD,
            "signature": _BASE64URL,
        }
    ),
    "password_totp": Shape(
        {"attest": _ATTEST, "factors": one_or_more_of(FACTORS), "method": _METHOD}, {"reason": text(MAX_REASON_BYTES)}
    ),
    "signed_in": Shape({"attest": _ATTEST, "method": _METHOD}),
    "service": Shape({"attest": _ATTEST, "method": _METHOD}),
}
