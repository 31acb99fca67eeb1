"""The stock as its page shows it: per strength, open and held containers one by one, sealed ones by lot.

Strengths are never added. What waits for a second person is withheld with every sum it could be worked out from. Not
here: one container's life (`story_view.py`).
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from audit.domain.book import Book, Container
from audit.domain.postings import Account
from audit.domain.quantity import format_thousandths, volume_of
from audit.web.blind import is_withheld
from audit.web.desk import desk
from audit.web.filters import decimal_mark, format_day, moment

Group = Literal["sealed", "open", "held"]
GROUPS: tuple[Group, ...] = ("sealed", "open", "held")
SOON_DAYS = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class OnHand:
    """One container with something in it on the shelf or in a bag; level by the book, in ug and uL."""

    container: str
    label: str
    product: str
    strength: str
    mg_per_ml: int | None
    lot: str
    expiry: str
    days_left: int
    group: Group
    opened: str
    bag: str | None
    mass_ug: int
    volume_ul: int
    drug_ul: int
    """The volume of the labelled solution that holds as much, where the container holds it diluted."""
    share: int
    is_withheld: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """How many containers of a group, and what they hold; withheld together with any of them."""

    containers: int
    mass_ug: int
    volume_ul: int
    is_withheld: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LotView:
    """The sealed containers of one lot."""

    lot: str
    product: str
    expiry: str
    days_left: int
    vials: tuple[OnHand, ...]
    mass_ug: int
    volume_ul: int


@dataclass(slots=True, kw_only=True)
class StrengthView:
    """All of one strength and form."""

    label: str
    mg_per_ml: int | None
    sizes: str
    groups: dict[Group, Amount]
    lots: list[LotView] = field(default_factory=list)
    singles: list[OnHand] = field(default_factory=list)

    @property
    def mass_ug(self) -> int:
        """Return the sum of the groups."""
        return sum(group.mass_ug for group in self.groups.values())

    @property
    def volume_ul(self) -> int:
        """Return the sum of the groups."""
        return sum(group.volume_ul for group in self.groups.values())

    @property
    def is_withheld(self) -> bool:
        """Say whether a figure in it is withheld, so that no sum may show it."""
        return any(group.is_withheld for group in self.groups.values())


def stock_of(book: Book, viewer: str, today: str) -> list[StrengthView]:
    """Return what is on hand as one person may see it, by labelled strength, the strongest first."""
    by_strength: dict[tuple[int, str], list[OnHand]] = defaultdict(list)
    for container in book.containers.values():
        line = _on_hand(book, container, viewer, today)
        if line is not None:
            by_strength[(container.concentration_ug_per_ml, container.form)].append(line)
    return [_strength(by_strength[key], key[0]) for key in sorted(by_strength, reverse=True)]


def days_until(day: str, today: str) -> int:
    """Return how many days a day lies ahead; negative when it is past."""
    return (date.fromisoformat(day) - date.fromisoformat(today)).days


def local_stamp(moment_ms: int) -> str:
    """Return the site's local day and time of a moment."""
    local = moment(moment_ms, desk().offset_min(moment_ms))
    return f"{format_day(local)} {local:%H:%M}"


def mg_per_ml(concentration_ug_per_ml: int) -> int | None:
    """Return a strength in whole mg/mL, by which its mark is chosen; None for a broken one."""
    return concentration_ug_per_ml // 1000 if concentration_ug_per_ml % 1000 == 0 else None


def _on_hand(book: Book, container: Container, viewer: str, today: str) -> OnHand | None:
    held = book.balance(container.container, Account.HELD)
    mass = book.balance(container.container, Account.STOCK) + held
    if mass <= 0:
        return None
    product = book.products.get(container.product or "")
    group: Group = "held" if held else "open" if container.opened_ms else "sealed"
    each = container.mass_in(1000)
    return OnHand(
        container=container.container,
        label=container.label,
        product=product.name if product else "",
        strength=_decimal(each),
        mg_per_ml=mg_per_ml(each),
        lot=container.lot,
        expiry=container.expiry,
        days_left=days_until(container.expiry, today),
        group=group,
        opened=local_stamp(container.opened_ms) if container.opened_ms else "",
        bag=container.bag if held else None,
        mass_ug=mass,
        volume_ul=container.volume_in(mass),
        drug_ul=volume_of(mass, concentration_ug_per_ml=container.concentration_ug_per_ml),
        share=min(100, mass * 100 // container.content_ug) if container.content_ug else 0,
        is_withheld=is_withheld(book, container, viewer),
    )


def _strength(lines: list[OnHand], concentration_ug_per_ml: int) -> StrengthView:
    sizes = sorted({line.volume_ul for line in lines if line.group == "sealed"})
    return StrengthView(
        label=_decimal(concentration_ug_per_ml),
        mg_per_ml=mg_per_ml(concentration_ug_per_ml),
        sizes=", ".join(_decimal(size) for size in sizes),
        groups={group: _amount(line for line in lines if line.group == group) for group in GROUPS},
        lots=_lots([line for line in lines if line.group == "sealed"]),
        singles=sorted((line for line in lines if line.group != "sealed"), key=lambda line: line.label),
    )


def _amount(lines: Iterable[OnHand]) -> Amount:
    listed = list(lines)
    return Amount(
        containers=len(listed),
        mass_ug=sum(line.mass_ug for line in listed),
        volume_ul=sum(line.drug_ul for line in listed),
        is_withheld=any(line.is_withheld for line in listed),
    )


def _lots(sealed: list[OnHand]) -> list[LotView]:
    by_lot: dict[tuple[str, str, str], list[OnHand]] = defaultdict(list)
    for line in sealed:
        by_lot[(line.expiry, line.lot, line.product)].append(line)
    return [
        LotView(
            lot=lot,
            product=product,
            expiry=expiry,
            days_left=vials[0].days_left,
            vials=tuple(sorted(vials, key=lambda line: line.label)),
            mass_ug=sum(line.mass_ug for line in vials),
            volume_ul=sum(line.volume_ul for line in vials),
        )
        for (expiry, lot, product), vials in sorted(by_lot.items())
    ]


def _decimal(thousandths: int) -> str:
    return format_thousandths(thousandths, mark=decimal_mark())
