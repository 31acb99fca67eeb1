"""Every waste of the period by strength: who wasted, who witnessed, how long it took."""

from audit.domain import events
from audit.domain.book import Recorded, Waste
from audit.reports.model import Wastage, WasteLine
from audit.services.meanings import METHODS, WASTE_REASONS
from audit.services.reporting.figures import amount, marks, strength, when
from audit.services.reporting.ledger import witness_of
from audit.services.reporting.snapshot import Snapshot, strength_of


def wastages(shot: Snapshot) -> tuple[Wastage, ...]:
    """Return the wastes of each strength that wasted in the period."""
    made = []
    read_at = _readings(shot)
    for one in shot.statements:
        found = [
            waste
            for waste in shot.book.wastes.values()
            if shot.is_in_period(shot.entries[waste.index])
            and strength_of(shot.book.containers[waste.container]) == one.strength
        ]
        if found:
            lines = tuple(_line(shot, waste, read_at) for waste in sorted(found, key=lambda waste: waste.index))
            last = shot.entries[found[-1].index]
            made.append(
                Wastage(
                    strength=strength(one.strength),
                    lines=lines,
                    limit_ms=shot.policy(last).late_after_min * 60_000,
                    note=_rule(shot, last),
                )
            )
    return tuple(made)


def _readings(shot: Snapshot) -> dict[int, Recorded]:
    """Return for each waste the first reading of what it emptied, the latest before it."""
    latest: dict[str, Recorded] = {}
    found: dict[int, Recorded] = {}
    for entry in shot.entries:
        if isinstance(entry.event, events.RemainderRead):
            latest[entry.event.container] = entry
        elif isinstance(entry.event, events.WasteRecorded) and entry.event.container in latest:
            found[entry.index] = latest[entry.event.container]
    return found


def _line(shot: Snapshot, waste: Waste, read_at: dict[int, Recorded]) -> WasteLine:
    entry = shot.entries[waste.index]
    vial = shot.book.containers[waste.container]
    reading = read_at.get(waste.index)
    delay = waste.witnessed_ms - reading.occurred_ms if waste.witnessed_ms is not None and reading else None
    event = entry.event
    reason = WASTE_REASONS[event.reason] if isinstance(event, events.WasteRecorded) else ""
    session = shot.teller.session(waste.session)
    return WasteLine(
        when=when(entry),
        entry=entry.index,
        act=f"{vial.label}, {session}" if session else vial.label,
        amount=amount(waste.mass_ug, strength_of(vial)),
        who=shot.teller.named(waste.actor),
        witness=witness_of(shot, entry),
        delay_ms=max(delay, 0) if delay is not None else None,
        reason=f"{reason}, {METHODS[waste.method]}",
        marks=marks(shot, entry),
    )


def _rule(shot: Snapshot, entry: Recorded) -> str:
    policy = shot.policy(entry)
    rule = policy.rule("waste_needs_witness")
    wanted = "wants a witness" if policy.waste_needs_witness else "wants no witness"
    return f"{policy.title} {policy.version} {wanted} for a waste ({rule.kind}: {rule.citation})."
