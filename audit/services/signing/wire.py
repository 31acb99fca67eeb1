"""Requests to a signer in another process and its answers: one JSON object a line, strict and of limited length.

Each side takes apart what the other wrote as if a stranger had written it.
"""

import json
from dataclasses import dataclass
from typing import Any, Final, Literal

from audit.services.signing.signer import Known, Shown
from audit.storage.signer_store import Held
from audit.tlog.checkpoint import Checkpoint
from audit.tlog.keys import KeyRefused, VerifierKey
from audit.tlog.merkle import HASH_BYTES
from audit.tlog.note import MAX_NOTE_BYTES, NoteRefused
from audit.tlog.spelling import parse_hex

MOST_LINE_BYTES: Final = 262_144
"""Of a request or answer: four entries of 16 kB in hexadecimal, their proofs, and room."""
MOST_SHOWN: Final = 4
MOST_PROOF: Final = 64
_MOST_ORIGIN: Final = 255
_MOST_ENTRY_HEX: Final = 32_768

Ask = Literal["known", "open", "prepare", "sign"]
_FIELDS: Final[dict[str, frozenset[str]]] = {
    "known": frozenset({"ask", "log"}),
    "open": frozenset({"ask", "log"}),
    "prepare": frozenset({"ask", "log"}),
    "sign": frozenset({"ask", "log", "size", "root", "proof", "shown"}),
}


class Malformed(ValueError):
    """A line that is no request, or no answer; the text says in one sentence what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request; `checkpoint` and what follows only where a signature is asked for."""

    ask: Ask
    log: str
    checkpoint: Checkpoint | None = None
    consistency: tuple[bytes, ...] = ()
    shown: tuple[Shown, ...] = ()


def write_request(request: Request) -> bytes:
    """Return a request as a line."""
    fields: dict[str, Any] = {"ask": request.ask, "log": request.log}
    if request.checkpoint is not None:
        fields |= {
            "size": request.checkpoint.size,
            "root": request.checkpoint.root.hex(),
            "proof": [one.hex() for one in request.consistency],
            "shown": [_write_shown(one) for one in request.shown],
        }
    return _line(fields)


def read_request(line: bytes) -> Request:
    """Take a request apart.

    Raises:
        Malformed: it is none.
    """
    fields = _object(line)
    ask = fields.get("ask")
    if not isinstance(ask, str) or ask not in _FIELDS:
        raise Malformed(f"expected to be asked one of {', '.join(_FIELDS)}")
    if fields.keys() != _FIELDS[ask]:
        raise Malformed(f"expected exactly the fields {', '.join(sorted(_FIELDS[ask]))}")
    log = _text(fields["log"], "log", _MOST_ORIGIN)
    match ask:
        case "known" | "open" | "prepare":
            return Request(ask=ask, log=log)
        case _:
            return _read_sign(fields, log)


def write_known(known: Known) -> bytes:
    """Return as a line what a signer has of a log."""
    fields: dict[str, Any] = {}
    if known.held is not None:
        fields["held"] = {"size": known.held.size, "root": known.held.root.hex(), "note": known.held.note}
    if known.key is not None:
        fields["key"] = known.key.to_string()
    if known.next_key is not None:
        fields["next_key"] = known.next_key.to_string()
    return _line({"known": fields})


def write_answer(name: Literal["key", "note", "refused", "moved", "trouble"], text: str) -> bytes:
    """Return an answer of one text as a line."""
    return _line({name: text})


def read_answer(line: bytes) -> tuple[str, Known | str]:
    """Take an answer apart: its name, and what it says.

    Raises:
        Malformed: it is none.
    """
    fields = _object(line)
    if len(fields) != 1:
        raise Malformed("expected one answer")
    ((name, said),) = fields.items()
    if name == "known" and isinstance(said, dict):
        return name, _read_known(said)
    if name not in {"key", "note", "refused", "moved", "trouble"}:
        raise Malformed("expected an answer of a signer")
    return name, _text(said, name, MAX_NOTE_BYTES)


