"""What both people of an opening inventory found, line by line, as its page shows it.

Only for a viewer who may see the first figures: who stated them, or anybody once the second person has answered.
"""

from dataclasses import dataclass

from audit.domain import events
from audit.services.setting_up import Inventory
from audit.web.products import product_words


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One lot of sealed containers, or one opened container, as both people found it."""

    product: str
    lot: str
    expiry: str
    label: str
    first: int | None
    second: int | None
    concentration_ug_per_ml: int


def figures(found: Inventory, products: tuple[events.ProductRegistered, ...]) -> dict[str, list[Line]]:
    """Return both people's figures side by side, the second one's None until they are given."""
    book = found.book
    words = {one.product: product_words(one) for one in products}
    strengths = {one.product: one.concentration_ug_per_ml for one in products}
    lots: dict[tuple[str, str], Line] = {}
    levels: dict[str, Line] = {}
    answered = _answered(found)
    for part in found.parts:
        for line in getattr(part.event, "lots", ()):
            known = lots.get((line.product, line.lot))
            lots[(line.product, line.lot)] = Line(
                product=words.get(line.product, ""),
                lot=line.lot,
                expiry=line.expiry,
                label="",
                first=len(line.containers) + (known.first or 0 if known else 0),
                second=answered.lots.get((line.product, line.lot), 0) if found.is_answered else None,
                concentration_ug_per_ml=strengths.get(line.product, 0),
            )
        for line in getattr(part.event, "opened", ()):
            levels[line.container] = Line(
                product=words.get(line.product, ""),
                lot=line.lot,
                expiry=line.expiry,
                label=book.containers[line.container].label,
                first=line.volume_ul,
                second=answered.levels.get(line.container) if found.is_answered else None,
                concentration_ug_per_ml=strengths.get(line.product, 0),
            )
    further = [
        Line(product=words.get(product, ""), lot=lot, expiry="", label="", first=0, second=n, concentration_ug_per_ml=0)
        for (product, lot), n in answered.lots.items()
        if (product, lot) not in lots and n
    ]
    return {"lots": [*lots.values(), *further], "levels": list(levels.values())}


@dataclass(frozen=True, slots=True)
class _Answered:
    lots: dict[tuple[str, str], int]
    levels: dict[str, int]


def _answered(found: Inventory) -> _Answered:
    lots: dict[tuple[str, str], int] = {}
    levels: dict[str, int] = {}
    for entry in found.answers:
        for line in getattr(entry.event, "lots", ()):
            lots[(line.product, line.lot)] = lots.get((line.product, line.lot), 0) + line.containers
        for level in getattr(entry.event, "opened", ()):
            levels[level.container] = level.volume_ul
    return _Answered(lots, levels)
