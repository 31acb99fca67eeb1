"""What the law, guidance and the clinic ask at a given day: values of a dated rule pack.

A policy flags, opens cases and decides what may close; it never decides whether a fact may be written.
Nothing here knows a country; reading the pack's file is `services.packs`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from audit.domain.errors import Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Where a value comes from: law, guidance or clinic policy, with its citation."""

    kind: Literal["law", "guidance", "policy"]
    citation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The values in force on one day, and for each the rule it comes from."""

    pack: str
    title: str
    version: str
    effective_from: str
    registration_name: str
    receipt_fields: frozenset[str]
    waste_needs_witness: bool
    waste_witness_professions: frozenset[str]
    witness_password_allowed: bool
    count_persons: int
    inventory_persons: int
    written_order_first: bool
    reading_tolerance_ul: int
    reading_posted: Literal["first", "second"]
    late_after_min: int
    rate_tolerance_permille: int
    overfill_limits_ul: tuple[tuple[int, int], ...]
    puncture_loss_ul: int
    case_due_days: int
    patient_record_years: int
    """For so many years after a patient's last entry their record is kept, identity and all."""
    patient_record_age_years: int
    """Of a patient who was younger at the last entry, the years count from the day they reach this age."""
    rules: tuple[tuple[str, Rule], ...]

    def overfill_limit_ul(self, container_volume_ul: int) -> int:
        """Return the overfill to expect in a container of this labelled size: that of the next smaller size listed."""
        fitting = [limit for size, limit in self.overfill_limits_ul if size <= container_volume_ul]
        return max(fitting, default=0)

    def is_late(self, *, occurred_ms: int, recorded_ms: int) -> bool:
        """Say whether an entry was written too long after what it states."""
        return recorded_ms - occurred_ms > self.late_after_min * 60_000

    def rule(self, key: str) -> Rule:
        """Return the source of a value by its name; KeyError for a name no pack has."""
        return dict(self.rules)[key]


@dataclass(frozen=True, slots=True)
class Pack:
    """All versions of one jurisdiction's rules, oldest first."""

    name: str
    title: str
    versions: tuple[Policy, ...]

    def on(self, day: str) -> Policy:
        """Return the policy in force on a local day (YYYY-MM-DD); the oldest one before its own start."""
        in_force = [policy for policy in self.versions if policy.effective_from <= day]
        return in_force[-1] if in_force else self.versions[0]


def parse_pack(document: Mapping[str, Any]) -> Pack:
    """Read a pack's document, as parsed from its file.

    Raises:
        Refused: `pack_malformed` naming the rule that is missing or of an unknown kind.
    """
    name, title = str(document["pack"]), str(document["title"])
    versions = sorted((_parse_version(name, title, part) for part in document["version"]), key=_start)
    return Pack(name, title, tuple(versions))


def _start(policy: Policy) -> str:
    return policy.effective_from


_PLAIN = (
    "registration_name",
    "waste_needs_witness",
    "witness_password_allowed",
    "count_persons",
    "inventory_persons",
    "written_order_first",
    "reading_tolerance_ul",
    "reading_posted",
    "late_after_min",
    "rate_tolerance_permille",
    "puncture_loss_ul",
    "case_due_days",
    "patient_record_years",
    "patient_record_age_years",
)
_SETS = ("receipt_fields", "waste_witness_professions")


def _parse_version(name: str, title: str, part: Mapping[str, Any]) -> Policy:
    values: dict[str, Any] = {key: _value(part, key) for key in _PLAIN}
    values |= {key: frozenset(_value(part, key)) for key in _SETS}
    limits: Mapping[str, int] = _value(part, "overfill_limits_ul")
    return Policy(
        pack=name,
        title=title,
        version=part["version"],
        effective_from=part["effective_from"],
        overfill_limits_ul=tuple(sorted((int(size), limit) for size, limit in limits.items())),
        rules=tuple(_rules(part, (*_PLAIN, *_SETS, "overfill_limits_ul"))),
        **values,
    )


def _value(part: Mapping[str, Any], key: str) -> Any:  # noqa: ANN401 (a value of the pack's file)
    if key not in part or "value" not in part[key]:
        raise Refused("pack_malformed", key)
    return part[key]["value"]


def _rules(part: Mapping[str, Any], keys: Sequence[str]) -> list[tuple[str, Rule]]:
    rules = []
    for key in keys:
        if part[key].get("kind") not in {"law", "guidance", "policy"} or not part[key].get("citation"):
            raise Refused("pack_malformed", key)
        rules.append((key, Rule(kind=part[key]["kind"], citation=part[key]["citation"])))
    return rules
