"""Small words that forms and pages of sessions share: amounts, choices to offer, the routes.

Not here: what coded values are called (`services.meanings`), whole sentences (`services.sentences`), refusals.
"""

from collections.abc import Mapping
from typing import TypeVar

from audit.domain import events
from audit.domain.book import Person
from audit.web.filters import amount

Value = TypeVar("Value", bound=str)

ROUTES: dict[events.Route, str] = {"iv": "IV", "im": "IM", "sc": "SC"}


def both(mass_ug: int, volume_ul: int) -> str:
    """Return an amount as mg with its mL: 16.5 mg (16.5 mL)."""
    return f"{amount(mass_ug)} mg ({amount(volume_ul)} mL)"


def choices(meanings: Mapping[Value, str]) -> list[tuple[str, str, str]]:
    """Return coded values with their words, as chips and choices take them."""
    return [(value, f"{words[:1].upper()}{words[1:]}", "") for value, words in meanings.items()]


def names(persons: Mapping[str, Person]) -> dict[str, str]:
    """Return everybody's name by identifier."""
    return {identifier: person.name for identifier, person in persons.items()}
