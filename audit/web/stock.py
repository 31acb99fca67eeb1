"""Pages of what is on the shelf: the stock, one container's life, and labels to print. Nothing here writes.

Not here: receiving (`receive.py`), counting (`counts.py`), wasting what is left of a vial (the session's pages).
"""

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from audit.domain.book import Book, Container
from audit.domain.events import ReceiptRecorded
from audit.domain.fold import local_day
from audit.domain.postings import Account
from audit.services.blind import may_count
from audit.services.counting import open_count
from audit.services.labels import find_container, qr_svg
from audit.services.people import persons
from audit.services.reading import book_of, book_on_hand
from audit.services.scanning import parse_label
from audit.web.blind import counting
from audit.web.desk import desk, register
from audit.web.forms import SEE_OTHER
from audit.web.register_view import FLAG_TAGS
from audit.web.security import allow, current_person, figures_seen
from audit.web.stock_view import SOON_DAYS, local_stamp, mg_per_ml, stock_of
from audit.web.story_view import Story, tell_story

blueprint = Blueprint("stock", __name__, url_prefix="/stock")


@blueprint.get("")
@allow("clinician", "manager", "inspector")
def show() -> str:
    """Show what is on hand by the book; nothing of it while a count is open, to anyone who may count."""
    if figures_withheld():
        return render_template("stock/withheld.html", count=open_count(register()))
    strengths = stock_of(book_on_hand(register()), current_person().person, today())
    figures_seen()
    return render_template("stock/show.html", strengths=strengths, as_of=local_stamp(desk().now_ms()), soon=SOON_DAYS)


@blueprint.get("/find")
@allow("clinician", "manager", "inspector")
def find() -> ResponseReturnValue:
    """Lead from a label, scanned or typed, to its container."""
    label = parse_label(request.args.get("code", ""))
    found = find_container(register(), label) if label else None
    if found is None:
        return render_template("stock/unknown.html", typed=request.args.get("code", "")[:60])
    return redirect(url_for(".container", container=found.container), SEE_OTHER)


@blueprint.get("/<container>")
@allow("clinician", "manager", "inspector")
def container(container: str) -> str:
    """Show one container from its invoice or inventory to its last drop."""
    names = {one: person.name for one, person in persons(register()).items()}
    viewer = current_person()
    story = tell_story(container, viewer=viewer.person, names=names, is_counting=figures_withheld())
    if not story.is_withheld:
        figures_seen()
    return render_template(
        "stock/container.html",
        story=story,
        names=names,
        product=story.book.products.get(story.container.product or ""),
        mg_per_ml=mg_per_ml(story.container.concentration_ug_per_ml),
        may_waste=may_count(viewer.roles) and _can_be_wasted(story),
        is_counting=figures_withheld(),
        flag_tags=FLAG_TAGS,
        local_stamp=local_stamp,
    )


@blueprint.get("/labels")
@allow("clinician", "manager")
def labels() -> str:
    """Show the labels of a receipt, or of one container, on a page to print."""
    book, wanted = _labels_asked()
    vials = [book.containers[one] for one in wanted if one in book.containers]
    if not vials:
        raise NotFound
    return render_template("stock/labels.html", vials=sorted(vials, key=_label_number), products=book.products)


@blueprint.get("/labels/<label>.svg")
@allow("clinician", "manager")
def label_code(label: str) -> Response:
    """Return the QR code of a label."""
    if parse_label(label) != label:
        raise NotFound
    return Response(qr_svg(label), mimetype="image/svg+xml")


def figures_withheld() -> bool:
    """Say whether a count is open and the person signed in may still count."""
    return may_count(current_person().roles) and counting()


def today() -> str:
    """Return the site's local day."""
    now_ms = desk().now_ms()
    return local_day(now_ms, desk().offset_min(now_ms))


def _can_be_wasted(story: Story) -> bool:
    """Say whether this is an opened vial on the shelf, or whatever is held in a bag for a witness."""
    vial, book = story.container, story.book
    on_shelf = book.balance(vial.container, Account.STOCK) > 0 and vial.opened_ms is not None
    return not vial.is_finished and (on_shelf or book.balance(vial.container, Account.HELD) > 0)


def _labels_asked() -> tuple[Book, tuple[str, ...]]:
    if receipt := request.args.get("receipt"):
        book = book_of(register(), {f"receipt:{receipt}"})
        lots = [
            line
            for entry in book.entries.values()
            if isinstance(entry.event, ReceiptRecorded)
            for line in entry.event.lots
        ]
        return book, tuple(one for line in lots for one in line.containers)
    one = request.args.get("container", "")
    return book_of(register(), {f"container:{one}"}), (one,)


def _label_number(vial: Container) -> tuple[str, int]:
    kind, _, number = vial.label.partition("-")
    return kind, int(number)
