"""What may come onto the shelf and leave it whole: inventory, receipts, taking and returning a container."""

from collections import Counter
from datetime import date

from audit.domain import events
from audit.domain.book import Book, Container
from audit.domain.commands import (
    ConfirmInventory,
    LevelSeen,
    LotArrived,
    Receive,
    ReturnContainer,
    Said,
    TakeContainer,
    TakeInventory,
)
from audit.domain.errors import Refused
from audit.domain.facts import Ref
from audit.domain.fold import local_day
from audit.domain.keys import LABELS
from audit.domain.policy import Policy
from audit.domain.postings import Account

MOST_PER_ENTRY = 300
"""Containers of one entry, so that it stays under 16,384 bytes; more are several parts of one group."""


def decide_product(book: Book, command: events.ProductRegistered) -> events.ProductRegistered:
    """Register a product whose code no other has.

    Raises:
        Refused: `product_known`, or an amount of zero.
    """
    for known in book.products.values():
        if (known.code_system, known.code) == (command.code_system, command.code):
            raise Refused("product_known", "code", product_code=command.code)
    if command.volume_ul == 0:
        raise Refused("zero", "volume")
    return command


def decide_inventory(book: Book, command: TakeInventory, said: Said) -> events.InventoryTaken:
    """State the opening stock; none on hand is said in so many words.

    Raises:
        Refused: those of the lots and levels.
    """
    lots, following = _label_lots(book, command.lots, command.replaces)
    opened = tuple(_level(book, line, following + number) for number, line in enumerate(command.opened))
    _day_not_after(said, said_day=local_day(said.occurred_ms, said.offset_min), field="occurred")
    return events.InventoryTaken(
        inventory=command.inventory,
        business_time=command.business_time,
        nothing_on_hand=not lots and not opened,
        lots=lots,
        opened=opened,
        part=command.part,
        parts=command.parts,
        replaces=command.replaces,
    )


def decide_confirm_inventory(
    book: Book, command: ConfirmInventory, policy: Policy, said: Said
) -> events.InventoryConfirmed:
    """State a second person's own count of the same stock, in agreement or not.

    Raises:
        Refused: `not_an_inventory`, `struck`, `own_second_person` or `already_confirmed`.
    """
    taken = book.inventories.get(command.of.index)
    if taken is None or not isinstance(taken.event, events.InventoryTaken) or taken.leaf != command.of.leaf:
        raise Refused("not_an_inventory", "of")
    if taken.actor == said.actor:
        raise Refused("own_second_person")
    if taken.index in book.confirmations:
        raise Refused("already_confirmed")
    return events.InventoryConfirmed(
        of=command.of,
        inventory=taken.event.inventory,
        agrees=_same_stock(taken.event, command, policy.reading_tolerance_ul),
        nothing_on_hand=not command.lots and not command.opened,
        lots=command.lots,
        opened=command.opened,
    )


def decide_receive(book: Book, command: Receive, policy: Policy, said: Said) -> events.ReceiptRecorded:
    """Record a delivery with what the jurisdiction asks of a receipt.

    Raises:
        Refused: `required` at a missing field, `future` for a day to come, and those of the lots.
    """
    for field in sorted(policy.receipt_fields):
        if not getattr(command, field, None):
            raise Refused("required", field, citation=policy.rule("receipt_fields").citation)
    if not command.lots:
        raise Refused("nothing_received", "lots")
    _day_not_after(said, said_day=_day(command.received_on, "received_on"), field="received_on")
    _day_not_after(said, said_day=_day(command.invoice_date, "invoice_date"), field="invoice_date")
    lots, _ = _label_lots(book, command.lots, command.replaces)
    return events.ReceiptRecorded(
        receipt=command.receipt,
        supplier=command.supplier,
        supplier_address=command.supplier_address,
        supplier_registration=command.supplier_registration,
        invoice=command.invoice,
        invoice_date=command.invoice_date,
        received_on=command.received_on,
        lots=lots,
        part=command.part,
        parts=command.parts,
        replaces=command.replaces,
    )


def decide_take(book: Book, command: TakeContainer) -> events.ContainerTaken:
    """Take a container with all it holds into a session's custody.

    Raises:
        Refused: `session_closed`, `not_on_shelf` and their like.
    """
    book.open_session(command.session)
    vial = on_shelf(book, command.container)
    mass = book.balance(vial.container, Account.STOCK)
    return events.ContainerTaken(
        session=command.session, container=vial.container, mass_ug=mass, replaces=command.replaces
    )


