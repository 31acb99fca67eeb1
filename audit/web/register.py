"""The register: every entry in words, newest first; one entry with its bytes and proof; the record verified now.

Read-only. An entry that somebody may still repeat blind is withheld, with its bytes (`services.blind`).
"""

from dataclasses import dataclass

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audit.domain.book import Recorded
from audit.domain.errors import Refused
from audit.domain.events import Correctable, EntryStruck
from audit.domain.flags import Flag
from audit.services import inclusion, telling
from audit.services.blind import is_withheld
from audit.services.reading import book_around
from audit.services.reconcile import period_of
from audit.services.telling import Viewer, Wanted
from audit.services.timestamps import NO_AUTHORITY, last_dated
from audit.services.verify import Installation, verify_site
from audit.services.watch import RecordState
from audit.web import register_view as shown
from audit.web.desk import desk
from audit.web.desk import register as served
from audit.web.messages import sentence
from audit.web.security import allow, current_person, signed_in

blueprint = Blueprint("register", __name__)

READERS = ("clinician", "manager", "inspector")
MOST_VERIFIED_HERE = 50_000
"""A longer log is verified at the command line: a page must answer within seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What was asked of the register, as typed, and as understood; `problem` says what was not."""

    find: str
    act: str
    person: str
    first: str
    last: str
    flag: str
    wanted: Wanted
    problem: str = ""

    def link(self, **changes: str | int) -> str:
        """Return the address of the same question with some parts changed."""
        typed = {"find": self.find, "act": self.act, "person": self.person, "from": self.first, "to": self.last,
                 "flag": self.flag}  # fmt: skip
        parts = {name: value for name, value in {**typed, **changes}.items() if value != ""}
        return url_for("register.show", **parts)  # type: ignore[arg-type]


@blueprint.get("/register")
@allow(*READERS)
def show() -> ResponseReturnValue:
    """Show the entries asked for, newest first."""
    find = request.args.get("find", "").strip()
    if find.isdecimal() and find.isascii() and len(find) < 12:  # noqa: PLR2004 (no log is that long)
        return redirect(url_for("register.entry", index=int(find)), 303)
    viewer, professions = shown.viewer_of(served())
    query = _query(find)
    before = request.args.get("before", type=int)
    page = telling.lines_of(served(), query.wanted, viewer, before=before)
    is_whole = query.wanted == Wanted()
    rows = shown.rows_of(page.lines, viewer, professions, linked=is_whole)
    return render_template(
        "register/show.html", query=query, rows=rows, older=page.older_before, before=before, state=_state(),
        acts=[(name, label) for name, label, _ in shown.GROUPS], days=shown.by_day(rows), flags=_flag_chips(query),
        people=sorted(viewer.names.items(), key=lambda pair: pair[1]),
    )  # fmt: skip


@blueprint.get("/register/<int:index>")
@allow(*READERS)
def entry(index: int) -> ResponseReturnValue:
    """Show one entry: in words, its bytes, its place in the signed log, and what has to do with it."""
    found = inclusion.placed(served(), index) if index < 2**53 else None
    if found is None:
        abort(404)
    viewer, professions = shown.viewer_of(served())
    book = book_around(served(), found.entry)
    hidden = is_withheld(book, found.entry, viewer.person)
    line = telling.lines_of(served(), Wanted(), viewer, before=index + 1).lines[0]
    row = shown.rows_of((line,), viewer, professions, linked=False)[0]
    return render_template(
        "register/entry.html", placed=found, entry=found.entry, row=row, is_withheld=hidden, shown=shown,
        relatives=_relatives(found.entry, viewer), correctable=_may_correct(found.entry, line.struck_by),
        steps=shown.steps_of(found),
    )  # fmt: skip


@blueprint.get("/register/<int:index>/bytes")
@allow(*READERS)
def bytes_of(index: int) -> Response:
    """Give the exact bytes of one entry as a file."""
    found = inclusion.placed(served(), index) if index < 2**53 else None
    if found is None or is_withheld(book_around(served(), found.entry), found.entry, current_person().person):
        abort(404)
    return _file(found.body, f"entry-{index}.json", "application/json")


@blueprint.get("/register/<int:index>/proof")
@allow(*READERS)
def proof(index: int) -> Response:
    """Give the proof that one entry stands in the signed log, as a C2SP tlog-proof; it does not hold the entry."""
    text = inclusion.proof_file(served(), index) if index < 2**53 else None
    if text is None:
        abort(404)
    return _file(text.encode(), f"entry-{index}.tlog-proof", "text/plain; charset=utf-8")


