"""Pages of the opening inventory: one person lists what is there, a second one counts the same blind.

The second person's pages hold none of the first one's figures. Not here: how many parts a long inventory becomes
(`services.opening_stock`), when two counts agree (`domain.stock`), later counts (their own pages).
"""

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from audit.domain import events
from audit.domain.commands import LevelSeen, LotArrived
from audit.domain.errors import Refused
from audit.services import people
from audit.services.acts import Order, Standing
from audit.services.opening_stock import answers_to, in_parts
from audit.services.reading import book_of
from audit.services.scanning import find_product, parse_label, parse_scan
from audit.services.setting_up import Inventory, opening_inventory
from audit.web.acting import order_of, record_orders, second_person, signing
from audit.web.desk import register
from audit.web.forms import Form, Problems, attempt, posted, problems_of
from audit.web.inventory_view import figures
from audit.web.products import product_words, registered
from audit.web.security import allow, current_person

blueprint = Blueprint("inventory", __name__, url_prefix="/inventory")

BUSINESS_TIMES: tuple[events.BusinessTime, ...] = ("opening", "close")
FIRST_ROWS = 3
MOST_ROWS = 60
MOST_SEALED = 2_000


@blueprint.get("")
@allow("clinician", "manager")
def show() -> ResponseReturnValue:
    """Show where the opening inventory is: to be taken, to be counted again, or answered."""
    found = opening_inventory(register())
    if found is None:
        return redirect(url_for(".first"), 303)
    if not found.is_answered and found.first_person != current_person().person:
        return redirect(url_for(".second"), 303)
    return render_template(
        "inventory/show.html", found=found, **figures(found, registered()), cases=_cases(found), names=_names()
    )


@blueprint.get("/first")
@allow("clinician", "manager")
def first() -> ResponseReturnValue:
    """Show the list of the first person."""
    if opening_inventory(register()) is not None:
        return redirect(url_for(".show"), 303)
    return _first_page(MultiDict({"business_time": "opening"}), [])


@blueprint.post("/first")
@allow("clinician", "manager")
def take() -> ResponseReturnValue:
    """State what the first person found, or add a row to their list."""
    form = posted()
    if form.typed.get("more"):
        return _with_more(form, _first_page)

    def do() -> str:
        lots, opened = _lots_listed(form), _levels_listed(form)
        business_time = form.choice("business_time", BUSINESS_TIMES)
        _check_said(form, is_empty=not lots and not opened)
        form.check()
        if opening_inventory(register()) is not None and not _is_repeat(form):
            raise Refused("already_counted")
        standing = signing(form)
        parts = in_parts(form.identifier("i"), business_time, lots, opened)
        record_orders([order_of(form, part, standing, number=number) for number, part in enumerate(parts)])
        return url_for(".show")

    return attempt(do, lambda problems: _first_page(form.typed, problems))


@blueprint.get("/second")
@allow("clinician", "manager")
def second() -> ResponseReturnValue:
    """Show the blank list of the second person."""
    found = opening_inventory(register())
    if found is None or found.is_answered:
        return redirect(url_for(".show"), 303)
    return _second_page(found, MultiDict(), [])


@blueprint.post("/second")
@allow("clinician", "manager")
def answer() -> ResponseReturnValue:
    """State what the second person found, or add a row to their list."""
    form, found = posted(), opening_inventory(register())
    if found is None:
        return redirect(url_for(".show"), 303)
    if form.typed.get("more"):
        return _with_more(form, lambda typed, problems: _second_page(found, typed, problems))

    def do() -> str:
        lots, opened = _lots_found(form), _levels_found(form, found)
        _check_said(form, is_empty=not lots and not opened)
        form.check()
        actor, standing = _second_signs(form, found)
        answers = answers_to(found.parts, lots, opened)
        orders: list[Order] = [
            order_of(form, one, standing, number=number, actor=actor) for number, one in enumerate(answers)
        ]
        record_orders(orders)
        flash("Both counts are recorded.", "ok")
        return url_for(".show")

    return attempt(do, lambda problems: _second_page(found, form.typed, problems))


def _second_signs(form: Form, found: Inventory) -> tuple[str, Standing]:
    """Who signed in themself signs; the first person's tablet takes the second one's name and password."""
    me = current_person().person
    if me == found.first_person:
        return second_person(form)
    return me, signing(form, "second_password")


def _is_repeat(form: Form) -> bool:
    """Say whether this very form made the inventory that stands: a second tap is answered as the first."""
    found = opening_inventory(register())
    return found is not None and found.inventory == form.identifier("i")


def _check_said(form: Form, *, is_empty: bool) -> None:
    """Nothing on hand is said, never left out; and not said of something."""
    if is_empty and not form.ticked("nothing"):
        form.refusals.append(Refused("say_nothing", "nothing"))
    if not is_empty and form.ticked("nothing"):
        form.refusals.append(Refused("not_nothing", "nothing"))


def _rows(form: Form, count: str, *columns: str) -> list[int]:
    """Return the rows of a list in which anything was typed."""
    rows = range(_row_count(form.typed, count))
    return [row for row in rows if any(form.typed.get(f"{column}_{row}", "").strip() for column in columns)]


def _row_count(typed: MultiDict[str, str], count: str) -> int:
    said = typed.get(count, "")
    return max(1, min(int(said), MOST_ROWS)) if said.isascii() and said.isdecimal() and len(said) < 4 else FIRST_ROWS  # noqa: PLR2004