def decide_return(book: Book, command: ReturnContainer) -> events.ContainerReturned:
    """Return a container that was taken for a session, with all that is left in it.

    Raises:
        Refused: `session_closed` or `not_in_custody`.
    """
    book.open_session(command.session)
    vial = book.container(command.container)
    mass = book.balance(vial.container, Account.CUSTODY, command.session)
    if vial.is_syringe or mass <= 0:
        raise Refused("not_in_custody", "container", label=vial.label)
    return events.ContainerReturned(
        session=command.session, container=vial.container, mass_ug=mass, replaces=command.replaces
    )


def on_shelf(book: Book, container: str, field: str = "container") -> Container:
    """Return a vial that is on the shelf with something in it.

    Raises:
        Refused: `unknown_container`, `not_a_vial`, `finished` or `not_on_shelf`.
    """
    vial = book.container(container, field)
    if vial.is_syringe:
        raise Refused("not_a_vial", field, label=vial.label)
    if vial.is_finished:
        raise Refused("finished", field, label=vial.label)
    if book.balance(container, Account.STOCK) <= 0:
        raise Refused("not_on_shelf", field, label=vial.label)
    return vial


def _label_lots(
    book: Book, arrived: tuple[LotArrived, ...], replaces: Ref | None
) -> tuple[tuple[events.LotLine, ...], int]:
    """Give each container the next running label, a corrected one its own; return the lines and the label after."""
    kept = _kept_labels(book, replaces)
    following = book.series[LABELS] + 1
    if sum(len(lot.containers) for lot in arrived) > MOST_PER_ENTRY:
        raise Refused("too_many_containers", "lots", most=MOST_PER_ENTRY)
    lines = []
    for lot in arrived:
        product = book.product(lot.product)
        if not lot.containers:
            raise Refused("zero", "containers")
        lines.append(
            events.LotLine(
                product=lot.product,
                lot=lot.lot,
                expiry=_day(lot.expiry, "expiry"),
                volume_ul=product.volume_ul,
                mass_ug=_whole_mass(product),
                first_label=kept.get(lot.containers, following),
                containers=lot.containers,
            )
        )
        following += 0 if lot.containers in kept else len(lot.containers)
    return tuple(lines), following


def _kept_labels(book: Book, replaces: Ref | None) -> dict[tuple[str, ...], int]:
    struck = book.struck_event(replaces)
    if not isinstance(struck, events.InventoryTaken | events.ReceiptRecorded):
        return {}
    return {line.containers: line.first_label for line in struck.lots}


def _level(book: Book, line: LevelSeen, label: int) -> events.LevelLine:
    product = book.product(line.product)
    if line.volume_ul > product.volume_ul:
        raise Refused("more_than_label", "volume", volume_ul=line.volume_ul, label_ul=product.volume_ul)
    return events.LevelLine(
        container=line.container,
        product=line.product,
        lot=line.lot,
        expiry=_day(line.expiry, "expiry"),
        label=label,
        volume_ul=line.volume_ul,
        mass_ug=line.volume_ul * product.concentration_ug_per_ml // 1000,
    )


def _whole_mass(product: events.ProductRegistered) -> int:
    return product.volume_ul * product.concentration_ug_per_ml // 1000


def _same_stock(taken: events.InventoryTaken, second: ConfirmInventory, tolerance_ul: int) -> bool:
    sealed = Counter[tuple[str, str]]()
    for lot in taken.lots:
        sealed[(lot.product, lot.lot)] += len(lot.containers)
    found = Counter[tuple[str, str]]()
    for line in second.lots:
        found[(line.product, line.lot)] += line.containers
    levels = {level.container: level.volume_ul for level in taken.opened}
    seen = {level.container: level.volume_ul for level in second.opened}
    return +sealed == +found and same_levels(levels, seen, tolerance_ul)


def same_levels(first: dict[str, int], second: dict[str, int], tolerance_ul: int) -> bool:
    """Say whether two people read the same containers, each within the tolerance in uL."""
    return first.keys() == second.keys() and all(abs(first[one] - second[one]) <= tolerance_ul for one in first)


def _day(text: str, field: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise Refused("not_a_date", field, typed=text[:40]) from None
    return text


def _day_not_after(said: Said, *, said_day: str, field: str) -> None:
    today = local_day(said.now_ms, said.offset_min)
    if said_day > today:
        raise Refused("future_day", field, day=said_day, today=today)
