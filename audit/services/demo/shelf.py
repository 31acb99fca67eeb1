"""What is really on the demo clinic's shelf, beside what its register says: levels in uL, sealed vials by lot.

A count reads the levels here; the book learns of a loss only when somebody counts or empties the vial.
"""

from dataclasses import dataclass, field
from datetime import date
from random import Random

from audit.domain import events

FEWEST_UL = 300
"""A vial with less is not drawn from any more: what is in it is wasted in the evening."""
IN_USE_DAYS = 28


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A strength on the shelf: its identifier, ug in a uL, content of a vial in uL, vials to keep."""

    product: str
    code: str
    ug_per_ul: int
    volume_ul: int
    stock_level: int


@dataclass(slots=True, kw_only=True)
class Vial:
    """One vial: what can be seen in it, what the book says, what the maker put in beyond the label (all uL)."""

    container: str
    product: Product
    lot: str
    expiry: str
    level_ul: int
    book_ul: int
    extra_ul: int = 0
    opened_day: int | None = None
    loses_ul: int = 0
    unwritten: int = 0
    """Draws from it that are not in the register yet."""


@dataclass(slots=True, kw_only=True)
class Bag:
    """A syringe in a tamper bag: who locked it away, what was read on it (uL), when it may be opened."""

    syringe: str
    holder: str
    volume_ul: int
    day: int


@dataclass(slots=True)
class Shelf:
    """All vials and bags of the clinic."""

    products: tuple[Product, ...] = ()
    sealed: list[Vial] = field(default_factory=list)
    opened: list[Vial] = field(default_factory=list)
    bags: list[Bag] = field(default_factory=list)
    set_aside: Vial | None = None
    on_order: set[str] = field(default_factory=set)

    def counted(self) -> list[Vial]:
        """Return every vial that a count must find singly."""
        return [vial for vial in self.opened if vial.book_ul > 0]

    def lots(self) -> dict[tuple[str, str], int]:
        """Return the sealed vials by product and lot."""
        found: dict[tuple[str, str], int] = {}
        for vial in self.sealed + ([self.set_aside] if self.set_aside else []):
            place = (vial.product.product, vial.lot)
            found[place] = found.get(place, 0) + 1
        return found

    def left(self, product: Product) -> int:
        """Return how many sealed vials of a strength there are."""
        return sum(vial.product is product for vial in self.sealed)

    def take(self, product: Product, volume_ul: int, today: int) -> list[tuple[Vial, int]]:
        """Draw so much; return from which vials. The rest of one and some of the next where one does not hold it."""
        vial = self._working(product, today)
        room = vial.level_ul + vial.extra_ul
        if volume_ul <= room:
            _lower(vial, volume_ul)
            return [(vial, volume_ul)]
        # The last draw gets out whatever is in there, what the maker put in beyond the label too.
        taken = [(vial, room)]
        _lower(vial, room)
        fresh = self._open(product, today)
        rest = volume_ul - taken[0][1]
        _lower(fresh, rest)
        return [*taken, (fresh, rest)]

    def take_set_aside(self, vial: Vial, volume_ul: int, today: int) -> list[tuple[Vial, int]]:
        """Draw from the vial that was set aside."""
        self.set_aside = None
        vial.opened_day = today
        self.opened.append(vial)
        _lower(vial, volume_ul)
        return [(vial, volume_ul)]

    def another(self, vial: Vial) -> Vial | None:
        """Return a sealed vial of the same strength: the one that gets written down by mistake."""
        return next((other for other in self.sealed if other.product is vial.product), None)

    def spent(self, today: date) -> list[tuple[Vial, events.WasteReason]]:
        """Return the vials to be wasted this evening, each with its reason."""
        found: list[tuple[Vial, events.WasteReason]] = []
        for vial in self.opened:
            if vial.book_ul <= 0:
                continue
            if vial.expiry < today.isoformat():
                found.append((vial, "expired"))
            elif vial.opened_day is not None and today.toordinal() - vial.opened_day >= IN_USE_DAYS:
                found.append((vial, "in_use_limit"))
            elif vial.level_ul < FEWEST_UL:
                found.append((vial, "other"))
        return found

    def _working(self, product: Product, today: int) -> Vial:
        for vial in self.opened:
            in_date = vial.expiry >= date.fromordinal(today).isoformat()
            if vial.product is product and vial.level_ul >= FEWEST_UL and in_date:
                return vial
        return self._open(product, today)

    def _open(self, product: Product, today: int) -> Vial:
        vial = min((one for one in self.sealed if one.product is product), key=lambda one: (one.expiry, one.container))
        self.sealed.remove(vial)
        vial.opened_day = today
        self.opened.append(vial)
        return vial


def fresh_vial(rng: Random, product: Product, container: str, *, lot: str, expiry: str) -> Vial:
    """Return a sealed vial; some hold a little more than the label, some will lose a little at the punctures."""
    roll = rng.randrange(1000)
    return Vial(
        container=container,
        product=product,
        lot=lot,
        expiry=expiry,
        level_ul=product.volume_ul,
        book_ul=product.volume_ul,
        extra_ul=rng.randrange(100, product.volume_ul // 35, 20) if roll < 300 else 0,  # noqa: PLR2004 (30 %)
        loses_ul=rng.randrange(30, 90, 10) if roll >= 920 else 0,  # noqa: PLR2004 (8 %)
    )


def _lower(vial: Vial, volume_ul: int) -> None:
    vial.unwritten += 1
    vial.level_ul -= volume_ul
    if vial.level_ul < 0:
        vial.extra_ul += vial.level_ul
        vial.level_ul = 0
    # Lost once, at the third puncture or so; nobody notices before the count.
    if vial.loses_ul and vial.level_ul < vial.product.volume_ul * 3 // 4:
        vial.level_ul = max(0, vial.level_ul - vial.loses_ul)
        vial.loses_ul = 0
