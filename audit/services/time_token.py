"""Time tokens (RFC 3161): what is dated, the request for it, and what a reply says and whether its signature holds.

The signature is rfc3161-client's to judge. It cuts fractions of a second off genTime, so the time itself is read with
asn1crypto from the same bytes. Not here: asking an authority, and keeping what it answered.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import rfc3161_client
from asn1crypto import tsp
from cryptography import x509
from cryptography.x509.oid import NameOID

from audit.storage.time_tokens import MOST_REPLY_BYTES
from audit.tlog.note import Note, NoteRefused, format_note

SLACK_MS: Final = 120_000
"""How far the service's clock and an authority's may be apart (log-format, section 10, check 8)."""
MOST_CERTIFICATES: Final = 32
MOST_PEM_BYTES: Final = 262_144
# RFC 3161 section 2.4.2: what a granted reply says; "granted with changes" dates something else than was asked.
_GRANTED: Final = 0
_SHA256: Final = "sha256"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
# What the two libraries raise on bytes that are no reply, or on a certificate that is none.
_MALFORMED: Final = (ValueError, TypeError, KeyError, AttributeError, OverflowError, x509.InvalidVersion)
_NOT_HELD: Final = (
    rfc3161_client.VerificationError,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    *_MALFORMED,
)


class TimeRefused(Exception):
    """A reply, certificate file or authority that cannot be used; the text is one sentence for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What an authority is asked: the query in DER, and the number by which its answer is known."""

    query: bytes
    nonce: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a reply says. Times in ms; `accuracy_ms` 0 where the authority states none; `imprint` SHA-256."""

    reply: bytes = field(repr=False)
    gen_ms: int
    accuracy_ms: int
    imprint: bytes
    nonce: int | None
    authority: str

    @property
    def sha256(self) -> str:
        """The hash of the reply as it came, by which the log names it."""
        return hashlib.sha256(self.reply).hexdigest()


@dataclass(frozen=True, slots=True)
class Authorities:
    """The certificates that a token's signature is held against: roots and what lies between."""

    certificates: tuple[x509.Certificate, ...]

    def check(self, token: Token) -> None:
        """Check a token's signature up to one of these certificates, as of the time the token states.

        Raises:
            TimeRefused: it does not hold.
        """
        try:
            reply = rfc3161_client.decode_timestamp_response(token.reply)
            verifier = rfc3161_client.VerifierBuilder(roots=list(self.certificates)).build()
            verifier.verify(reply, token.imprint)
        except _NOT_HELD as fault:
            raise TimeRefused(f"a signature that does not hold ({_reason(fault)})") from fault


def dated_bytes(origin: str, note: Note) -> bytes:
    """Return what is dated of a checkpoint: its text, a blank line, the lines under the log's own name, no others.

    A cosigner's line may come later and must not change it (log-format, section 7).

    Raises:
        NoteRefused: no line is under that name.
    """
    own = tuple(line for line in note.signatures if line.name == origin)
    if not own:
        raise NoteRefused(f"no line is signed under the name {origin}")
    return format_note(Note(note.text, own)).encode()


def build_request(dated: bytes) -> Request:
    """Return the request for a token over SHA-256 of these bytes, with the authority's certificate asked for."""
    builder = rfc3161_client.TimestampRequestBuilder(data=dated, hash_algorithm=rfc3161_client.HashAlgorithm.SHA256)
    request = builder.build()
    if request.nonce is None:
        raise TimeRefused("a request without a number")
    return Request(query=request.as_bytes(), nonce=request.nonce)


def read_reply(reply: bytes) -> Token:
    """Return what a reply says, before anything of it is believed.

    Raises:
        TimeRefused: it is too long, no reply of RFC 3161, a refusal, or dates no SHA-256.
    """
    if len(reply) > MOST_REPLY_BYTES:
        raise TimeRefused(f"a reply of more than {MOST_REPLY_BYTES} bytes")
    try:
        return _read(reply)
    except _MALFORMED as fault:
        raise TimeRefused("bytes that are no reply of RFC 3161") from fault


def load_authorities(pem: bytes) -> Authorities:
    """Return the certificates of a PEM file.

    Raises:
        TimeRefused: it is too long, or holds none, too many or unreadable ones.
    """
    if len(pem) > MOST_PEM_BYTES:
        raise TimeRefused(f"certificates of more than {MOST_PEM_BYTES} bytes")
    try:
        found = x509.load_pem_x509_certificates(pem)
    except (ValueError, x509.InvalidVersion) as fault:
        raise TimeRefused("no certificates in PEM") from fault
    if len(found) > MOST_CERTIFICATES:
        raise TimeRefused(f"more than {MOST_CERTIFICATES} certificates")
    return Authorities(tuple(dict.fromkeys(found)))


def _read(reply: bytes) -> Token:
    # Both readers must take the bytes, and agree on what is signed and when.
    decoded = rfc3161_client.decode_timestamp_response(reply)
    if decoded.status != _GRANTED:
        why = " ".join(_printable(text) for text in decoded.status_string)
        raise TimeRefused(f"a refusal of the authority, status {decoded.status} ({why or 'no reason stated'})")
    response = tsp.TimeStampResp.load(reply, strict=True)
    info = response["time_stamp_token"]["content"]["encap_content_info"]["content"].parsed
    imprint = info["message_imprint"]
    generated: datetime = info["gen_time"].native
    if imprint["hash_algorithm"]["algorithm"].native != _SHA256:
        raise TimeRefused("a token over another hash than SHA-256")
    if generated.replace(microsecond=0) != decoded.tst_info.gen_time:
        raise TimeRefused("a token whose time reads in two ways")
    return Token(
        reply=reply,
        gen_ms=(generated - _EPOCH) // _MILLISECOND,
        accuracy_ms=_accuracy_ms(info["accuracy"].native),
        imprint=imprint["hashed_message"].native,
        nonce=info["nonce"].native,
        authority=_signer(decoded.signed_data),
    )


def _accuracy_ms(stated: Any) -> int:  # noqa: ANN401 (asn1crypto ships no types)
    """How far off the time may be, rounded up to whole ms (RFC 3161 section 2.4.2)."""
    if stated is None:
        return 0
    seconds, millis, micros = (int(stated[unit] or 0) for unit in ("seconds", "millis", "micros"))
    return seconds * 1000 + millis + (1 if micros else 0)


def _signer(signed: rfc3161_client.SignedData) -> str:
    """Name who signed, by the certificate in the reply; by the issuer where it holds none."""
    (signer,) = signed.signer_infos
    for der in signed.certificates:
        certificate = x509.load_der_x509_certificate(der)
        if (certificate.issuer, certificate.serial_number) == (signer.issuer, signer.serial_number):
            return _name(certificate.subject)
    return _name(signer.issuer)


def _name(name: x509.Name) -> str:
    parts = [
        _printable(str(attribute.value))
        for oid in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME)
        for attribute in name.get_attributes_for_oid(oid)[:1]
    ]
    return ", ".join(part for part in parts if part) or "an authority without a name"


def _printable(text: Iterable[str]) -> str:
    return "".join(one if one.isprintable() else " " for one in text).strip()[:120]


def _reason(fault: Exception) -> str:
    """The end of what OpenSSL says is for people; what is before it names its own source files."""
    text = str(fault)
    _, found, tail = text.rpartition("Verify error: ")
    if found:
        return tail.split('"')[0]
    return text.splitlines()[0][:80] if text and "ErrorStack" not in text else "it is over other bytes or damaged"
