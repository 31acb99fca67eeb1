"""What a decision must know: the keys under which the entries concerned are found, before it judges."""

import dataclasses
import typing
from collections.abc import Iterator
from typing import Annotated, Any

from audit.domain import commands, events
from audit.domain.facts import Identifier, Many, Ref
from audit.domain.keys import LABELS, LOG, PERSONS, SESSIONS, SYRINGES, code_key, entry_key, lot_key, sign_in_key

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
        wanted.add(f"{_KEY_OF_PREFIX[found.partition('_')[0]]}:{found}")
    wanted |= {entry_key(ref.index) for ref in references(command)}
    match command:
        case commands.TakeInventory() | commands.Receive():
            wanted.add(LABELS)
        case commands.OpenSession():
            wanted.add(SESSIONS)
        case commands.DrawDose():
            wanted.add(SYRINGES)
        case events.PersonEnrolled(sign_in=sign_in):
            wanted |= {sign_in_key(sign_in), PERSONS}
        case events.ProductRegistered(code_system=system, code=code):
            wanted.add(code_key(system, code))
        case events.CountRecorded(lots=lots) | commands.ConfirmCount(lots=lots):
            wanted |= {lot_key(line.product, line.lot) for line in lots}
        case _:
            pass
    return wanted


def references(command: commands.Command) -> tuple[Ref, ...]:
    """Return the earlier entries a command refers to."""
    found = (getattr(command, field.name) for field in dataclasses.fields(command))
    return tuple(value for value in found if isinstance(value, Ref))


def _identifiers(value: Any) -> Iterator[str]:  # noqa: ANN401 (a command or a record in it)
    hints = typing.get_type_hints(type(value), include_extras=True)
    for field in dataclasses.fields(value):
        held = getattr(value, field.name)
        if held is None or isinstance(held, Ref):
            continue
        if isinstance(held, tuple):
            yield from _members(hints[field.name], held)
        elif _is_identifier(hints[field.name]):
            yield held


def _members(hint: Any, held: tuple[Any, ...]) -> Iterator[str]:  # noqa: ANN401 (a type annotation)
    inner = typing.get_args(hint)[0] if isinstance(_limit(hint), Many) else hint
    member = typing.get_args(inner)[0]
    for one in held:
        if dataclasses.is_dataclass(one):
            yield from _identifiers(one)
        elif isinstance(_limit(member), Identifier):
            yield one


def _is_identifier(hint: Any) -> bool:  # noqa: ANN401 (a type annotation)
    parts = (hint, *typing.get_args(hint))
    return any(isinstance(_limit(part), Identifier) for part in parts)


def _limit(hint: Any) -> object:  # noqa: ANN401 (a type annotation)
    return typing.get_args(hint)[1] if typing.get_origin(hint) is Annotated else None
