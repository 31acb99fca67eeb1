"""The types that facts of an entry are made of, with their limits, as annotations the wire reads.

An identifier type carries the key prefix under which its entries are found: an event changes only what
its keyed identifiers name (locality). A `...Ref` names without changing.
"""

from dataclasses import dataclass
from typing import Annotated


@dataclass(frozen=True, slots=True)
class Identifier:
    """A random identifier `<prefix>_<hex>`; `keyed` when an event naming it changes what it names."""

    prefix: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """Words a person typed: NFC, no control or format characters, at most `most` bytes of UTF-8."""

    most: int


@dataclass(frozen=True, slots=True)
class Token:
    """A printed code or number: visible ASCII without spaces at its ends, at most `most` bytes."""

    most: int


@dataclass(frozen=True, slots=True)
class Hex:
    """Lower-case hexadecimal of exactly `digits` digits."""

    digits: int


@dataclass(frozen=True, slots=True)
class Base64:
    """Bytes as base64url without padding, in their one spelling, at most `most` characters."""

    most: int


@dataclass(frozen=True, slots=True)
class Day:
    """A calendar day, YYYY-MM-DD."""


@dataclass(frozen=True, slots=True)
class Span:
    """An integer from `least` to `most`, both included."""

    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Many:
    """A list of 1 to `most` members; an absent list is an absent key."""

    most: int


ContainerId = Annotated[str, Identifier("c", "container")]
ContainerRef = Annotated[str, Identifier("c")]
SessionId = Annotated[str, Identifier("s", "session")]
PatientId = Annotated[str, Identifier("pt", "patient")]
PatientRef = Annotated[str, Identifier("pt")]
PersonId = Annotated[str, Identifier("p", "person")]
PersonRef = Annotated[str, Identifier("p")]
ProductId = Annotated[str, Identifier("pr", "product")]
ProductRef = Annotated[str, Identifier("pr")]
CountId = Annotated[str, Identifier("n", "count")]
CaseId = Annotated[str, Identifier("k", "case")]
ReceiptId = Annotated[str, Identifier("r", "receipt")]
InventoryId = Annotated[str, Identifier("i", "inventory")]
ReportId = Annotated[str, Identifier("rp", "report")]
ReportRef = Annotated[str, Identifier("rp")]

Name = Annotated[str, Text(120)]
Line = Annotated[str, Text(300)]
Code = Annotated[str, Token(60)]
KeyText = Annotated[str, Token(400)]
Sha256 = Annotated[str, Hex(64)]
Date = Annotated[str, Day()]
Base64Url = Annotated[str, Base64(1400)]
"""Room for a credential id of 1,023 bytes (WebAuthn Level 2) and for an RSA signature of 4,096 bits."""
Aaguid = Annotated[str, Hex(32)]
Algorithm = Annotated[int, Span(-65_535, -1)]
"""A COSE algorithm of signatures (RFC 9053): -7 ES256, -8 EdDSA, -257 RS256."""

MassUg = Annotated[int, Span(0, 10**12)]
SignedUg = Annotated[int, Span(-(10**12), 10**12)]
VolumeUl = Annotated[int, Span(0, 10**9)]
ConcentrationUgPerMl = Annotated[int, Span(1, 10**9)]
RateUlPerH = Annotated[int, Span(1, 10**9)]
TimeMs = Annotated[int, Span(0, 2**53 - 1)]
Index = Annotated[int, Span(0, 2**53 - 1)]
Small = Annotated[int, Span(0, 10_000)]
Serial = Annotated[int, Span(1, 10**9)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ref:
    """Another entry, by place and leaf hash; found under the key `entry:<index>`."""

    index: Index
    leaf: Sha256
