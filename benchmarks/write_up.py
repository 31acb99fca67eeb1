"""The results as a page: docs/performance.md. Says what kind of machine it was in general words, never where."""

import os
import platform
import sqlite3
from collections.abc import Sequence

from benchmarks.runner import Result, Skipped

_HEAD = """# Performance

Written by `make bench`. Each line measures two things in turns in one run and gives the medians: on a machine that
others use too, their ratio says more than the times. A ratio below 1 means that we are faster than the rival.
"""
_TABLE = "| what | ours | rival | ratio | goal |\n|---|---|---|---|---|"


def page(results: Sequence[Result | Skipped]) -> str:
    """Return the page."""
    measured = [one for one in results if isinstance(one, Result)]
    left_out = [one for one in results if isinstance(one, Skipped)]
    parts = [_HEAD, _machine(), "", _TABLE, *(_row(one) for one in measured), ""]
    parts += ["## What was measured", "", *(_words(one) for one in measured)]
    if left_out:
        parts += ["", "## Not measured here", "", *(f"- {one.title}: {one.why}." for one in left_out)]
    return "\n".join(parts) + "\n"


def line(result: Result | Skipped) -> str:
    """Return one result as a line for the terminal."""
    if isinstance(result, Skipped):
        return f"{result.title}: not measured, {result.why}"
    note = f" ({result.note})" if result.note else ""
    return f"{result.title}: {_time(result.ours_s)} against {_time(result.rival_s)}, ratio {result.ratio:.2f}{note}"


def _machine() -> str:
    load = f", load {os.getloadavg()[0]:.1f} at the end" if hasattr(os, "getloadavg") else ""
    return (
        f"Machine: {os.cpu_count()} processor cores, {platform.system()}, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}{load}."
    )


def _row(one: Result) -> str:
    return f"| {one.title} | {_time(one.ours_s)} | {_time(one.rival_s)} | {one.ratio:.2f} | {one.goal or '-'} |"


def _words(one: Result) -> str:
    note = f" {one.note[0].upper()}{one.note[1:]}." if one.note else ""
    return f"- **{one.title}.** Ours: {one.ours}. Rival: {one.rival}. {one.repetitions} repetitions each.{note}"


def _time(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.2f} ms"
