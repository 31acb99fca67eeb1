"""What every event that a person may correct has in common."""

from dataclasses import dataclass

from audit.domain.facts import Ref


@dataclass(frozen=True, slots=True, kw_only=True)
class Correctable:
    """An entry that may be struck; one that takes another's place names the strike it answers."""

    replaces: Ref | None = None
