"""What a person finds while counting, as rows of a form: scans and buttons add them, the signature makes the entry.

Nothing that is expected is ever in these rows: only what was scanned or typed on this form. Works without script. Not
here: comparing two people or a book (`services.counting`).
"""

from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from audit.domain import events
from audit.domain.book import Container
from audit.domain.errors import Refused
from audit.services.labels import find_container, known_spelling
from audit.services.reading import book_of
from audit.services.scanning import Scanned, find_product, parse_label, parse_scan
from audit.web.desk import register
from audit.web.forms import Form
from audit.web.products import product_words, registered
from audit.web.stock_view import mg_per_ml

MOST_ROWS = 100
_LOT = ("lot_product_", "lot_", "number_")
_LEVEL = ("container_", "level_")
_FEW_DIGITS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class LotRow:
    """Sealed containers of a lot, as found so far."""

    row: int
    product: str
    words: str
    lot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelRow:
    """One open container, with its strength for showing mg while mL are typed."""

    row: int
    container: str
    label: str
    words: str
    mass_ug: int
    volume_ul: int
    mg_per_ml: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a scan did, in words; `sealed` is the label counted as sealed, `row` the level row to type into."""

    head: str
    text: str = ""
    sealed: str = ""
    row: int | None = None


def lot_rows(typed: MultiDict[str, str]) -> list[LotRow]:
    """Return the lots on the form."""
    words = {one.product: product_words(one) for one in registered()}
    return [
        LotRow(row=row, product=product, words=words[product], lot=typed.get(f"lot_{row}", ""))
        for row in _rows(typed, "lot_product_")
        if (product := typed.get(f"lot_product_{row}", "")) in words
    ]


def level_rows(typed: MultiDict[str, str]) -> list[LevelRow]:
    """Return the open containers on the form."""
    rows = _rows(typed, "container_")
    book = book_of(register(), {f"container:{typed.get(f'container_{row}', '')}" for row in rows})
    found = [(row, book.containers.get(typed.get(f"container_{row}", ""))) for row in rows]
    return [_level_row(row, vial) for row, vial in found if vial is not None]


def change(typed: MultiDict[str, str], do: str) -> Found | None:
    """Carry out a button or a scan on the rows.

    Raises:
        Refused: the code is unknown, or its label is listed already.
    """
    if do.startswith("drop_lot_"):
        _drop(typed, _LOT, do.removeprefix("drop_lot_"))
        return None
    if do.startswith("drop_level_"):
        _drop(typed, _LEVEL, do.removeprefix("drop_level_"))
        return None
    if do.startswith("opened_"):
        return _seal_is_broken(typed, do.removeprefix("opened_"))
    if do == "add":
        return _add_typed(typed)
    return _scan(typed)


def read_found(form: Form) -> tuple[tuple[events.LotFound, ...], tuple[events.LevelFound, ...]]:
    """Return what was found; what is wrong is kept in the form."""
    lots = tuple(
        events.LotFound(product=row.product, lot=row.lot, containers=form.count(f"number_{row.row}"))
        for row in lot_rows(form.typed)
    )
    levels = tuple(_level(form, row) for row in level_rows(form.typed))
    if form.typed.get("add_lot", "").strip():
        form.refusals.append(Refused("line_not_added", "add_lot"))
    is_empty = not lots and not levels
    if is_empty and not form.ticked("nothing"):
        form.refusals.append(Refused("say_nothing", "nothing"))
    if not is_empty and form.ticked("nothing"):
        form.refusals.append(Refused("not_nothing", "nothing"))
    return lots, levels


def _level(form: Form, row: LevelRow) -> events.LevelFound:
    name = f"level_{row.row}"
    volume = form.amount(name)
    if volume > 2 * row.volume_ul:
        form.refusals.append(
            Refused("more_than_twice", name, volume_ul=volume, label=row.label, content_ul=row.volume_ul)
        )
    return events.LevelFound(container=row.container, volume_ul=volume)


def _scan(typed: MultiDict[str, str]) -> Found | None:
    code = typed.get("code", "").strip()
    if not code:
        return None
    few = code.isascii() and code.isdecimal() and len(code) <= _FEW_DIGITS
    label = parse_label(f"V-{code}" if few else code)
    found = _scan_label(typed, label) if label else _scan_product(typed, parse_scan(code))
    typed["code"] = ""
    return found


def _scan_label(typed: MultiDict[str, str], label: str) -> Found:
    vial = find_container(register(), label)
    if vial is None:
        raise Refused("unknown_label", "code", typed=label)
    if label in _seen(typed) or any(row.container == vial.container for row in level_rows(typed)):
        raise Refused("label_listed", "code", label=label)
    if vial.opened_ms is not None or vial.is_syringe or vial.product is None:
        return _add_level(typed, vial)
    row = _add_to_lot(typed, vial.product, vial.lot)
    typed["seen"] = f"{typed.get('seen', '')} {label}:{row}".strip()
    return Found(head=f"{label} counted as sealed", text=f"Lot {vial.lot}, now {typed[f'number_{row}']}", sealed=label)


def _scan_product(typed: MultiDict[str, str], scanned: Scanned) -> Found:
    product = find_product(scanned, {one.product: one for one in registered()})
    if product is None:
        raise Refused("code_not_registered", "code", typed=scanned.code)
    if not scanned.lot:
        typed["add_product"] = product
        return Found(head="Product read", text="Type its lot and how many there are.")
    row = _add_to_lot(typed, product, _lot_of(product, scanned))
    return Found(head=f"Lot {typed[f'lot_{row}']}", text=f"Now {typed[f'number_{row}']} sealed")


def _lot_of(product: str, scanned: Scanned) -> str:
    """Return the lot; where a separator may be lost, the reading that ever arrived here."""
    whole = scanned.lot or ""
    if scanned.split is None or known_spelling(register(), product, whole.swapcase()) == whole:
        return known_spelling(register(), product, whole)
    short = scanned.split[0]
    return short if known_spelling(register(), product, short.swapcase()) == short else whole


def _add_typed(typed: MultiDict[str, str]) -> Found:
    product, lot, number = (typed.get(f"add_{name}", "").strip() for name in ("product", "lot", "number"))
    if product not in {one.product for one in registered()}:
        raise Refused("choose_one", "add_product")
    if not lot:
        raise Refused("required", "add_lot")
    if not (lot.isascii() and lot.isprintable()) or len(lot) > 60:  # noqa: PLR2004 (a code's limit in the log)
        raise Refused("malformed", "add_lot")
    counted = Form(MultiDict({"add_number": number}))
    containers = counted.count("add_number")
    if counted.refusals:
        raise counted.refusals[0]
    row = _add_to_lot(typed, product, known_spelling(register(), product, lot), containers)
    for name in ("add_lot", "add_number"):
        typed[name] = ""
    return Found(head=f"Lot {typed[f'lot_{row}']}", text=f"Now {typed[f'number_{row}']} sealed")


def _seal_is_broken(typed: MultiDict[str, str], label: str) -> Found | None:
    """Take back a container counted as sealed, and ask for its level."""
    vial, row = find_container(register(), label), _seen(typed).get(label)
    if vial is None or row is None:
        return None
    typed["seen"] = " ".join(f"{one}:{at}" for one, at in _seen(typed).items() if one != label)
    number = typed.get(f"number_{row}", "")
    left = int(number) - 1 if number.isascii() and number.isdecimal() else 0
    if left > 0:
        typed[f"number_{row}"] = str(left)
    else:
        _drop(typed, _LOT, row)
    return _add_level(typed, vial)


def _add_level(typed: MultiDict[str, str], vial: Container) -> Found:
    row = _next(typed, "container_")
    typed[f"container_{row}"], typed[f"level_{row}"] = vial.container, ""
    return Found(head=f"{vial.label}, open", text="Read its level and type it.", row=row)


def _add_to_lot(typed: MultiDict[str, str], product: str, lot: str, containers: int = 1) -> int:
    for known in lot_rows(typed):
        if (known.product, known.lot) == (product, lot):
            number = typed.get(f"number_{known.row}", "").strip()
            before = int(number) if number.isascii() and number.isdecimal() and len(number) <= _FEW_DIGITS else 0
            typed[f"number_{known.row}"] = str(before + containers)
            return known.row
    row = _next(typed, "lot_product_")
    typed[f"lot_product_{row}"], typed[f"lot_{row}"], typed[f"number_{row}"] = product, lot, str(containers)
    return row


def _seen(typed: MultiDict[str, str]) -> dict[str, str]:
    """Return the labels counted as sealed on this form, each with its row."""
    pairs = [one.partition(":") for one in typed.get("seen", "").split()]
    return {label: row for label, _, row in pairs if parse_label(label) == label}


def _drop(typed: MultiDict[str, str], columns: tuple[str, ...], row: str) -> None:
    for column in columns:
        typed.pop(f"{column}{row}", None)
    if columns is _LOT:
        typed["seen"] = " ".join(f"{label}:{at}" for label, at in _seen(typed).items() if at != row)


def _rows(typed: MultiDict[str, str], column: str) -> list[int]:
    numbers = (name.removeprefix(column) for name in typed if name.startswith(column))
    return sorted({int(one) for one in numbers if one.isascii() and one.isdecimal() and len(one) <= _FEW_DIGITS})[
        :MOST_ROWS
    ]


def _next(typed: MultiDict[str, str], column: str) -> int:
    rows = _rows(typed, column)
    if len(rows) >= MOST_ROWS:
        raise Refused("too_many_rows", "code", most=MOST_ROWS)
    return rows[-1] + 1 if rows else 0


def _level_row(row: int, vial: Container) -> LevelRow:
    each = vial.mass_in(1000)
    return LevelRow(
        row=row,
        container=vial.container,
        label=vial.label,
        words=f"lot {vial.lot}" if vial.lot else "",
        mass_ug=vial.content_ug,
        volume_ul=vial.content_ul,
        mg_per_ml=mg_per_ml(each),
    )
