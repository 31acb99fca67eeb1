"""How drug comes into the demo clinic: products, the opening inventory confirmed by two, deliveries of several lots."""

from dataclasses import dataclass
from datetime import date, timedelta

from audit.domain import commands, events
from audit.domain.facts import Ref
from audit.services.demo.desk import Desk, Scene
from audit.services.demo.people import MANAGER, PHARMACIST, Crew
from audit.services.demo.shelf import Product, Shelf, Vial, fresh_vial
from audit.services.packs import CatalogueProduct, catalogue

_CODES = (("0409-2053-10", 10), ("55150-438-10", 4), ("0409-2051-05", 3))
"""Codes of the catalogue and how many sealed vials are kept: 50, 10 and 100 mg/mL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplier:
    """A wholesaler that does not exist."""

    name: str
    address: str
    registration: str


_SUPPLIERS = (
    Supplier(name="Example Wholesale Drug", address="9 Warehouse Road, Placeholder City", registration="EX-W-000911"),
    Supplier(name="Sample Medical Supply", address="40 Depot Street, Sampleton", registration="EX-W-000940"),
)


def open_stock(desk: Desk, shelf: Shelf, today: date, old_expiry: str | None) -> None:
    """Register the products and state what the register starts from, counted by two people."""
    shelf.products = tuple(_register(desk, code, keep) for code, keep in _CODES)
    main, weak, strong = shelf.products
    lots = [_lot(desk, main, 12, today), _lot(desk, weak, 4, today), _lot(desk, strong, 3, today)]
    old = _lot(desk, main, 1, today, expiry=old_expiry) if old_expiry else []
    begun = _lot(desk, main, 1, today)[0]
    begun.level_ul = begun.book_ul = 6_400
    begun.opened_day = today.toordinal() - 3
    begun.loses_ul = begun.extra_ul = 0
    taken = desk.write(
        desk.order(
            MANAGER,
            commands.TakeInventory(
                inventory=desk.identifier("i"),
                business_time="opening",
                lots=tuple(_arrived(lot) for lot in (*lots, old) if lot),
                opened=(
                    commands.LevelSeen(
                        container=begun.container,
                        product=main.product,
                        lot=begun.lot,
                        expiry=begun.expiry,
                        volume_ul=begun.level_ul,
                    ),
                ),
            ),
        )
    )[0]
    shelf.sealed += [vial for lot in lots for vial in lot]
    shelf.opened.append(begun)
    shelf.set_aside = old[0] if old else None
    _confirm(desk, shelf, taken.event, taken.ref)


def _confirm(desk: Desk, shelf: Shelf, taken: events.Event, ref: Ref) -> None:
    inventory = taken.inventory if isinstance(taken, events.InventoryTaken) else ""
    desk.clock.now_ms += desk.seconds(240, 600)
    confirmed = commands.ConfirmInventory(
        of=ref,
        inventory=inventory,
        lots=tuple(
            events.LotFound(product=product, lot=lot, containers=number)
            for (product, lot), number in shelf.lots().items()
        ),
        opened=tuple(events.LevelFound(container=vial.container, volume_ul=vial.level_ul) for vial in shelf.counted()),
    )
    desk.write(desk.order(PHARMACIST, confirmed))


def deliveries(desk: Desk, shelf: Shelf, today: date, crew: Crew) -> Scene:
    """Receive what was ordered because the shelf ran low; a delivery may hold several lots and strengths."""
    low = [product for product in shelf.products if shelf.left(product) < product.stock_level]
    if not low:
        return
    lots: list[list[Vial]] = []
    for product in low:
        number = product.stock_level + desk.rng.choice((0, 2, 5))
        split = desk.rng.randint(1, number - 1) if desk.chance(350) else 0
        lots += [_lot(desk, product, part, today) for part in (number - split, split) if part]
    supplier = desk.rng.choice(_SUPPLIERS)
    ordered = today - timedelta(days=desk.rng.randint(1, 3))
    receiver = desk.rng.choice((MANAGER, crew.second))
    desk.write(
        desk.order(
            receiver,
            commands.Receive(
                receipt=desk.identifier("r"),
                supplier=supplier.name,
                supplier_address=supplier.address,
                supplier_registration=supplier.registration,
                invoice=f"EX-{desk.rng.randrange(10_000, 100_000)}",
                invoice_date=ordered.isoformat(),
                received_on=today.isoformat(),
                lots=tuple(_arrived(lot) for lot in lots),
            ),
        )
    )
    shelf.sealed += [vial for lot in lots for vial in lot]
    yield from ()


def _register(desk: Desk, code: str, keep: int) -> Product:
    known = next(one for one in catalogue() if one.code == code)
    product = desk.identifier("pr")
    desk.write(desk.order(MANAGER, _registered(product, known)))
    return Product(
        product=product,
        code=code,
        ug_per_ul=known.concentration_ug_per_ml // 1000,
        volume_ul=known.volume_ul,
        stock_level=keep,
    )


def _registered(product: str, known: CatalogueProduct) -> events.ProductRegistered:
    return events.ProductRegistered(
        product=product,
        code_system="ndc",
        code=known.code,
        name=known.name,
        labeller=known.labeller,
        form="solution",
        concentration_ug_per_ml=known.concentration_ug_per_ml,
        volume_ul=known.volume_ul,
        multi_dose=known.multi_dose,
        per_package=known.per_package,
    )


def _lot(desk: Desk, product: Product, number: int, today: date, *, expiry: str | None = None) -> list[Vial]:
    lot = f"EX{desk.rng.randrange(1_000, 10_000)}"
    until = expiry or (today + timedelta(days=desk.rng.randint(400, 800))).replace(day=28).isoformat()
    return [fresh_vial(desk.rng, product, desk.identifier("c"), lot=lot, expiry=until) for _ in range(number)]


def _arrived(lot: list[Vial]) -> commands.LotArrived:
    first = lot[0]
    return commands.LotArrived(
        product=first.product.product,
        lot=first.lot,
        expiry=first.expiry,
        containers=tuple(vial.container for vial in lot),
    )
