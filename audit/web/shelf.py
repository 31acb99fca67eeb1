"""Vials on the shelf to choose from, and from a scanned or typed code to the vial it names.

Not here: the stock page and the printing of labels.
"""

import re
from dataclasses import dataclass

from audit.domain.book import Book, Container
from audit.domain.errors import Refused
from audit.domain.postings import Account
from audit.services.labels import find_container
from audit.services.reading import book_of, book_on_hand
from audit.services.scanning import parse_label
from audit.web.desk import register
from audit.web.filters import amount

_CONTAINER = re.compile(r"c_[0-9a-z]{4,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class OnShelf:
    """One vial that may be drawn from; what is left in it is on the draw page only."""

    container: str
    label: str
    words: str
    is_open: bool


def shelf() -> list[OnShelf]:
    """Return the vials on the shelf: opened ones first, then the earliest expiry."""
    book = book_on_hand(register())
    vials = [vial for vial in book.containers.values() if _is_here(book, vial)]
    vials.sort(key=lambda vial: (vial.opened_ms is None, vial.expiry, vial.label))
    return [
        OnShelf(container=vial.container, label=vial.label, words=_words(vial), is_open=vial.opened_ms is not None)
        for vial in vials
    ]


def find_vial(code: str, field: str = "code") -> str:
    """Return the container that a scanned or typed label names: V-0412, v412, 412, or the text of its printed code.

    Raises:
        Refused: `unknown_container`.
    """
    wanted = code.strip()
    inside = _CONTAINER.search(wanted)
    if inside and inside[0] in book_of(register(), {f"container:{inside[0]}"}).containers:
        return inside[0]
    last = wanted.rsplit("/", 1)[-1]
    label = parse_label(f"V-{last}" if last.isdecimal() and last.isascii() else last)
    found = find_container(register(), label) if label else None
    if found is None:
        raise Refused("unknown_container", field)
    return found.container


def _is_here(book: Book, vial: Container) -> bool:
    return not vial.is_syringe and vial.bag is None and book.balance(vial.container, Account.STOCK) > 0


def _words(vial: Container) -> str:
    state = "opened" if vial.opened_ms is not None else "sealed"
    strength = amount(vial.concentration_ug_per_ml)
    return f"{vial.label}, {strength} mg/mL, {amount(vial.content_ul)} mL, {state}, expires {vial.expiry}"
