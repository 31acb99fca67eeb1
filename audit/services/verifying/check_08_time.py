"""Check 8: recorded times agree with a time authority's tokens, each way.

After a token nothing is recorded earlier, under a dated head nothing later, by more than `SLACK_MS` and what the token
states as its accuracy. Stretches that a stepped clock names as wrong are notices. What a token itself must be is in
`token_08.py`; eight bytes an entry are kept here.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from audit.domain import events
from audit.services.time_token import SLACK_MS
from audit.services.verifying.check_01_bytes import Read
from audit.services.verifying.source import TimeTokens
from audit.services.verifying.token_08 import Judged, Tokens
from audit.services.verifying.tree import Tree
from audit.services.verifying.verdict import Notebook, Rule

_UNREADABLE: Final = -1


@dataclass(slots=True)
class _Run:
    """A stretch of entries, both ends included."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class _Bound:
    """A dated head: nothing among its first `size` entries was recorded after `latest_ms`; stated by entry `index`."""

    size: int
    latest_ms: int
    index: int


@dataclass(slots=True)
class Times:
    """Follows the clock through the entries, and compares it with what authorities stated."""

    notebook: Notebook
    tree: Tree
    given: TimeTokens | None
    _tokens: Tokens = field(init=False)
    _recorded: "array[int]" = field(default_factory=lambda: array("q"))
    _bounds: list[_Bound] = field(default_factory=list)
    _floor: tuple[int, int] | None = None
    """No later entry was recorded before this (ms); the entry that says so."""
    _early: list[_Run] = field(default_factory=list)
    _wrong: list[_Run] = field(default_factory=list)
    """Stretches that a later step of the clock names as wrong."""
    _stepped: int | None = None

    def __post_init__(self) -> None:
        self._tokens = Tokens(self.notebook, self.tree, self.given)

    def entry(self, read: Read) -> None:
        """Show one entry, before its leaf is in the tree."""
        recorded_ms = read.entry.recorded_ms if read.entry is not None else _UNREADABLE
        match read.recorded.event if read.recorded else None:
            case events.TimeStamped() as event:
                self._bound(read.index, event, self._tokens.judge(read.index, event))
                self._compare(read.index, recorded_ms)
            case events.ClockStepped() as event:
                self._step(read.index, event)
            case _:
                self._compare(read.index, recorded_ms)
        # After a missing entry stretches are no longer known, and where the next row says it is may be anywhere.
        if read.index == len(self._recorded):
            self._recorded.append(recorded_ms)

    def finish(self) -> None:
        """Name every stretch that was recorded too early or too late, and what could not be checked."""
        self._tokens.finish()
        for run in self._wrong:
            self.notebook.notice(
                Rule.TIME,
                run.first,
                expected="a clock that was right",
                found=f"{_span(run)} by a clock stated as wrong",
            )
        for run in self._outside(self._early):
            at, by = self._floor or (0, 0)
            self._finding(run, f"recorded no earlier than {at} ms, after the token of entry {by}")
        for bound, run in self._late():
            self._finding(run, f"recorded no later than {bound.latest_ms} ms, under the token of entry {bound.index}")

    def _bound(self, index: int, event: events.TimeStamped, judged: Judged) -> None:
        if not judged.counts:
            return
        slack = SLACK_MS + judged.accuracy_ms
        self._bounds.append(_Bound(min(event.size, index), event.gen_ms + slack, index))
        if self._floor is None or event.gen_ms - slack > self._floor[0]:
            self._floor = (event.gen_ms - slack, index)

    def _compare(self, index: int, recorded_ms: int) -> None:
        if self._floor is None or recorded_ms == _UNREADABLE or recorded_ms >= self._floor[0]:
            return
        _extend(self._early, index)

    def _step(self, index: int, event: events.ClockStepped) -> None:
        if self._floor is not None and event.to_ms < self._floor[0]:
            at, by = self._floor
            expected = f"no step of the clock to before {at} ms, after the token of entry {by}"
            self.notebook.finding(Rule.TIME, index, expected=expected, found=f"a step to {event.to_ms} ms")
        first = self._first_wrong(index, event)
        if first < index:
            self._wrong.append(_Run(first, index - 1))
        self._stepped = index

    def _first_wrong(self, index: int, event: events.ClockStepped) -> int:
        """Where the stretch begins that a step names as wrong; `index` where it names none.

        Before a step back, all that was recorded later than where it leads; before a step on, all since the last step.
        """
        if index != len(self._recorded):
            return index
        since = 0 if self._stepped is None else self._stepped + 1
        if event.to_ms >= event.from_ms:
            return index if self._stepped is None else since
        first = index
        while first > since and self._recorded[first - 1] > event.to_ms:
            first -= 1
        return first

    def _late(self) -> Iterator[tuple[_Bound, _Run]]:
        """Yield the stretches recorded too late; each entry is held against the earliest head that covers it."""
        earliest: _Bound | None = None
        tightest: list[_Bound] = []
        for bound in sorted(self._bounds, key=lambda one: one.size, reverse=True):
            if earliest is None or bound.latest_ms < earliest.latest_ms:
                earliest = bound
            tightest.append(_Bound(bound.size, earliest.latest_ms, earliest.index))
        since = 0
        for bound in reversed(tightest):
            stretch = self._recorded[since : bound.size]
            if stretch and max(stretch) > bound.latest_ms:
                runs: list[_Run] = []
                for place, recorded_ms in enumerate(stretch, since):
                    if recorded_ms > bound.latest_ms:
                        _extend(runs, place)
                yield from ((bound, run) for run in self._outside(runs))
            since = max(since, bound.size)

    def _outside(self, runs: Iterable[_Run]) -> Iterator[_Run]:
        """Yield what of some stretches no step of the clock names as wrong."""
        firsts = [wrong.first for wrong in self._wrong]
        for run in runs:
            first = run.first
            for wrong in self._wrong[max(bisect_right(firsts, run.first) - 1, 0) :]:
                if wrong.first > run.last:
                    break
                if wrong.first > first:
                    yield _Run(first, wrong.first - 1)
                first = max(first, wrong.last + 1)
            if first <= run.last:
                yield _Run(first, run.last)

    def _finding(self, run: _Run, expected: str) -> None:
        at = [
            f"{self._recorded[place]}" for place in dict.fromkeys((run.first, run.last)) if place < len(self._recorded)
        ]
        met = f"{' to '.join(at)} ms" if at else "another time"
        self.notebook.finding(Rule.TIME, run.first, expected=f"{_span(run)} {expected}", found=met)


def _extend(runs: list[_Run], index: int) -> None:
    """Add an entry to the last stretch where it follows it, else begin another."""
    if runs and runs[-1].last == index - 1:
        runs[-1].last = index
    else:
        runs.append(_Run(index, index))


def _span(run: _Run) -> str:
    return f"entry {run.first}" if run.first == run.last else f"entries {run.first} to {run.last}"
