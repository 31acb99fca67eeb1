"""Evidence bundles: a manager issues one, with identities opened or not, and fetches its file once.

The file lies in the folder of reports until it is fetched or an hour has passed; then only its hash in the log is
left. Not here: what is in it (`services.bundles`).
"""

import os
from collections.abc import Iterator

from flask import Blueprint, Response, abort, render_template, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from audit.domain import events
from audit.domain.errors import Refused
from audit.services import blind, report
from audit.services.acts import SIGNED_IN, Standing
from audit.services.bundles.export import Asked, Extras, Recipient, check_days, export, whole_log
from audit.services.bundles.waiting import find_patients, remove_late
from audit.services.meanings import UNMASK_REASONS
from audit.web.acting import Beside, order_of, record_orders, signing
from audit.web.desk import desk
from audit.web.desk import register as served
from audit.web.forms import Form, Problems, attempt, posted
from audit.web.reports import press, sign_head, waits
from audit.web.security import allow, current_person, figures_seen
from audit.web.signers import Signers
from audit.web.verify_page import verify_page_html

blueprint = Blueprint("bundles", __name__)

_CHUNK = 1 << 16
_MOST_PATIENTS_BYTES = 4_000


@blueprint.get("/reports/bundle")
@allow("manager")
def show() -> str:
    """Show what a bundle is, and ask for one."""
    return _render(Form(MultiDict()), [])


@blueprint.get("/reports/bundle/opened")
@allow("manager")
def show_opened() -> str:
    """Ask whose identities a bundle opens, to whom and why."""
    return _render(Form(MultiDict()), [], is_opened=True)


@blueprint.post("/reports/bundle")
@allow("manager")
def issue() -> ResponseReturnValue:
    """Issue a bundle in which every patient stays a pseudonym."""
    form = posted()

    def do() -> str:
        recipient = Recipient(name=form.text("for", required=False))
        days = _days(form)
        form.check()
        return _issue(form, days, recipient, _standing(form))

    return attempt(do, lambda problems: _render(form, problems))


@blueprint.post("/reports/bundle/opened")
@allow("manager")
def issue_opened() -> ResponseReturnValue:
    """Issue a bundle that opens chosen patients to somebody named; that it does is signed and an entry first."""
    form = posted()

    def do() -> str:
        name, typed = form.text("recipient"), form.text("patients", most=_MOST_PATIENTS_BYTES)
        reason, note = form.choice("reason", tuple(UNMASK_REASONS)), form.optional("note", most=500)
        days = _days(form)
        form.check()
        check_days(served(), *days)
        _check_nothing_waits()
        recipient, standing = Recipient(name=name, patients=find_patients(served(), typed)), signing(form)
        opened = events.PatientsDisclosed(report=form.identifier("rp"), patients=recipient.patients, reason=reason)
        sealed = {"recipient": name} | ({"note": note} if note else {})
        record_orders([order_of(form, opened, standing, number=1, beside=Beside(sealed=sealed))])
        return _issue(form, days, recipient, SIGNED_IN if standing.method == "passkey" else standing)

    return attempt(do, lambda problems: _render(form, problems, is_opened=True))


@blueprint.get("/reports/<report_id>.zip")
@allow("manager")
def download(report_id: str) -> ResponseReturnValue:
    """Give the file of a bundle that waits to be fetched; it is gone once it was given."""
    remove_late(desk().reports, desk().now_ms())
    issued = report.find_issued(served(), press(), report_id)
    if issued is None or issued.facts.report_kind != "bundle" or not issued.file.is_file():
        abort(404)
    if waits(issued, blind.waiting(served())):
        return render_template("reports/waits.html", issued=issued), 403
    figures_seen()
    file = issued.file.open("rb")

    def parts() -> Iterator[bytes]:
        with file:
            while part := file.read(_CHUNK):
                yield part
        issued.file.unlink(missing_ok=True)

    answer = Response(parts(), content_type="application/zip")
    answer.headers["Content-Length"] = str(os.fstat(file.fileno()).st_size)
    answer.headers["Content-Disposition"] = f'attachment; filename="{issued.number}.zip"'
    answer.call_on_close(file.close)
    return answer


def _issue(form: Form, days: tuple[str, str], recipient: Recipient, standing: Standing) -> str:
    here, now_ms = desk(), desk().now_ms()
    _check_nothing_waits()
    if here.watch is not None:
        here.watch.check_writable()
    asked = Asked(
        report=form.identifier("rp"), first=days[0], last=days[1], nonce=form.nonce, actor=current_person().person,
        offset_min=here.offset_min(now_ms), standing=standing, recipient=recipient,
    )  # fmt: skip
    remove_late(here.reports, now_ms)
    path = press().bundle_of(asked.report)
    extras = Extras(page=verify_page_html(), certificates=here.timekeeper.certificates if here.timekeeper else None)
    part = path.with_name(f".{path.name}.part")
    try:
        with os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "w+b") as file:
            made = export(served(), sign_head, asked, file, extras)
        if made.is_new:
            os.utime(part, ns=(now_ms * 1_000_000, now_ms * 1_000_000))
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    if here.watch is not None:
        here.watch.after_entry()
    if standing == SIGNED_IN:
        return url_for("home.sign", report=asked.report)
    return url_for("reports.show", issued=asked.report)


def _standing(form: Form) -> Standing:
    # Like a report, it is made anew each time it is asked for: a passkey signs it next, with the acts on the way.
    return SIGNED_IN if Signers().has_mine and not form.typed.get("password") else signing(form)


def _check_nothing_waits() -> None:
    """A bundle holds every entry: not for somebody who must still look without knowing."""
    me = current_person()
    if blind.withheld_from(blind.waiting(served()), me.person, me.roles, size=2**53):
        raise Refused("bundle_waits")


def _days(form: Form) -> tuple[str, str]:
    return form.day("from"), form.day("to")


def _render(form: Form, problems: Problems, *, is_opened: bool = False) -> str:
    me = current_person()
    first, last = whole_log(served())
    days = {"from": form.typed.get("from") or first, "to": form.typed.get("to") or last}
    waiting = blind.withheld_from(blind.waiting(served()), me.person, me.roles, size=2**53)
    return render_template(
        "reports/bundle.html", typed=form.typed, days=days, errors=dict(problems), problems=problems, name=me.name,
        reasons=[(code, words, "") for code, words in UNMASK_REASONS.items()], waits=bool(waiting),
        is_opened=is_opened,
    )  # fmt: skip
