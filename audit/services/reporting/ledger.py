"""The ledger of each strength by container: what came in, what went out, what was left, entry by entry.

A syringe is written with the vial it was drawn from, so that a draw moves nothing out of the clinic; a draw from
several vials moves the others' share over. Struck entries are printed where they stood and move nothing.
"""

from collections import defaultdict

from audit.domain import events
from audit.domain.book import Recorded
from audit.domain.postings import ON_HAND, postings
from audit.domain.reconcile import Strength as Kind
from audit.reports.model import Ledger, LedgerRow, LedgerSection
from audit.reports.values import Amount
from audit.services.meanings import TITLES
from audit.services.reporting.figures import amount, marks, strength, when
from audit.services.reporting.snapshot import Snapshot, strength_of

Moves = dict[int, int]


def ledgers(shot: Snapshot) -> tuple[Ledger, ...]:
    """Return a ledger for each strength that had something at the start or moved in the period."""
    groups = _groups(shot)
    active = _moves(shot, groups)
    struck = _struck_moves(shot, groups)
    made = []
    for one in shot.statements:
        sections = [
            section
            for group in sorted(groups_of(shot, groups, one.strength), key=lambda vial: _label(shot, vial))
            if (section := _section(shot, one.strength, group, active[group], struck[group]))
        ]
        made.append(Ledger(strength=strength(one.strength), sections=tuple(sections)))
    return tuple(ledger for ledger in made if ledger.sections)


def groups_of(shot: Snapshot, groups: dict[str, str], kind: Kind) -> set[str]:
    """Return the vials of a strength under which everything is written."""
    return {group for container, group in groups.items() if strength_of(shot.book.containers[container]) == kind}


def _groups(shot: Snapshot) -> dict[str, str]:
    """Return under which vial each container is written."""
    groups = {}
    for vial in shot.book.containers.values():
        groups[vial.container] = vial.sources[0] if vial.sources else vial.container
    return groups


def _moves(shot: Snapshot, groups: dict[str, str]) -> dict[str, Moves]:
    """Return by vial and entry how much more or less was on hand after it, in ug; zero for a move inside."""
    found: dict[str, Moves] = defaultdict(lambda: defaultdict(int))
    for one in shot.posted:
        if one.account in ON_HAND:
            found[groups[one.container]][one.entry.index] += one.mass_ug
    return found


def _struck_moves(shot: Snapshot, groups: dict[str, str]) -> dict[str, Moves]:
    """Return the same for struck entries, as they once claimed; what only they made is left out."""
    found: dict[str, Moves] = defaultdict(lambda: defaultdict(int))
    for index in shot.book.struck:
        for posting in postings(shot.entries[index].event) if index < shot.size else ():
            group = groups.get(posting.container) or _source(shot.entries[index])
            if posting.account in ON_HAND and group in shot.book.containers:
                found[group][index] += posting.mass_ug
    return found


def _source(entry: Recorded) -> str:
    return entry.event.sources[0].container if isinstance(entry.event, events.DoseDrawn) else ""


def _section(shot: Snapshot, kind: Kind, vial: str, active: Moves, struck: Moves) -> LedgerSection | None:
    period = shot.period
    before = sum(mass for index, mass in active.items() if shot.effects[index] < period.from_ms)
    inside = [index for index in active if period.from_ms <= shot.effects[index] < period.until_ms]
    void = [index for index in struck if period.from_ms <= shot.entries[index].occurred_ms < period.until_ms]
    if not before and not inside and not void:
        return None
    balance = before
    rows = []
    for index in sorted({*inside, *void}):
        is_struck = index in shot.book.struck
        moved = struck[index] if is_struck else active[index]
        balance += 0 if is_struck else moved
        rows.append(_row(shot, shot.entries[index], moved, amount(balance, kind), kind))
    known = shot.book.containers[vial]
    detail = f"lot {known.lot}, expires {known.expiry[:7]}" if known.lot else ""
    return LedgerSection(title=known.label, detail=detail, opening=amount(before, kind), rows=tuple(rows))


def _row(shot: Snapshot, entry: Recorded, moved: int, balance: Amount, kind: Kind) -> LedgerRow:
    return LedgerRow(
        when=when(entry),
        entry=entry.index,
        act=_act(entry, moved),
        detail=_detail(shot, entry, kind),
        into=amount(moved, kind) if moved > 0 else None,
        out=amount(-moved, kind) if moved < 0 else None,
        balance=balance,
        who=shot.teller.named(entry.actor),
        witness=witness_of(shot, entry),
        marks=marks(shot, entry),
        struck_by=shot.book.struck.get(entry.index),
    )


def _act(entry: Recorded, moved: int) -> str:
    match entry.event:
        case events.RemainderRead():
            return "Given" if moved < 0 else "Remainder read"
        case events.RemainderReread():
            return "Given, second reading" if moved else "Remainder read again"
        case events.WasteRecorded(reason=reason):
            return f"Wasted, {reason.replace('_', ' ')}"
        case events.ReceiptRecorded():
            return "Received"
        case events.DoseDrawn():
            return "Drawn"
        case events.CaseClosed(outcome=outcome):
            return {"loss": "Lost", "gain": "Found", "explained": "Explained"}.get(outcome, "Case closed")
        case _:
            return TITLES[type(entry.event)]


def _detail(shot: Snapshot, entry: Recorded, kind: Kind) -> str:
    session = shot.teller.session(getattr(entry.event, "session", None)).capitalize()
    replaces = getattr(entry.event, "replaces", None)
    parts = [session]
    match entry.event:
        case events.DoseDrawn(mass_ug=mass):
            inside = amount(mass, kind)
            parts.append(f"{shot.teller.amount(inside.mass_ug, inside.volume_ul)}")
        case events.ReceiptRecorded(invoice=invoice):
            parts.append(f"Invoice {invoice}")
        case events.RemainderHeld(bag=bag):
            parts.append(f"Bag {bag}")
        case _:
            pass
    if replaces is not None:
        parts.append(f"replaces entry {replaces.index:,}")
    return ", ".join(part for part in parts if part)


def witness_of(shot: Snapshot, entry: Recorded) -> str:
    """Return who stood beside an entry as second person, if anybody."""
    match entry.event:
        case events.WasteRecorded():
            waste = shot.book.wastes.get(entry.index)
            return shot.teller.named(waste.witness) if waste is not None and waste.witness else ""
        case events.InventoryTaken():
            confirmed = shot.book.confirmations.get(entry.index)
            agrees = confirmed is not None and getattr(confirmed.event, "agrees", False)
            return shot.teller.named(confirmed.actor) if confirmed is not None and agrees else ""
        case _:
            return ""


def _label(shot: Snapshot, vial: str) -> str:
    known = shot.book.containers.get(vial)
    return known.label if known else vial
