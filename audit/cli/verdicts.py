"""A verdict as lines for a person, as one JSON document for a machine, and as the command's exit status."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence

import click

from audit.cli.machine import WRONG
from audit.domain.errors import Finding
from audit.services.verifying.verdict import Check, Verdict

_SYMBOLS = {"held": "held       ", "failed": "FAILED     ", "not checked": "not checked"}
_MOST_LISTED = 20


def lines(verdict: Verdict) -> Iterator[str]:
    """Yield the verdict in words, each check, and each fault on a line of its own with its entry."""
    yield verdict.sentence
    yield f"log     {verdict.origin or 'unknown'}"
    if verdict.is_demo:
        yield "demo    a made-up clinic: nothing in this log happened"
    yield f"size    {verdict.size}"
    if verdict.root:
        yield f"root    {verdict.root}"
    if verdict.past_checkpoint:
        yield f"        {_entries(verdict.past_checkpoint)} past the last checkpoint"
    yield ""
    yield from (_check_line(check) for check in verdict.checks)
    if verdict.findings:
        yield ""
        yield from (_finding_line(finding) for finding in verdict.findings)
    for one in verdict.unchecked:
        yield f"entry {one.index}: not checked: {one.why}"
    for notice in verdict.notices:
        yield f"notice: {_finding_line(notice)}"
    yield from _listed("unsigned acts, named by no acts_signed", verdict.unsigned)
    yield from _listed("signed by password, with the reason why not by passkey", verdict.password_despite_passkey)


def document(verdict: Verdict) -> dict[str, object]:
    """Return the whole verdict as JSON values."""
    return {
        "holds": verdict.holds,
        "sentence": verdict.sentence,
        "origin": verdict.origin,
        "size": verdict.size,
        "root": verdict.root,
        "opened_on": verdict.opened_on,
        "is_demo": verdict.is_demo,
        "anchored_size": verdict.anchored_size,
        "past_checkpoint": verdict.past_checkpoint,
        "checks": [
            {
                "check": check.rule.value,
                "number": check.rule.number,
                "meaning": check.rule.meaning,
                "state": check.state,
                "why": check.why,
            }
            for check in verdict.checks
        ],
        "findings": [_finding_json(finding) for finding in verdict.findings],
        "notices": [_finding_json(notice) for notice in verdict.notices],
        "not_checked": [{"index": one.index, "why": one.why} for one in verdict.unchecked],
        "unsigned": list(verdict.unsigned),
        "password_despite_passkey": list(verdict.password_despite_passkey),
        "cosigned": _cosigned(verdict),
    }


def _cosigned(verdict: Verdict) -> dict[str, object] | None:
    found = verdict.cosigning
    if found is None:
        return None
    return {
        "size": found.size,
        "by": list(found.names),
        "wanted": found.quorum,
        "cosigners": found.cosigners,
        "reached": found.is_reached,
        "reached_size": found.reached_size,
    }


def echo_json(value: dict[str, object]) -> None:
    """Print one JSON document."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def answer(document: dict[str, object], lines: Iterable[str], *, holds: bool, as_json: bool) -> None:
    """Print what came out, as one JSON document or in lines, and end with status 1 where it does not hold."""
    if as_json:
        echo_json(document)
    else:
        for line in lines:
            click.echo(line)
    if not holds:
        sys.exit(WRONG)


def _check_line(check: Check) -> str:
    number = str(check.rule.number) if check.rule.number is not None else "·"
    why = f"  ({check.why})" if check.why else ""
    return f"{number:>2}  {_SYMBOLS[check.state]}  {check.rule.meaning}{why}"


def _finding_line(finding: Finding) -> str:
    place = f"entry {finding.index}" if finding.index is not None else "no entry"
    return f"{place}: {finding.check}: expected {finding.expected}; found {finding.found}"


def _finding_json(finding: Finding) -> dict[str, object]:
    return {
        "check": finding.check,
        "index": finding.index,
        "expected": finding.expected,
        "found": finding.found,
    }


def _listed(what: str, indexes: Sequence[int]) -> Iterator[str]:
    if not indexes:
        return
    shown = ", ".join(map(str, indexes[:_MOST_LISTED]))
    more = f" and {len(indexes) - _MOST_LISTED} more" if len(indexes) > _MOST_LISTED else ""
    yield f"{len(indexes)} {what}: {shown}{more}"


def _entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count} entries"
