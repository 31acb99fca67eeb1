"""Where in a log an attack strikes: entries of some kind, before or after the head printed on paper."""

from collections.abc import Callable, Sequence

from audit.services.drill.forging import Told
from audit.services.drill.scene import NotApplicable

HARMLESS = ("product_registered", "patient_registered", "patient_unmasked", "case_noted", "rate_changed")
"""Kinds that no later entry depends on for what it posts."""


def latest(story: Sequence[Told], *kinds: str, missing: str, is_fit: Callable[[Told], bool] = lambda _: True) -> int:
    """Return the place of the newest entry of some kinds that would do.

    Raises:
        NotApplicable: the log has none; `missing` says what, after "the log has".
    """
    found = [at for at, told in enumerate(story) if told.kind in kinds and is_fit(told)]
    if not found:
        raise NotApplicable(missing)
    return found[-1]


def has_passkey(story: Sequence[Told], person: str) -> bool:
    """Say whether a person holds a passkey that was not revoked."""
    held: set[object] = set()
    for told in story:
        if told.facts.get("person") == person and told.kind == "credential_enrolled":
            held.add(told.facts["credential"])
        if told.kind == "credential_revoked":
            held.discard(told.facts["credential"])
    return bool(held)


def last_ms(story: Sequence[Told]) -> int:
    """Return when the newest entry was recorded."""
    return story[-1].recorded_ms
