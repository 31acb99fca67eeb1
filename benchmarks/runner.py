"""Measuring two things beside each other: alternated repetitions, medians, and their ratio.

On a machine that others use too, a ratio of medians taken in turns says more than a time. Not here: what is
measured, and how the results are written up.
"""

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Act = Callable[[], object]


@dataclass(frozen=True)
class Result:
    """Medians of two contenders in seconds, and what was aimed at; `note` says what was left out and why."""

    title: str
    ours: str
    rival: str
    ours_s: float
    rival_s: float
    repetitions: int
    goal: str = ""
    note: str = ""

    @property
    def ratio(self) -> float:
        """Our time over the rival's: below 1 we are faster."""
        return self.ours_s / self.rival_s


@dataclass(frozen=True)
class Skipped:
    """A measurement that could not be made here, and why."""

    title: str
    why: str


@dataclass(frozen=True)
class Sizes:
    """How much is measured: the full sizes of the goals, or a smoke run that only shows that everything runs."""

    appends: int
    verified_entries: int
    proved_entries: int
    postings: int
    report_entries: tuple[int, ...]
    repetitions: int


FULL = Sizes(
    appends=600,
    verified_entries=100_000,
    proved_entries=1_000_000,
    postings=1_000_000,
    report_entries=(1_000, 10_000),
    repetitions=5,
)
SMOKE = Sizes(appends=6, verified_entries=30, proved_entries=300, postings=200, report_entries=(30,), repetitions=1)


def alternate(ours: Act, rival: Act, repetitions: int, *, warm_up: int = 1) -> tuple[float, float]:
    """Call both in turns; return the median seconds of each. Collecting garbage waits until between the calls."""
    for _ in range(warm_up):
        ours()
        rival()
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(repetitions):
        pairs = [(ours, times[0]), (rival, times[1])]
        for act, kept in pairs if turn % 2 == 0 else reversed(pairs):
            kept.append(seconds(act))
    return statistics.median(times[0]), statistics.median(times[1])


def seconds(act: Act) -> float:
    """Return how long one call takes."""
    gc.collect(0)
    gc.disable()
    try:
        start = time.perf_counter()
        act()
        return time.perf_counter() - start
    finally:
        gc.enable()


def median(times: Sequence[float]) -> float:
    """Return the median of some times."""
    return statistics.median(times)