def _product_of(form: Form, name: str) -> str:
    return form.choice(name, ("", *(one.product for one in registered()))) or _missing(form, name)


def _missing(form: Form, name: str) -> str:
    form.refusals.append(Refused("required", name))
    return ""


def _lots_listed(form: Form) -> tuple[LotArrived, ...]:
    lots, number = [], 0
    for row in _rows(form, "lots", "product", "lot", "expiry", "sealed"):
        count = form.count(f"sealed_{row}", most=MOST_SEALED)
        if count == 0 and not form.refusals:
            form.refusals.append(Refused("zero", f"sealed_{row}"))
        lots.append(
            LotArrived(
                product=_product_of(form, f"product_{row}"),
                lot=form.text(f"lot_{row}", most=60),
                expiry=form.day(f"expiry_{row}"),
                containers=tuple(form.identifier("c", number + one) for one in range(count)),
            )
        )
        number += count
    return tuple(lots)


def _levels_listed(form: Form) -> tuple[LevelSeen, ...]:
    return tuple(
        LevelSeen(
            container=form.identifier("c", MOST_ROWS * MOST_SEALED + row),
            product=_product_of(form, f"o_product_{row}"),
            lot=form.text(f"o_lot_{row}", most=60),
            expiry=form.day(f"o_expiry_{row}"),
            volume_ul=_level_within_label(form, row),
        )
        for row in _rows(form, "opened", "o_product", "o_lot", "o_expiry", "o_level")
    )


def _level_within_label(form: Form, row: int) -> int:
    volume_ul = form.amount(f"o_level_{row}")
    label_ul = next((one.volume_ul for one in registered() if one.product == form.typed.get(f"o_product_{row}")), None)
    if label_ul is not None and volume_ul > label_ul:
        # Judged again by the domain, which does not know the rows of this page.
        form.refusals.append(Refused("more_than_label", f"o_level_{row}", volume_ul=volume_ul, label_ul=label_ul))
    return volume_ul


def _lots_found(form: Form) -> tuple[events.LotFound, ...]:
    return tuple(
        events.LotFound(
            product=_product_of(form, f"product_{row}"),
            lot=form.text(f"lot_{row}", most=60),
            containers=form.count(f"sealed_{row}"),
        )
        for row in _rows(form, "lots", "product", "lot", "sealed")
    )


def _levels_found(form: Form, found: Inventory) -> tuple[events.LevelFound, ...]:
    labels = {one.label: one.container for one in found.book.containers.values()}
    levels, seen = [], set()
    for row in _rows(form, "opened", "label", "o_level"):
        typed = form.text(f"label_{row}", most=60)
        container = labels.get(parse_label(typed) or "", "")
        if typed and not container:
            form.refusals.append(Refused("unknown_label", f"label_{row}", typed=typed))
        elif container in seen:
            form.refusals.append(Refused("found_twice", f"label_{row}"))
        seen.add(container)
        levels.append(events.LevelFound(container=container, volume_ul=form.amount(f"o_level_{row}")))
    return tuple(levels)


def _with_more(form: Form, show_page: Callable[[MultiDict[str, str], Problems], str]) -> ResponseReturnValue:
    """Show the list again with one more row, or with what a scanned code says in the first empty one."""
    typed = MultiDict(form.typed)
    more = typed.pop("more")
    if more in {"lots", "opened"}:
        typed[more] = str(_row_count(typed, more) + 1)
        return show_page(typed, [])
    try:
        _fill_by_code(form, typed)
    except Refused as refused:
        return show_page(typed, problems_of(refused)), 422
    typed["code"] = ""
    return show_page(typed, [])


def _fill_by_code(form: Form, typed: MultiDict[str, str]) -> None:
    scanned = parse_scan(typed.get("code", ""))
    product = find_product(scanned, {one.product: one for one in registered()})
    if product is None:
        raise Refused("code_not_registered", "code", typed=scanned.code)
    used = _rows(form, "lots", "product", "lot", "expiry", "sealed")
    row = next(one for one in range(MOST_ROWS + 1) if one not in used)
    typed["lots"] = str(max(row + 1, _row_count(typed, "lots")))
    typed[f"product_{row}"] = product
    typed[f"lot_{row}"], typed[f"expiry_{row}"] = scanned.lot or "", scanned.expiry or ""


def _first_page(typed: MultiDict[str, str], problems: Problems) -> str:
    return render_template("inventory/first.html", **_for_rows(typed, problems))


def _second_page(found: Inventory, typed: MultiDict[str, str], problems: Problems) -> str:
    me = current_person()
    is_borrowed = me.person == found.first_person
    second = {
        "name": "signs below" if is_borrowed else me.name,
        "role": "",
        "since": "",
        "not_me_href": url_for("home.show"),
    }
    return render_template(
        "inventory/second.html", second=second, is_borrowed=is_borrowed, **_for_rows(typed, problems)
    )


def _for_rows(typed: MultiDict[str, str], problems: Problems) -> dict[str, object]:
    return {
        "typed": typed,
        "problems": problems,
        "products": [(one.product, product_words(one)) for one in registered()],
        "lot_rows": range(_row_count(typed, "lots")),
        "opened_rows": range(_row_count(typed, "opened")),
    }


def _cases(found: Inventory) -> list[str]:
    keys = {f"entry:{answer.index}" for answer in found.answers}
    return sorted(book_of(register(), keys).cases) if keys else []


def _names() -> dict[str, str]:
    return {one.person: one.name for one in people.persons(register()).values()}
