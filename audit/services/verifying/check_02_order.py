"""Checks 2 and 3: origin, index and chain run without a gap; the recorded time falls only where a step is stated."""

from audit.domain import events
from audit.services.verifying.check_01_bytes import Read
from audit.services.verifying.verdict import Notebook, Rule
from audit.tlog.entry import FIRST_PREV


class Order:
    """Follows the entries one by one; entry 0 says which log this is."""

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook
        self.origin: str | None = None
        self.next_index = 0
        self._prev: str | None = FIRST_PREV
        self._recorded_ms: int | None = None

    def admits(self, index: int) -> bool:
        """Say whether a row is at a place of its own; a row at a place already taken belongs to no check."""
        if index < self.next_index:
            self._notebook.finding(
                Rule.ORDER, index, expected=f"one row at index {index}", found=f"another row at index {index}"
            )
            return False
        if index > self.next_index:
            last = index - 1
            span = f"entry {last}" if last == self.next_index else f"entries {self.next_index} to {last}"
            self._notebook.finding(Rule.ORDER, self.next_index, expected=span, found="no such row")
            self._prev = None
        self.next_index = index + 1
        return True

    def entry(self, read: Read) -> None:
        """Check one entry against the one before."""
        if read.entry is None:
            self._prev, self._recorded_ms = read.leaf.hex(), None
            return
        self._check_place(read)
        self._check_clock(read)
        self._prev, self._recorded_ms = read.leaf.hex(), read.entry.recorded_ms

    def finish(self, size: int | None) -> None:
        """Compare the end with the size that the head states, where there is a head."""
        if size is not None and size > self.next_index:
            last = size - 1
            span = f"entry {last}" if last == self.next_index else f"entries {self.next_index} to {last}"
            self._notebook.finding(
                Rule.ORDER, self.next_index, expected=f"{span}, as the head says", found="the log ends before"
            )
        if self.next_index == 0:
            self._notebook.finding(Rule.ORDER, 0, expected="entry 0, log_opened", found="no entry")

    def _check_place(self, read: Read) -> None:
        entry, index = read.entry, read.index
        if entry is None:
            return
        if index == 0:
            self.origin = entry.log
            if entry.kind != "log_opened":
                self._notebook.finding(Rule.ORDER, 0, expected="log_opened", found=entry.kind)
        elif entry.kind == "log_opened":
            self._notebook.finding(Rule.ORDER, index, expected="log_opened at index 0 alone", found="log_opened")
        if self.origin is not None and entry.log != self.origin:
            self._notebook.finding(Rule.ORDER, index, expected=f"log {self.origin}", found=f"log {entry.log}")
        if entry.index != index:
            self._notebook.finding(Rule.ORDER, index, expected=f"index {index}", found=f"index {entry.index}")
        if self._prev is not None and entry.prev != self._prev:
            before = f"the leaf of entry {index - 1}, {self._prev}" if index else f"SHA-256 of nothing, {self._prev}"
            self._notebook.finding(Rule.ORDER, index, expected=before, found=f"prev {entry.prev}")

    def _check_clock(self, read: Read) -> None:
        entry, before = read.entry, self._recorded_ms
        if entry is None or before is None:
            return
        event = read.recorded.event if read.recorded else None
        if isinstance(event, events.ClockStepped):
            stated = (event.from_ms, event.to_ms)
            if stated != (before, entry.recorded_ms):
                self._notebook.finding(
                    Rule.CLOCK,
                    read.index,
                    expected=f"a step from {before} ms to {entry.recorded_ms} ms",
                    found=f"stated from {stated[0]} ms to {stated[1]} ms",
                )
        elif entry.recorded_ms < before:
            self._notebook.finding(
                Rule.CLOCK, read.index, expected=f"recorded_ms >= {before}", found=f"recorded_ms {entry.recorded_ms}"
            )
