"""An opening inventory that is too large for one entry: in parts, and a second person's count divided over them.

Pure. What one part may hold is judged by `domain.stock`; an entry stays under 16,384 bytes (log-format, section 2).
"""

from collections import Counter
from dataclasses import dataclass, field

from audit.domain import events
from audit.domain.book import Recorded
from audit.domain.commands import ConfirmInventory, LevelSeen, LotArrived, TakeInventory
from audit.domain.stock import MOST_PER_ENTRY

LINE_BYTES = 220
"""A line of a lot or of an opened container with the longest codes people print, without its containers."""
CONTAINER_BYTES = 26
ROOM_BYTES = 12_000


@dataclass(slots=True)
class _Part:
    lots: list[LotArrived] = field(default_factory=list)
    opened: list[LevelSeen] = field(default_factory=list)
    containers: int = 0

    @property
    def room(self) -> int:
        """Return how many more containers of a further line fit."""
        used = (len(self.lots) + len(self.opened) + 1) * LINE_BYTES + self.containers * CONTAINER_BYTES
        return min(MOST_PER_ENTRY - self.containers, (ROOM_BYTES - used) // CONTAINER_BYTES)


def in_parts(
    inventory: str, business_time: events.BusinessTime, lots: tuple[LotArrived, ...], opened: tuple[LevelSeen, ...]
) -> tuple[TakeInventory, ...]:
    """Return the commands that state an inventory: one, or several parts of one group."""
    parts = [_Part()]
    for lot in lots:
        _add_lot(parts, lot)
    for level in opened:
        if parts[-1].room < 1:
            parts.append(_Part())
        parts[-1].opened.append(level)
    return tuple(
        TakeInventory(
            inventory=inventory,
            business_time=business_time,
            lots=tuple(part.lots),
            opened=tuple(part.opened),
            part=number,
            parts=len(parts),
        )
        for number, part in enumerate(parts, start=1)
    )


def _add_lot(parts: list[_Part], lot: LotArrived) -> None:
    left = lot.containers
    while left:
        if parts[-1].room < 1:
            parts.append(_Part())
        here, left = left[: parts[-1].room], left[parts[-1].room :]
        parts[-1].lots.append(LotArrived(product=lot.product, lot=lot.lot, expiry=lot.expiry, containers=here))
        parts[-1].containers += len(here)


def answers_to(
    taken: tuple[Recorded, ...], lots: tuple[events.LotFound, ...], opened: tuple[events.LevelFound, ...]
) -> tuple[ConfirmInventory, ...]:
    """Return one answer to each part of an inventory, which together say what a second person found.

    A lot that runs over several parts fills them in order; what is too much stands in the last.
    """
    found = Counter[tuple[str, str]]()
    for line in lots:
        found[(line.product, line.lot)] += line.containers
    levels = {level.container: level for level in opened}
    answers = []
    for number, entry in enumerate(taken, start=1):
        event = entry.event
        if not isinstance(event, events.InventoryTaken):
            raise TypeError(f"expected an inventory, met entry {entry.index}")
        is_last = number == len(taken)
        own = _share(found, event, taken[number:])
        own += found if is_last else Counter()
        mine = [levels.pop(line.container) for line in event.opened if line.container in levels]
        mine += levels.values() if is_last else ()
        answers.append(
            ConfirmInventory(
                of=entry.ref,
                inventory=event.inventory,
                lots=tuple(
                    events.LotFound(product=product, lot=lot, containers=n) for (product, lot), n in own.items() if n
                ),
                opened=tuple(mine),
            )
        )
    return tuple(answers)


def _share(
    found: Counter[tuple[str, str]], part: events.InventoryTaken, later: tuple[Recorded, ...]
) -> Counter[tuple[str, str]]:
    """Take from what was found the share of one part; all of a lot that no later part has."""
    own = Counter[tuple[str, str]]()
    further = {(line.product, line.lot) for entry in later for line in getattr(entry.event, "lots", ())}
    for line in part.lots:
        place = (line.product, line.lot)
        share = min(found[place], len(line.containers)) if place in further else found[place]
        own[place] += share
        found[place] -= share
    return own
