"""Accountability of a period: the customary chart, where every milligram went, and the entries behind each figure.

While a count is open its figures are not shown to anyone who may count; an inspector may look. A reading that waits
for its second person is left out for everyone but who read it.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audit.domain.errors import Refused
from audit.domain.reconcile import CountBasis
from audit.services import blind, drilldown, reconcile, telling
from audit.services.reconcile import Reconciliation
from audit.storage.engine import read
from audit.web import reconcile_view as shown
from audit.web import register_view
from audit.web.desk import desk
from audit.web.desk import register as served
from audit.web.messages import sentence
from audit.web.security import allow, current_person, figures_seen

blueprint = Blueprint("reconcile", __name__)

READERS = ("clinician", "manager", "inspector")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The period asked for, as typed."""

    first: str
    last: str

    def link(self, endpoint: str = "reconcile.show", **more: str) -> str:
        """Return the address of a page or file about the same period."""
        parts: dict[str, Any] = {"from": self.first, "to": self.last, **more}
        return url_for(endpoint, **parts)


class _Withheld(Exception):
    """A count is open and the person may still count."""


@blueprint.get("/reconcile")
@allow(*READERS)
def show() -> ResponseReturnValue:
    """Show the accountability of a period."""
    wanted = _wanted()
    frame = {"wanted": wanted, "presets": _presets(wanted), "problems": []}
    try:
        found, left_out = _found(wanted)
    except Refused as refused:
        problems = [(refused.field, sentence(refused))]
        return render_template("reconcile/show.html", **{**frame, "found": None, "problems": problems}), 422
    except _Withheld:
        return render_template("reconcile/show.html", **{**frame, "found": None, "is_withheld": True})
    figures_seen()
    return render_template(
        "reconcile/show.html", found=found, lines=shown.lines_of(found), left_out=left_out, shown=shown,
        flows=[(one, shown.flow_of(one)) for one in found.statements], basis=_basis_words, **frame,
    )  # fmt: skip


@blueprint.get("/reconcile/cell")
@allow(*READERS)
def cell() -> ResponseReturnValue:
    """Show the entries behind one figure; their amounts add up to it."""
    wanted = _wanted()
    name, strength = request.args.get("figure", ""), request.args.get("strength", type=int)
    try:
        found, _ = _found(wanted)
    except Refused:
        abort(404)
    except _Withheld:
        return render_template("reconcile/show.html", wanted=wanted, presets=_presets(wanted), found=None,
                               is_withheld=True, problems=[])  # fmt: skip
    statement = next((one for one in found.statements if one.strength.concentration_ug_per_ml == strength), None)
    if statement is None or name not in shown.ACCOUNTS:
        abort(404)
    figures_seen()
    viewer, professions = register_view.viewer_of(served())
    rows = drilldown.entries_behind(served(), found, statement.strength, shown.ACCOUNTS[name])
    with read(served().engine) as conn:
        lines = telling.tell_all(served(), conn, [entry for entry, _ in rows], viewer)
    told = register_view.rows_of(tuple(lines), viewer, professions, linked=False)
    return render_template(
        "reconcile/cell.html", wanted=wanted, statement=statement, name=name,
        label=next(label for _, one, label in drilldown.CHART if one == name), total=drilldown.figure(statement, name),
        rows=[(row, mass) for row, (_, mass) in zip(told, rows, strict=True) if not row.is_withheld],
        volume=shown.volume, found=found,
    )  # fmt: skip


@blueprint.get("/reconcile.csv")
@allow(*READERS)
def as_csv() -> ResponseReturnValue:
    """Give the chart as a CSV file."""
    wanted = _wanted()
    answer = Response(shown.as_csv(_figures(wanted)), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="reconcile-{wanted.first}-{wanted.last}.csv"'
    return answer


@blueprint.get("/reconcile.json")
@allow(*READERS)
def as_json() -> ResponseReturnValue:
    """Give the chart as JSON."""
    return jsonify(drilldown.as_plain(_figures(_wanted())))


def _figures(wanted: Wanted) -> Reconciliation:
    try:
        found, _ = _found(wanted)
    except (Refused, _Withheld):
        abort(404)
    figures_seen()
    return found


def _found(wanted: Wanted) -> tuple[Reconciliation, int]:
    """Return what this person may see of the period, and how many readings are left out of it."""
    me = current_person()
    waiting = blind.waiting(served())
    if waiting.counts and blind.may_count(me.roles):
        raise _Withheld
    found = reconcile.reconcile(served(), wanted.first, wanted.last)
    period = found.period
    statements = blind.without_open_readings(
        found.statements, waiting, me.person, from_ms=period.from_ms, until_ms=period.until_ms, size=found.size
    )
    others = [one for one in waiting.readings if one.actor != me.person and one.occurred_ms < period.until_ms]
    return replace(found, statements=statements), len(others)


def _wanted() -> Wanted:
    day = today()
    first, last = request.args.get("from", ""), request.args.get("to", "")
    return Wanted(first=first or day.replace(day=1).isoformat(), last=last or day.isoformat())


def today() -> date:
    """Return the day it is on the wall of the site."""
    return datetime.fromtimestamp(desk().now_ms() // 1000, ZoneInfo(desk().zone)).date()


def _presets(wanted: Wanted) -> list[tuple[str, str, bool]]:
    day = today()
    month = day.replace(day=1)
    before = month - timedelta(days=1)
    spans = (
        ("Today", day, day),
        ("Last 7 days", day - timedelta(days=6), day),
        ("This month", month, day),
        ("Last month", before.replace(day=1), before),
    )
    made = []
    for label, start, end in spans:
        span = Wanted(first=start.isoformat(), last=end.isoformat())
        made.append((span.link(), label, span == wanted))
    return made


def _basis_words(basis: CountBasis | None) -> str:
    """Return what an end of the period stands on."""
    if basis is None:
        return "by the book, no count before"
    return f"counted {register_view.stamp_ms(basis.occurred_ms, desk().offset_min(basis.occurred_ms))}, carried forward"
