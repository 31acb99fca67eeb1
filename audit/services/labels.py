"""Labels of the clinic's own: which container a label is on, how lots are spelled, and the code printed on a label.

A label is found through the receipt, inventory or draw that gave it out; running numbers are never given twice. Not
here: reading what a scanner typed (`scanning`).
"""

from typing import Final

import zxingcpp

from audit.domain import events
from audit.domain.book import Container, Recorded
from audit.domain.labels import syringe_label, vial_label
from audit.services.reading import book_of
from audit.services.register import Register
from audit.storage import registers
from audit.storage.engine import read

_ARRIVALS: Final = ("inventory_taken", "receipt_recorded")
_MOST: Final = 5_000
"""Entries looked back through; a clinic with a delivery a day fills it in thirteen years."""


def find_container(register: Register, label: str) -> Container | None:
    """Return the container that carries a label such as V-0412 or S-0231; None where none does."""
    kinds = ("dose_drawn",) if label.startswith("S") else _ARRIVALS
    for entry in _entries(register, kinds):
        for container, printed in _labelled(entry):
            if printed == label:
                return book_of(register, {f"container:{container}"}).containers.get(container)
    return None


def known_spelling(register: Register, product: str, lot: str) -> str:
    """Return a lot as it was spelled when it arrived, whatever the case typed now; as typed where it never did."""
    for entry in _entries(register, _ARRIVALS):
        for line in _lines(entry.event):
            if line.product == product and line.lot.casefold() == lot.casefold():
                return line.lot
    return lot


def containers_of_lot(register: Register, product: str, lot: str) -> tuple[str, ...]:
    """Return every container that ever arrived of a lot, by the order of arrival."""
    return tuple(
        container
        for entry in reversed(_entries(register, _ARRIVALS))
        for line in _lines(entry.event)
        if (line.product, line.lot) == (product, lot)
        for container in _containers(line)
    )


def qr_svg(text: str) -> bytes:
    """Return a QR code (ISO/IEC 18004) as SVG with its quiet zone."""
    barcode = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode)
    drawn: str = barcode.to_svg(scale=4, add_quiet_zones=True)
    return drawn.encode("utf-8")


def _entries(register: Register, kinds: tuple[str, ...]) -> tuple[Recorded, ...]:
    with read(register.engine) as conn:
        return registers.newest(conn, register.site, limit=_MOST, kinds=kinds).entries


def _lines(event: events.Event) -> tuple[events.LotLine | events.LevelLine, ...]:
    match event:
        case events.ReceiptRecorded(lots=lots):
            return lots
        case events.InventoryTaken(lots=lots, opened=opened):
            return (*lots, *opened)
        case _:
            return ()


def _containers(line: events.LotLine | events.LevelLine) -> tuple[str, ...]:
    return line.containers if isinstance(line, events.LotLine) else (line.container,)


def _labelled(entry: Recorded) -> list[tuple[str, str]]:
    if isinstance(entry.event, events.DoseDrawn):
        return [(entry.event.syringe, syringe_label(entry.event.label))]
    made = []
    for line in _lines(entry.event):
        first = line.first_label if isinstance(line, events.LotLine) else line.label
        made += [(one, vial_label(first + number)) for number, one in enumerate(_containers(line))]
    return made
