"""Under which keys an entry is found: whatever it changes, and each entry it refers to.

An event changes only what its keys name, so the fold of the entries with a key is the truth about it.
`series:` keys hold running numbers, of which only the latest entry matters, and what is listed as a whole (`ERASURES`).
"""

import typing
from typing import Annotated, Any

from audit.domain import events
from audit.domain.facts import Identifier, Many, Ref
from audit.domain.wire import codec

LABELS = "series:labels"
SESSIONS = "series:sessions"
SYRINGES = "series:syringes"
PERSONS = "series:persons"
ERASURES = "series:erasures"
_SERIES_OF: dict[type[events.Event], str] = {
    events.InventoryTaken: LABELS,
    events.ReceiptRecorded: LABELS,
    events.SessionOpened: SESSIONS,
    events.DoseDrawn: SYRINGES,
    events.ErasureRequested: ERASURES,
    events.PatientErased: ERASURES,
}
LOG = "log:site"


def keys(event: events.Event) -> frozenset[str]:
    """Return every key of the entry that states `event`; a strike also takes those of what it strikes."""
    found = set(_keys_of(event))
    if (series := _SERIES_OF.get(type(event))) is not None:
        found.add(series)
    match event:
        case (
            events.LogOpened()
            | events.SigningDomainChanged()
            | events.ServiceKeyChanged()
            | events.LogKeyChanged()
            | events.CosignersChanged()
        ):
            found.add(LOG)
        case events.CredentialEnrolled(credential=credential, public_key=public_key):
            found |= {credential_key(credential), public_key_key(public_key)}
        case events.CredentialRevoked(credential=credential):
            found.add(credential_key(credential))
        case events.PersonEnrolled(sign_in=sign_in):
            found |= {sign_in_key(sign_in), PERSONS}
        case events.ProductRegistered(code_system=system, code=code):
            found.add(code_key(system, code))
        case events.CaseOpened(product=str(product), lot=str(lot)):
            found.add(lot_key(product, lot))
        case _:
            pass
    return frozenset(found)


def strike_keys(strike: events.EntryStruck, struck: events.Event) -> frozenset[str]:
    """Return every key of a strike: its own and those of what it strikes, but no series.

    A number once given out stays given out: the latest entry of a series must be one that numbers something.
    """
    return keys(strike) | {key for key in keys(struck) if not key.startswith("series:")}


def entry_key(index: int) -> str:
    """Return the key of all entries that refer to entry `index`."""
    return f"entry:{index}"


def sign_in_key(sign_in: str) -> str:
    """Return the key of the enrolment that holds a sign-in name, whatever its case."""
    return f"sign_in:{sign_in.casefold()}"


def code_key(system: str, code: str) -> str:
    """Return the key of the registration of a product code."""
    return f"code:{system}:{code}"


def credential_key(credential: str) -> str:
    """Return the key of a passkey's enrolment and revocation."""
    return f"credential:{credential}"


def public_key_key(public_key: str) -> str:
    """Return the key of the enrolment of a public key: none belongs to two passkeys."""
    return f"public_key:{public_key}"


def lot_key(product: str, lot: str) -> str:
    """Return the key of the cases about sealed containers of a lot."""
    return f"lot:{product}:{lot}"


def _keys_of(value: Any) -> typing.Iterator[str]:  # noqa: ANN401 (any record of facts)
    for name, prefix, shape in _shapes(type(value)):
        held = getattr(value, name)
        if not held:
            continue
        if shape == "id":
            yield f"{prefix}:{held}"
        elif shape == "ids":
            yield from (f"{prefix}:{one}" for one in held)
        elif shape == "ref":
            yield entry_key(held.index)
        else:
            for one in held:
                yield from _keys_of(one)


_SHAPES: dict[Any, tuple[tuple[str, str, str], ...]] = {}


def _shapes(cls: Any) -> tuple[tuple[str, str, str], ...]:  # noqa: ANN401 (a dataclass)
    made = _SHAPES.get(cls)
    if made is None:
        made = _SHAPES[cls] = tuple(shape for slot in codec(cls).slots if (shape := _shape(slot.name, slot.hint)))
    return made


def _shape(name: str, hint: Any) -> tuple[str, str, str] | None:  # noqa: ANN401 (a type annotation)
    if hint is Ref:
        return name, "", "ref"
    if typing.get_origin(hint) is not Annotated:
        return None
    inner, limit = typing.get_args(hint)[:2]
    if isinstance(limit, Identifier):
        return (name, limit.key, "id") if limit.key else None
    if not isinstance(limit, Many):
        return None
    member = typing.get_args(inner)[0]
    member_limit = typing.get_args(member)[1] if typing.get_origin(member) is Annotated else None
    if isinstance(member_limit, Identifier):
        return (name, member_limit.key, "ids") if member_limit.key else None
    return (name, "", "records") if member_limit is None and isinstance(member, type) else None
