"""Vials on the shelf to choose from, and from a scanned or typed code to the vial it names.

Not here: the stock page and the printing of labels.
"""

import re
from dataclasses import dataclass

from audit.domain.book import Book, Container
from audit.domain.errors import Refused
from audit.domain.fold import vial_label
from audit.domain.postings import Account
from audit.services.reading import book_of, book_on_hand
from audit.storage import registers
from audit.storage.engine import read
from audit.web.desk import register
from audit.web.filters import amount

_LABEL = re.compile(r"V?-?0*([0-9]{1,9})", re.IGNORECASE)
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
    """Return the container that a scanned or typed label names: V-0412, v412, or the text of its code.

    Raises:
        Refused: `unknown_container`.
    """
    wanted = code.strip()
    inside = _CONTAINER.search(wanted)
    if inside and inside[0] in book_of(register(), {f"container:{inside[0]}"}).containers:
        return inside[0]
    last = wanted.rsplit("/", 1)[-1]
    number = _LABEL.fullmatch(last)
    found = _by_label(vial_label(int(number[1]))) if number else None
    if found is None:
        raise Refused("unknown_container", field)
    return found


def _by_label(label: str) -> str | None:
    on_hand = book_on_hand(register()).containers.values()
    here = next((vial.container for vial in on_hand if vial.label == label), None)
    if here is not None:
        return here
    # Not on the shelf: finished or in a session's custody. It is known all the same, and the act says why it is refused.
    with read(register().engine) as conn:
        known = registers.keyed(conn, register().site, "container")
    everything = book_of(register(), {f"container:{one}" for one in known}).containers.values()
    return next((vial.container for vial in everything if vial.label == label), None)


def _is_here(book: Book, vial: Container) -> bool:
    return not vial.is_syringe and vial.bag is None and book.balance(vial.container, Account.STOCK) > 0


def _words(vial: Container) -> str:
    state = "opened" if vial.opened_ms is not None else "sealed"
    strength = amount(vial.concentration_ug_per_ml)
    return f"{vial.label}, {strength} mg/mL, {amount(vial.content_ul)} mL, {state}, expires {vial.expiry}"
