"""Pages of a delivery: scan or type what arrived, sign it, print its labels.

Buttons add and remove lines by sending the whole form, which keeps everything typed; only signing makes entries. Not
here: the rows themselves (`receive_form.py`), labels (`stock.py`).
"""

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import NotFound

from audit.domain.commands import Command, LotArrived, Receive
from audit.domain.errors import Refused
from audit.domain.fold import local_day
from audit.services.deliveries import earlier_invoice, find_delivery, last_delivery
from audit.services.labels import known_spelling
from audit.services.people import persons
from audit.web.acting import order_of, record_orders, signing
from audit.web.desk import desk, register
from audit.web.forms import Faulty, Form, Problems, attempt, posted, problems_of
from audit.web.receive_form import (
    Got,
    Question,
    add_row,
    answer_scan,
    product_options,
    read_lines,
    remove_row,
    rows_of,
)
from audit.web.register_view import FLAG_TAGS
from audit.web.security import allow
from audit.web.stock import figures_withheld, today

blueprint = Blueprint("receive", __name__, url_prefix="/receive")


@blueprint.get("")
@allow("clinician", "manager")
def new() -> str:
    """Show the form of a delivery, with the last supplier filled in."""
    last = last_delivery(register())
    typed: MultiDict[str, str] = MultiDict({"received_on": today()})
    if last is not None:
        typed["supplier"], typed["supplier_address"] = last.supplier, last.supplier_address
        typed["supplier_registration"] = last.supplier_registration or ""
    return _page(typed, [])


@blueprint.post("")
@allow("clinician", "manager")
def take() -> ResponseReturnValue:
    """Sign a delivery, or change a line of it and show the form again."""
    form = posted()
    do = form.typed.get("do", "")
    # A scanner's script sends the form without a button.
    if do != "sign" and (do or form.typed.get("code", "").strip()):
        return _changed(MultiDict(form.typed), do)
    return attempt(lambda: _receive(form), lambda problems: _page(form.typed, problems))


@blueprint.get("/<receipt>")
@allow("clinician", "manager", "inspector")
def show(receipt: str) -> str:
    """Show a receipt with its containers, and lead to their labels."""
    book, entries = find_delivery(register(), receipt)
    if not entries:
        raise NotFound
    return render_template(
        "receive/show.html",
        receipt=receipt,
        entries=entries,
        book=book,
        names={one: person.name for one, person in persons(register()).items()},
        is_new=bool(request.args.get("new")),
        is_counting=figures_withheld(),
        flag_tags=FLAG_TAGS,
    )


def _changed(typed: MultiDict[str, str], do: str) -> ResponseReturnValue:
    """Carry out a button that is no signature: nothing is written."""
    typed.pop("password", None)
    found: Got | Question | None = None
    try:
        if do == "add":
            add_row(typed)
        elif do.startswith("remove_"):
            remove_row(typed, do.removeprefix("remove_"))
        elif do in {"whole", "split"}:
            found = answer_scan(typed, do)
        elif typed.get("code", "").strip():
            found = answer_scan(typed, "")
    except Refused as refused:
        return _page(typed, problems_of(refused)), 422
    return _page(typed, [], found)


def _receive(form: Form) -> str:
    lots, products = read_lines(form)
    command = Receive(
        receipt=form.identifier("r"),
        supplier=form.text("supplier", most=120),
        supplier_address=form.text("supplier_address"),
        supplier_registration=form.optional("supplier_registration", most=60),
        invoice=form.text("invoice", most=60),
        invoice_date=form.day("invoice_date"),
        received_on=form.day("received_on"),
        lots=tuple(_as_spelled(lot) for lot in lots),
    )
    _check_required(form, command)
    _check_day(form, command.received_on)
    form.check()
    _check_invoice(form, command)
    standing = signing(form)
    commands: list[Command] = [*products, command]
    record_orders([order_of(form, one, standing, number=number) for number, one in enumerate(commands)])
    return url_for(".show", receipt=command.receipt, new=1)


def _as_spelled(lot: LotArrived) -> LotArrived:
    spelled = known_spelling(register(), lot.product, lot.lot)
    return LotArrived(product=lot.product, lot=spelled, expiry=lot.expiry, containers=lot.containers)


def _check_required(form: Form, command: Receive) -> None:
    """Ask for what the jurisdiction wants of a receipt; the domain asks again."""
    for name in sorted(register().policy_on(today()).receipt_fields):
        if not getattr(command, name, None) and name not in {one.field for one in form.refusals}:
            form.refusals.append(Refused("required", name))


def _check_day(form: Form, received_on: str) -> None:
    """Ask when it came where that was not today: figures go by when things happened, never by when they were typed."""
    occurred_ms = form.occurred_ms()
    if received_on < today() and occurred_ms is None and not form.refusals:
        form.refusals.append(Refused("receipt_time", "occurred", day=received_on))
    if occurred_ms is not None and not form.refusals:
        day = local_day(occurred_ms, desk().offset_min(occurred_ms))
        if day != received_on:
            form.refusals.append(Refused("receipt_other_day", "occurred", day=received_on))


def _check_invoice(form: Form, command: Receive) -> None:
    before = earlier_invoice(register(), command.supplier, command.invoice, but=command.receipt)
    if before is not None and not form.ticked("again"):
        raise Faulty([Refused("invoice_seen", "again", invoice=command.invoice, index=before.index)])


def _page(typed: MultiDict[str, str], problems: Problems, found: Got | Question | None = None) -> str:
    policy = register().policy_on(today())
    chosen = {typed.get(f"product_{row}", "") for row in rows_of(typed)}
    options = {pair for value in chosen | {""} for pair in product_options(value)}
    return render_template(
        "receive/new.html",
        typed=typed,
        problems=problems,
        rows=rows_of(typed),
        options=sorted(options, key=lambda pair: (pair[0].startswith("new:"), pair[1])),
        policy=policy,
        rule=policy.rule("receipt_fields"),
        got=found if isinstance(found, Got) else None,
        question=found if isinstance(found, Question) else None,
        is_seen=any(name == "again" for name, _ in problems) or bool(typed.get("again")),
        today=today(),
    )
