"""What every event that a person may correct has in common."""

from dataclasses import dataclass

from audit.domain.facts import Ref


@dataclass(frozen=True, slots=True, kw_only=True)
class Correctable:
    """An entry that may be struck; one that takes another's place names that entry, struck just before it.

    The struck entry is long in the log, so the replacement is known, and can be signed, before its strike has a place.
    """

    replaces: Ref | None = None
