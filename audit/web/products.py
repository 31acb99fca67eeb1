"""Pages of the products a clinic keeps: the list, and registering one from the catalogue, by its code or by hand.

Every registration is one form to be checked against the package; the catalogue only fills it in. Not here: what
is on the shelf (stock pages), reading codes (`services.scanning`).
"""

import typing

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from audit.domain import events
from audit.domain.errors import Refused
from audit.domain.quantity import format_thousandths
from audit.services.packs import CatalogueProduct, catalogue
from audit.services.reading import book_of_all
from audit.services.scanning import Scanned, is_code_of, parse_scan
from audit.services.setting_up import strongest_last
from audit.web.acting import act
from audit.web.desk import register
from audit.web.forms import Form, Problems, attempt, posted, problems_of
from audit.web.security import allow

blueprint = Blueprint("products", __name__, url_prefix="/products")

CODE_SYSTEMS: tuple[events.CodeSystem, ...] = typing.get_args(events.CodeSystem)
COUNTRY_OF = {"us-dea": "US", "ca-on": "CA"}


@blueprint.get("")
@allow("clinician", "manager", "administrator")
def show_all() -> str:
    """List what is registered, and what the catalogue has for this country."""
    return _list_page("", [])


@blueprint.get("/new")
@allow("clinician", "manager", "administrator")
def new() -> ResponseReturnValue:
    """Show the form for a product, filled in where its code is known."""
    code = request.args.get("code", "")
    if not code:
        return _form_page(MultiDict({"multi_dose": "yes"}), [], is_known=False)
    try:
        scanned = parse_scan(code)
    except Refused as refused:
        return _list_page(code, problems_of(refused)), 422
    known = next((one for one in catalogue() if is_code_of(scanned, one.code_system, one.code)), None)
    return _form_page(_typed(scanned, known), [], is_known=known is not None)


@blueprint.post("/new")
@allow("clinician", "manager", "administrator")
def add() -> ResponseReturnValue:
    """Register a product as labelled."""
    form = posted()

    def do() -> str:
        event = _product(form)
        form.check()
        act(form, event)
        flash(f"{product_words(event)} is registered.", "ok")
        return url_for(".show_all")

    return attempt(do, lambda problems: _form_page(form.typed, problems, is_known=False))


def product_words(product: events.ProductRegistered) -> str:
    """Return a product in words, its strength first: 50 mg/mL, 10 mL (500 mg), name, maker."""
    strength = format_thousandths(product.concentration_ug_per_ml)
    volume = format_thousandths(product.volume_ul)
    whole = format_thousandths(product.volume_ul * product.concentration_ug_per_ml // 1000)
    return f"{strength} mg/mL, {volume} mL ({whole} mg), {product.name}, {product.labeller}"


def registered() -> tuple[events.ProductRegistered, ...]:
    """Return the products of the clinic by strength, size and name."""
    return strongest_last(book_of_all(register(), "product"))


def _product(form: Form) -> events.ProductRegistered:
    per_package = form.count("per_package") if form.typed.get("per_package", "").strip() else None
    return events.ProductRegistered(
        product=form.identifier("pr"),
        code_system=form.choice("code_system", CODE_SYSTEMS),
        code=form.text("code", most=60),
        name=form.text("name", most=120),
        labeller=form.text("labeller", most=120),
        form="solution",
        concentration_ug_per_ml=form.positive("concentration_ug_per_ml"),
        volume_ul=form.positive("volume"),
        multi_dose=form.ticked("multi_dose"),
        per_package=per_package or None,
    )


def _typed(scanned: Scanned, known: CatalogueProduct | None) -> MultiDict[str, str]:
    if known is None:
        return MultiDict({"code_system": scanned.code_system, "code": scanned.code, "multi_dose": "yes"})
    values = {
        "code_system": known.code_system,
        "code": known.code,
        "name": known.name,
        "labeller": known.labeller,
        "concentration_ug_per_ml": format_thousandths(known.concentration_ug_per_ml),
        "volume": format_thousandths(known.volume_ul),
        "per_package": str(known.per_package or ""),
        "multi_dose": "yes" if known.multi_dose else "",
    }
    return MultiDict(values)


def _list_page(code: str, problems: Problems) -> str:
    here = registered()
    taken = {(one.code_system, one.code) for one in here}
    country = COUNTRY_OF.get(register().pack.name, "US")
    offered = [one for one in catalogue() if one.country == country and (one.code_system, one.code) not in taken]
    return render_template("products/list.html", products=here, offered=offered, code=code, problems=problems)


def _form_page(typed: MultiDict[str, str], problems: Problems, *, is_known: bool) -> str:
    return render_template("products/new.html", typed=typed, problems=problems, is_known=is_known)
