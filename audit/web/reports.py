"""Reports: choose a period and issue one, see those issued with what came in since, fetch the file.

A file holds the figures of everything up to its size; while one of them waits for a second person the file is not
given to anyone who may still be that person.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, Response, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audit.services import blind, erasure, report, telling
from audit.services.acts import SIGNED_IN
from audit.services.blind import Waiting
from audit.services.demo.keys import keys_folder
from audit.services.report import Asked, Issued
from audit.services.reporting.press import Press
from audit.services.telling import Viewer
from audit.storage.engine import read
from audit.web import register_view
from audit.web.acting import signing
from audit.web.desk import desk
from audit.web.desk import register as served
from audit.web.forms import Form, Problems, attempt, posted
from audit.web.reconcile import today
from audit.web.security import allow, current_person, figures_seen
from audit.web.signers import Signers

blueprint = Blueprint("reports", __name__)

_RECENT = 20
"""For so many of the latest reports the list says what was entered since; older ones are followed by a newer one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One issued report as the list shows it."""

    issued: Issued
    who: str
    stamp: str
    later: list[register_view.Row]
    waits: int
    is_there: bool
    is_erased: bool


@blueprint.get("/reports")
@allow("manager", "inspector")
def show() -> str:
    """Show the form for a new report, and the reports issued."""
    return _render(Form(request.args), [])


@blueprint.post("/reports")
@allow("manager")
def issue() -> ResponseReturnValue:
    """Issue the inspection report of a period, signed by the manager."""
    form = posted()

    def do() -> str:
        first, last = form.day("from"), form.day("to")
        form.check()
        here, now_ms = desk(), desk().now_ms()
        # A report is drawn anew each time it is asked for, so a passkey cannot sign it beforehand: it signs it next.
        is_signed_next = Signers().has_mine and not form.typed.get("password")
        standing = SIGNED_IN if is_signed_next else signing(form)
        if here.watch is not None:
            here.watch.check_writable()
        asked = Asked(
            report=form.identifier("rp"), first=first, last=last, nonce=form.nonce, actor=current_person().person,
            offset_min=here.offset_min(now_ms), standing=standing,
        )  # fmt: skip
        made = report.issue(served(), sign_head, press(), asked, here.timekeeper)
        if here.watch is not None:
            here.watch.after_entry()
        if is_signed_next:
            return url_for("home.sign", report=made.facts.report)
        return url_for("reports.show", issued=made.facts.report)

    return attempt(do, lambda problems: _render(form, problems))


@blueprint.get("/reports/<report_id>.pdf")
@allow("manager", "inspector")
def download(report_id: str) -> ResponseReturnValue:
    """Give the file of an issued report, if it is still what the log says and holds nothing that must wait."""
    issued = report.find_issued(served(), press(), report_id)
    if issued is None or issued.facts.report_kind != "inspection" or not issued.file.is_file():
        abort(404)
    if waits(issued, blind.waiting(served())):
        return render_template("reports/waits.html", issued=issued), 403
    content = issued.file.read_bytes()
    if hashlib.sha256(content).hexdigest() != issued.facts.sha256:
        return render_template("reports/changed.html", issued=issued), 409
    figures_seen()
    answer = Response(content, content_type="application/pdf")
    answer.headers["Content-Disposition"] = f'attachment; filename="{issued.number}.pdf"'
    return answer


def _render(form: Form, problems: Problems) -> str:
    viewer, professions = register_view.viewer_of(served())
    waiting = blind.waiting(served())
    listed = report.issued_reports(served(), press())
    rows = [_row(one, waiting, viewer, professions, is_recent=place < _RECENT) for place, one in enumerate(listed)]
    last = today()
    month = last.replace(day=1)
    typed = {
        "from": form.typed.get("from") or (month - timedelta(days=1)).replace(day=1).isoformat(),
        "to": form.typed.get("to") or last.isoformat(),
        "nonce": form.typed.get("nonce", ""),
    }
    me = current_person()
    return render_template(
        "reports/show.html", rows=rows, typed=typed, problems=problems, may_issue="manager" in me.roles,
        issued=request.args.get("issued", ""), name=me.name, waits=_count(waiting),
    )  # fmt: skip


def _row(issued: Issued, waiting: Waiting, viewer: Viewer, professions: Mapping[str, str], *, is_recent: bool) -> Row:
    later = report.entered_since(served(), issued) if is_recent else []
    with read(served().engine) as conn:
        told = telling.tell_all(served(), conn, later, viewer)
    entry = issued.entry
    return Row(
        issued=issued,
        who=viewer.names.get(entry.actor, entry.actor),
        stamp=register_view.stamp_ms(entry.occurred_ms, entry.offset_min),
        later=register_view.rows_of(tuple(told), viewer, professions, linked=False),
        waits=waits(issued, waiting),
        is_there=issued.file.is_file(),
        is_erased=issued.facts.report in erasure.erased_reports(served()),
    )


def waits(issued: Issued, waiting: Waiting) -> int:
    """Return how many figures in a file wait for somebody who may be the person signed in."""
    me = current_person()
    return len(blind.withheld_from(waiting, me.person, me.roles, size=issued.facts.size))


def _count(waiting: Waiting) -> int:
    me = current_person()
    return len(blind.withheld_from(waiting, me.person, me.roles, size=2**53))


def press() -> Press:
    """Return where issued files are kept."""
    here = desk()
    return Press(here.reports, keys_folder(here.ground.engine, here.reports.parent))


def sign_head() -> None:
    """Have the head signed, and countersigned by whoever answers."""
    watch, cosigners = desk().watch, desk().cosigners
    if watch is not None:
        watch.sign()
    if cosigners is not None:
        cosigners.ask()
