"""Which fields an object has and how each is spelled, stated as data and checked in one place.

Only what an entry's envelope needs; facts of the domain are read into its own types, by its own code.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from audit.tlog.canonical import MAX_INT


class ShapeRefused(ValueError):
    """A field is missing, unknown or misspelt. Names the field and what was expected, never what was met there."""


class Rule(NamedTuple):
    """What holds for one field, and the same in words after "expected"."""

    holds: Callable[[object], bool]
    words: str


class Shape:
    """The fields that an object must have and those it may have."""

    def __init__(self, required: Mapping[str, Rule], optional: Mapping[str, Rule] | None = None) -> None:
        self._required = frozenset(required)
        self._rules = {**required, **(optional or {})}
        self._holds = {name: rule.holds for name, rule in self._rules.items()}

    def check(self, value: object, place: str) -> Mapping[str, object]:
        """Return the object, all rules held; `place` leads to it, its text is valid Unicode. Raises ShapeRefused."""
        if type(value) is not dict:
            raise ShapeRefused(f"{place}: expected an object")
        if missing := self._required - value.keys():
            raise ShapeRefused(f"{_join(place, min(missing))}: expected this field, met none")
        for name, item in value.items():
            holds = self._holds.get(name)
            if holds is None:
                raise ShapeRefused(f"{place or 'entry'}: expected no field besides {', '.join(sorted(self._rules))}")
            if not holds(item):
                raise ShapeRefused(f"{_join(place, name)}: expected {self._rules[name].words}")
        return value


def integer(least: int, most: int = MAX_INT) -> Rule:
    """An integer within both bounds; a boolean is none."""
    words = f"an integer from {least} to {most}"
    return Rule(lambda value: type(value) is int and least <= value <= most, words)


def text(max_bytes: int) -> Rule:
    """Text that is not empty and has at most so many bytes in UTF-8."""
    words = f"text of 1 to {max_bytes} bytes"
    return Rule(lambda value: type(value) is str and 0 < len(value.encode()) <= max_bytes, words)


def matching(pattern: re.Pattern[str], words: str) -> Rule:
    """Text that the whole pattern matches."""
    fullmatch = pattern.fullmatch
    return Rule(lambda value: type(value) is str and fullmatch(value) is not None, words)


def one_or_more_of(names: Sequence[str]) -> Rule:
    """A list of some of these names, none of them twice."""
    return Rule(lambda value: _is_choice(value, names), f"one or more of {', '.join(names)}, none twice")


def _join(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _is_choice(value: object, names: Sequence[str]) -> bool:
    if type(value) is not list or not value:
        return False
    return all(item in names for item in value) and len(set(value)) == len(value)
