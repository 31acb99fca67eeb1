"""A form signed by passkey: what its script sends, how an order of it stands, and what the script is told to sign.

The script sends the form twice: first with the head it kept, and is answered with the acts to sign; then with what was
signed, and everything of the acts that the service would draw anew (when it happened, the head seen, the seed of
seals), so that the write path makes the very same acts. Not here: passwords (`acting`), the write path.
"""

import dataclasses
import json
import re
from dataclasses import dataclass
from typing import Any

from flask import Response, g, jsonify, request

from audit.domain import events
from audit.domain.errors import Refused
from audit.services.acts import Assertion, Order, with_passkey
from audit.services.drawn_up import HeadDiffers, Shown, head_for, key_changes, told
from audit.services.passkey_acts import SignaturesWanted, Wanted
from audit.services.passkeys import trust_of
from audit.services.people import staff
from audit.web.desk import desk, register
from audit.web.filters import decimal_mark
from audit.web.forms import Form
from audit.web.messages import sentence

_SEED = re.compile(r"[0-9a-f]{64}")
_PARTS = ("credential", "authenticator_data", "client_data", "signature")
_LONGEST = 200_000
CONFLICT = 409


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """One act as it was signed: when it was said to have happened, and what the passkey answered."""

    occurred_ms: int
    assertion: Assertion


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What a script sends back: the head it verified, and each act signed, by its nonce."""

    seen: events.SeenHead
    acts: dict[str, Touched]


def is_by_passkey(form: Form) -> bool:
    """Say whether whoever signs this form does so with a passkey."""
    return form.typed.get("sign") == "passkey"


def wants_acts() -> bool:
    """Say whether a script asks, which can show what is to be signed; a page asks for a page."""
    return request.accept_mimetypes.best == "application/json"


def signed_of(form: Form) -> Signed | None:
    """Return what was signed; None where the acts are still to be drawn up.

    Raises:
        Refused: `sign_again` where it cannot be read.
    """
    sent = form.typed.get("signed", "")[:_LONGEST]
    if not sent:
        return None
    try:
        read = json.loads(sent)
        return Signed(seen=_head(read["seen"]), acts={str(nonce): _touched(one) for nonce, one in read["acts"].items()})
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise Refused("sign_again", "passkey") from error


def stand(form: Form, order: Order) -> Order:
    """Return an order of a form that is signed by passkey: with what was signed, or to be drawn up.

    Raises:
        Refused: `sign_again`, `seen_head_missing`.
        HeadDiffers: the script kept a head that is not in this log's history.
    """
    signed, seed = signed_of(form), form.typed.get("seal_seed", "")
    touched = signed.acts.get(order.nonce) if signed else None
    return dataclasses.replace(
        order,
        standing=with_passkey(touched.assertion if touched else None),
        occurred_ms=touched.occurred_ms if touched and order.occurred_ms is None else order.occurred_ms,
        seen=signed.seen if signed else _seen_now(form),
        seal_seed=bytes.fromhex(seed) if _SEED.fullmatch(seed) else None,
    )


def show_wanted(wanted: SignaturesWanted) -> Response:
    """Answer a script with the acts to sign, in words and in bytes, and the head it is to verify first."""
    head = _shown(Form(request.form))
    names = {person: account.name for person, account in staff(register()).items()}
    trust = trust_of(register())
    return jsonify(
        log=register().origin,
        vkey=trust.log_key,
        rp_id=trust.rp_id,
        head={"size": head.size, "root": head.root},
        note=head.note,
        proof=list(head.proof),
        keys=[{"vkey": key, "note": note} for key, note in key_changes(register())],
        acts=[_act(one, names) for one in wanted.wanted],
    )


def show_differs(_differs: HeadDiffers) -> tuple[Response, int]:
    """Answer a script whose memory is not in this log's history."""
    kept = _kept(Form(request.form))
    return jsonify(alarm=sentence(Refused("seen_differs", "passkey", size=kept.size if kept else 0))), CONFLICT


def _act(one: Wanted, names: dict[str, str]) -> dict[str, Any]:
    return {
        "nonce": one.nonce,
        "actor": one.actor,
        "name": names.get(one.actor, one.actor),
        "act": one.act.decode(),
        "words": told(register(), one, names, decimal_mark()),
        "allowed": [{"id": key.credential, "transports": list(key.transports)} for key in one.allowed],
    }


def _seen_now(form: Form) -> events.SeenHead:
    head = _shown(form)
    return events.SeenHead(size=head.size, root=head.root)


def _shown(form: Form) -> Shown:
    """Return the head that this script is to verify: signed just before, the same for every act of the form."""
    if "head_shown" not in g:
        watch = desk().watch
        if watch is not None:
            watch.sign()
        kept = _kept(form)
        g.head_shown = head_for(register(), kept_size=kept.size if kept else 0, kept_root=kept.root if kept else "")
    head: Shown | None = g.head_shown
    if head is None:
        raise Refused("seen_head_missing", "passkey")
    return head


def _kept(form: Form) -> events.SeenHead | None:
    """Return the head that a script kept; nothing readable is none, as on a device's first time."""
    try:
        return _head(json.loads(form.typed.get("kept", "") or "null"))
    except (ValueError, LookupError, TypeError):
        return None


def _head(value: Any) -> events.SeenHead:  # noqa: ANN401 (JSON)
    size, root = value["size"], value["root"]
    if type(size) is not int or not 0 <= size < 2**53 or not isinstance(root, str) or not _SEED.fullmatch(root):
        raise ValueError("not a head")
    return events.SeenHead(size=size, root=root)


def _touched(value: Any) -> Touched:  # noqa: ANN401 (JSON)
    occurred_ms, parts = value["occurred_ms"], {name: value[name] for name in _PARTS}
    if type(occurred_ms) is not int or not 0 <= occurred_ms < 2**53:
        raise ValueError("not a time")
    if not all(isinstance(part, str) for part in parts.values()):
        raise ValueError("not an assertion")
    return Touched(occurred_ms=occurred_ms, assertion=Assertion(**parts))
