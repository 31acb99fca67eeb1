"""The lines of a delivery while it is being typed: rows that buttons and scans add, fill and remove, without script.

Nothing here is an entry; signing the whole form is (`receive.py`). Works on a copy of what was typed, so that whatever
a person entered is still there after every button.
"""

from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from audit.domain import events
from audit.domain.commands import LotArrived
from audit.domain.errors import Refused
from audit.services.packs import CatalogueProduct, catalogue
from audit.services.scanning import Scanned, find_product, is_code_of, parse_scan
from audit.web.desk import register
from audit.web.forms import Form
from audit.web.products import COUNTRY_OF, product_words, registered

MOST_ROWS = 60
MOST_CONTAINERS = 300
_COLUMNS = ("product", "lot", "expiry", "containers")
_NEW = "new:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A scan that can be read in two ways: the lot whole, or a lot and a serial number with the separator lost."""

    code: str
    whole: str
    lot: str
    serial: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """What a scan filled in, in words for the page."""

    head: str
    text: str


def rows_of(typed: MultiDict[str, str]) -> list[int]:
    """Return the numbers of the rows on the form, at least one."""
    found = {int(name.removeprefix("product_")) for name in typed if name.removeprefix("product_").isdecimal()}
    return sorted(row for row in found if row < MOST_ROWS) or [0]


def add_row(typed: MultiDict[str, str]) -> int:
    """Append an empty row; return its number.

    Raises:
        Refused: `too_many_rows`.
    """
    row = rows_of(typed)[-1] + 1 if any(name.startswith("product_") for name in typed) else 0
    if row >= MOST_ROWS:
        raise Refused("too_many_rows", "lots", most=MOST_ROWS)
    for column in _COLUMNS:
        typed[f"{column}_{row}"] = ""
    return row


def remove_row(typed: MultiDict[str, str], row: str) -> None:
    """Take a row off the form; the others keep their numbers."""
    for column in _COLUMNS:
        typed.pop(f"{column}_{row}", None)


def answer_scan(typed: MultiDict[str, str], answer: str) -> Got | Question:
    """Fill a row by the code that was scanned, or ask how it is to be read.

    `answer` is how a question was answered: "whole", "split", or "" where none was asked.

    Raises:
        Refused: those of `parse_scan`.
    """
    code = typed.get("asked", "") if answer else typed.get("code", "")
    scanned = parse_scan(code)
    if scanned.split and not answer:
        return Question(code=code, whole=scanned.lot or "", lot=scanned.split[0], serial=scanned.split[1])
    typed["code"] = ""
    lot = scanned.split[0] if scanned.split and answer == "split" else scanned.lot or ""
    return _fill(typed, scanned, lot)


def product_options(scanned: str = "") -> list[tuple[str, str]]:
    """Return what a line may be of: registered products, then those of the catalogue that signing would register."""
    here = registered()
    taken = {(one.code_system, one.code) for one in here}
    country = COUNTRY_OF.get(register().pack.name, "US")
    offered = [
        (catalogue_value(one), f"{_words(one)} ({one.code_system.upper()} {one.code}), new")
        for one in catalogue()
        if (one.country == country or catalogue_value(one) == scanned) and (one.code_system, one.code) not in taken
    ]
    return [(one.product, product_words(one)) for one in here] + offered


def catalogue_value(product: CatalogueProduct) -> str:
    """Return how a form names a product that is not registered yet."""
    return f"{_NEW}{product.code_system}:{product.code}"


def read_lines(form: Form) -> tuple[list[LotArrived], list[events.ProductRegistered]]:
    """Return the lots on the form, and the products to be registered for them; what is wrong is kept in the form."""
    made: dict[str, events.ProductRegistered] = {}
    lots, number = [], 0
    for row in rows_of(form.typed):
        product, lot, expiry = _product(form, row, made), _lot(form, row), form.day(f"expiry_{row}")
        containers = form.count(f"containers_{row}", most=MOST_CONTAINERS)
        if containers == 0 and form.typed.get(f"containers_{row}", "").strip() == "0":
            form.refusals.append(Refused("zero_containers", f"containers_{row}"))
        ids = tuple(form.identifier("c", number + one) for one in range(containers))
        lots.append(LotArrived(product=product, lot=lot, expiry=expiry, containers=ids))
        number += containers
    return lots, list(made.values())


def _fill(typed: MultiDict[str, str], scanned: Scanned, lot: str) -> Got:
    product = _product_value(scanned)
    words = dict(product_options(product)).get(product, "")
    for row in rows_of(typed):
        if product and (typed.get(f"product_{row}"), typed.get(f"lot_{row}")) == (product, lot) and lot:
            return Got(head=f"Lot {lot} is listed already", text="Put the number of containers right in its line.")
    empty = [one for one in rows_of(typed) if _is_empty(typed, one)]
    row = empty[0] if empty else add_row(typed)
    typed[f"product_{row}"], typed[f"lot_{row}"] = product, lot
    typed[f"expiry_{row}"], typed[f"containers_{row}"] = scanned.expiry or "", ""
    said = ", ".join(
        part for part in (f"lot {lot}" if lot else "", f"expires {scanned.expiry}" if scanned.expiry else "") if part
    )
    if not product:
        return Got(
            head=f"Code {scanned.code} is of no product known here",
            text=f"Choose the product in the line below. {said}".strip(),
        )
    return Got(head=f"Read: {said or scanned.code}", text=words)


def _product_value(scanned: Scanned) -> str:
    found = find_product(scanned, {one.product: one for one in registered()})
    if found:
        return found
    offered = [catalogue_value(one) for one in catalogue() if is_code_of(scanned, one.code_system, one.code)]
    return offered[0] if len(offered) == 1 else ""


def _is_empty(typed: MultiDict[str, str], row: int) -> bool:
    return not any(typed.get(f"{column}_{row}", "").strip() for column in _COLUMNS)


def _product(form: Form, row: int, made: dict[str, events.ProductRegistered]) -> str:
    name = f"product_{row}"
    value = form.typed.get(name, "")
    if not value:
        form.refusals.append(Refused("required", name))
        return ""
    if not value.startswith(_NEW):
        return form.choice(name, tuple(one.product for one in registered()) or ("",))
    if value not in made:
        known = next((one for one in catalogue() if catalogue_value(one) == value), None)
        if known is None:
            form.refusals.append(Refused("choose_one", name))
            return ""
        made[value] = _registration(known, form.identifier("pr", len(made)))
    return made[value].product


def _registration(known: CatalogueProduct, identifier: str) -> events.ProductRegistered:
    return events.ProductRegistered(
        product=identifier,
        code_system=known.code_system,  # type: ignore[arg-type]  # the catalogue's are ndc and din
        code=known.code,
        name=known.name,
        labeller=known.labeller,
        form="solution",
        concentration_ug_per_ml=known.concentration_ug_per_ml,
        volume_ul=known.volume_ul,
        multi_dose=known.multi_dose,
        per_package=known.per_package,
    )


def _lot(form: Form, row: int) -> str:
    lot = form.text(f"lot_{row}", most=60)
    if lot and not (lot.isascii() and lot.isprintable()):
        form.refusals.append(Refused("malformed", f"lot_{row}"))
    return lot


def _words(one: CatalogueProduct) -> str:
    event = _registration(one, "")
    return product_words(event)