def _read_sign(fields: dict[str, Any], log: str) -> Request:
    root, shown = _hash(fields["root"], "root"), fields["shown"]
    if not isinstance(shown, list) or len(shown) > MOST_SHOWN:
        raise Malformed(f"expected at most {MOST_SHOWN} entries shown")
    try:
        checkpoint = Checkpoint(log, _number(fields["size"], "size"), root)
    except NoteRefused as refused:
        raise Malformed(str(refused)) from refused
    return Request(
        ask="sign",
        log=log,
        checkpoint=checkpoint,
        consistency=_proof(fields["proof"]),
        shown=tuple(_read_shown(one) for one in shown),
    )


def _write_shown(shown: Shown) -> dict[str, Any]:
    return {
        "index": shown.index,
        "body": shown.body.hex(),
        "proof": [one.hex() for one in shown.proof],
        "recovery": shown.recovery.hex(),
    }


def _read_shown(value: Any) -> Shown:  # noqa: ANN401 (JSON)
    if not isinstance(value, dict) or value.keys() != {"index", "body", "proof", "recovery"}:
        raise Malformed("expected an entry shown with index, body, proof and recovery")
    return Shown(
        index=_number(value["index"], "index"),
        body=_bytes(value["body"], "body", _MOST_ENTRY_HEX),
        proof=_proof(value["proof"]),
        recovery=_bytes(value["recovery"], "recovery", 128) if value["recovery"] else b"",
    )


def _read_known(value: dict[str, Any]) -> Known:
    if not value.keys() <= {"held", "key", "next_key"}:
        raise Malformed("expected what a signer knows")
    held = value.get("held")
    if held is not None and (not isinstance(held, dict) or held.keys() != {"size", "root", "note"}):
        raise Malformed("expected a head with size, root and note")
    return Known(
        held=Held(
            size=_number(held["size"], "size"),
            root=_hash(held["root"], "root"),
            note=_text(held["note"], "note", MAX_NOTE_BYTES),
        )
        if held is not None
        else None,
        key=_key(value.get("key")),
        next_key=_key(value.get("next_key")),
    )


def _key(value: Any) -> VerifierKey | None:  # noqa: ANN401 (JSON)
    if value is None:
        return None
    try:
        return VerifierKey.from_string(_text(value, "key", 512))
    except KeyRefused as refused:
        raise Malformed(str(refused)) from refused


def _object(line: bytes) -> dict[str, Any]:
    if len(line) > MOST_LINE_BYTES:
        raise Malformed(f"expected at most {MOST_LINE_BYTES} bytes")
    try:
        value = json.loads(line, object_pairs_hook=_without_doubles)
    except Malformed:
        raise
    except (ValueError, RecursionError) as error:
        raise Malformed("expected a line of JSON") from error
    if not isinstance(value, dict):
        raise Malformed("expected a JSON object")
    return value


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Malformed("expected each field once")
    return fields


def _line(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode() + b"\n"


def _text(value: Any, name: str, most: int) -> str:  # noqa: ANN401 (JSON)
    if not isinstance(value, str) or len(value) > most:
        raise Malformed(f"expected {name} as text of at most {most} characters")
    return value


def _number(value: Any, name: str) -> int:  # noqa: ANN401 (JSON)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**53:
        raise Malformed(f"expected {name} as a whole number")
    return value


def _bytes(value: Any, name: str, most: int) -> bytes:  # noqa: ANN401 (JSON)
    data = parse_hex(_text(value, name, most))
    if data is None:
        raise Malformed(f"expected {name} in lower-case hexadecimal")
    return data


def _hash(value: Any, name: str) -> bytes:  # noqa: ANN401 (JSON)
    data = _bytes(value, name, 2 * HASH_BYTES)
    if len(data) != HASH_BYTES:
        raise Malformed(f"expected {name} as a hash of {HASH_BYTES} bytes")
    return data


def _proof(value: Any) -> tuple[bytes, ...]:  # noqa: ANN401 (JSON)
    if not isinstance(value, list) or len(value) > MOST_PROOF:
        raise Malformed(f"expected a proof of at most {MOST_PROOF} hashes")
    return tuple(_hash(one, "proof") for one in value)
