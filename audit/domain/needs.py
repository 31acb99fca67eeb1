"""What a decision must know: the keys under which the entries concerned are found, before it judges."""

import dataclasses
import typing
from collections.abc import Iterator
from typing import Annotated, Any

from audit.domain import commands, events
from audit.domain.facts import Identifier, Many, Ref
from audit.domain.keys import (
    LABELS,
    LOG,
    PERSONS,
    SESSIONS,
    SYRINGES,
    code_key,
    credential_key,
    entry_key,
    lot_key,
    public_key_key,
    sign_in_key,
)

_KEY_OF_PREFIX = {
    "c": "container",
    "s": "session",
    "pt": "patient",
    "p": "person",
    "pr": "product",
    "n": "count",
    "k": "case",
    "r": "receipt",
    "i": "inventory",
    "rp": "report",
}


def needed_keys(command: commands.Command, actor: str) -> set[str]:
    """Return the keys of everything a command names, and of its actor."""
    wanted = {LOG, f"person:{actor}"}
    for found in _identifiers(command):
        # What is no identifier at all is under no key: deciding then says that it is not known.
        key = _KEY_OF_PREFIX.get(found.partition("_")[0])
        if key:
            wanted.add(f"{key}:{found}")
    wanted |= {entry_key(ref.index) for ref in references(command)}
    return wanted | _more(command)


def _more(command: commands.Command) -> set[str]:
    """Return the keys that a command's identifiers do not tell: running numbers, names, codes, passkeys."""
    match command:
        case commands.TakeInventory() | commands.Receive():
            return {LABELS}
        case commands.OpenSession():
            return {SESSIONS}
        case commands.DrawDose():
            return {SYRINGES}
        case events.PersonEnrolled(sign_in=sign_in):
            return {sign_in_key(sign_in), PERSONS}
        case events.ProductRegistered(code_system=system, code=code):
            return {code_key(system, code)}
        case events.CredentialEnrolled(credential=credential, public_key=public_key):
            return {credential_key(credential), public_key_key(public_key)}
        case events.CredentialRevoked(credential=credential):
            return {credential_key(credential)}
        case events.CountRecorded(lots=lots) | commands.ConfirmCount(lots=lots):
            return {lot_key(line.product, line.lot) for line in lots}
        case _:
            return set()


def references(command: commands.Command) -> tuple[Ref, ...]:
    """Return the earlier entries a command refers to."""
    found = (getattr(command, name) for name in _names(type(command)))
    return tuple(value for value in found if isinstance(value, Ref))


def _identifiers(value: Any) -> Iterator[str]:  # noqa: ANN401 (a command or a record in it)
    for name, shape in _shapes(type(value)):
        held = getattr(value, name)
        if held is None or isinstance(held, Ref):
            continue
        if shape == "id":
            yield held
        elif shape == "ids":
            yield from held
        else:
            for one in held:
                yield from _identifiers(one)


# Read from the annotations once for each class: the same few dozen come with every act.
_NAMES: dict[Any, tuple[str, ...]] = {}
_SHAPES: dict[Any, tuple[tuple[str, str], ...]] = {}


def _names(cls: Any) -> tuple[str, ...]:  # noqa: ANN401 (a dataclass)
    made = _NAMES.get(cls)
    if made is None:
        made = _NAMES[cls] = tuple(field.name for field in dataclasses.fields(cls))
    return made


def _shapes(cls: Any) -> tuple[tuple[str, str], ...]:  # noqa: ANN401 (a dataclass)
    """Return the fields of a class that hold identifiers: one (`id`), several (`ids`) or in `records`."""
    made = _SHAPES.get(cls)
    if made is None:
        hints = typing.get_type_hints(cls, include_extras=True)
        made = _SHAPES[cls] = tuple((name, shape) for name in _names(cls) if (shape := _shape(hints[name])))
    return made


def _shape(hint: Any) -> str | None:  # noqa: ANN401 (a type annotation)
    inner = typing.get_args(hint)[0] if isinstance(_limit(hint), Many) else hint
    if typing.get_origin(inner) is tuple:
        member = typing.get_args(inner)[0]
        if dataclasses.is_dataclass(member):
            return "records"
        return "ids" if isinstance(_limit(member), Identifier) else None
    parts = (hint, *typing.get_args(hint))
    return "id" if any(isinstance(_limit(part), Identifier) for part in parts) else None


def _limit(hint: Any) -> object:  # noqa: ANN401 (a type annotation)
    return typing.get_args(hint)[1] if typing.get_origin(hint) is Annotated else None