@blueprint.get("/register/verify")
@signed_in
def verify() -> str:
    """Verify the whole record now and say what held, what failed and what was not checked."""
    state = _state()
    if state is not None and state.size > MOST_VERIFIED_HERE:
        return render_template("register/verify.html", verdict=None, state=state, most=MOST_VERIFIED_HERE)
    here = desk()
    began = here.now_ms()
    verdict = verify_site(served().engine, served().site, installation(), now_ms=began)
    return render_template(
        "register/verify.html",
        verdict=verdict,
        state=state,
        took_ms=here.now_ms() - began,
        most=MOST_VERIFIED_HERE,
        dated=_dated(),
        lines=[(check.state.replace(" ", "_"), check.rule.meaning, check.why) for check in verdict.checks],
    )


def _dated() -> str:
    """Say which head a time authority dated last, when and by whom; or why there is none, or none newer."""
    here, last = desk(), last_dated(served())
    why = here.timekeeper.why_not if here.timekeeper is not None else NO_AUTHORITY
    if last is None:
        return f"no head yet: {why}" if why else "no head yet"
    when = shown.stamp_ms(last.gen_ms, here.offset_min(last.gen_ms))
    said = f"{last.size:,} entries, {when}, by {last.authority or 'an authority whose token is not here'}"
    return f"{said}; nothing newer: {why}" if why else said


def installation() -> Installation:
    """Return what stands around this service's database, for verifying."""
    here = desk()
    return Installation(
        keyring=here.ground.keyring,
        signer=here.ground.signer,
        reports=here.reports,
        time_certificates=here.timekeeper.certificates if here.timekeeper is not None else None,
    )


def _query(find: str) -> Query:
    args = request.args
    act, person, flag = args.get("act", ""), args.get("person", ""), args.get("flag", "")
    first, last = args.get("from", ""), args.get("to", "")
    kinds = next((kinds for name, _, kinds in shown.GROUPS if name == act), ())
    problem, key, from_ms, until_ms = "", None, None, None
    if find:
        key = telling.find_key(served(), find)
        problem = (
            "" if key else f"Nothing here is called “{find[:40]}”. Look for V-0412, S-0231, session 417 or an entry"
        )
        key = key or "none:"
    try:
        if first or last:
            period = period_of(first or last, last or first, desk().zone)
            from_ms, until_ms = period.from_ms, period.until_ms
    except Refused as refused:
        problem = sentence(refused)
    wanted = Wanted(
        kinds=kinds, actor=person or None, key=key, from_ms=from_ms, until_ms=until_ms,
        flag=Flag(flag) if flag in set(Flag) else None,
    )  # fmt: skip
    return Query(find=find, act=act, person=person, first=first, last=last, flag=flag, wanted=wanted, problem=problem)


def _flag_chips(query: Query) -> list[tuple[str, str, str, bool, str]]:
    chips = [(query.link(flag=""), "All", "", query.wanted.flag is None, "")]
    for flag in (Flag.LATE, Flag.STRUCK, Flag.UNWITNESSED, Flag.UNCONFIRMED, Flag.UNEXPLAINED):
        label, icon, _ = shown.FLAG_TAGS[flag]
        chips.append((query.link(flag=flag.value), label, "", query.wanted.flag is flag, icon))
    return chips


def _relatives(about: Recorded, viewer: Viewer) -> list[shown.Relative]:
    book = book_around(served(), about)
    pairs = shown.relatives(book, about)
    lines = telling.tell_these(served(), [other for _, other in pairs], viewer)
    return [
        shown.Relative(
            how=how,
            index=line.entry.index,
            href=url_for("register.entry", index=line.entry.index),
            what=line.told.what if line.told else shown.title_of(line.entry),
        )
        for (how, _), line in zip(pairs, lines, strict=True)
    ]


def _may_correct(about: Recorded, struck_by: int | None) -> bool:
    me = current_person()
    may = about.actor == me.person or "manager" in me.roles
    return (
        may
        and bool(me.roles & {"clinician", "manager"})
        and struck_by is None
        and isinstance(about.event, Correctable)
        and not isinstance(about.event, EntryStruck)
    )


def _state() -> RecordState | None:
    watch = desk().watch
    return watch.state() if watch is not None else None


def _file(content: bytes, name: str, kind: str) -> Response:
    answer = Response(content, content_type=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
