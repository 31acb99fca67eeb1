"""Checks many signatures beside the reading of entries, on the machine's other cores.

OpenSSL lets go of the interpreter while it verifies, so threads are enough. What is found comes out in the order in
which it was asked for, whenever it was answered. Not here: what is signed by whom (`check_07_signatures`).
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

Check = Callable[[], str | None]
"""Says in words what a signature does not show, or None where it holds; touches nothing but its own arguments."""
Told = Callable[[str], None]

_AT_ONCE = 256
"""Signatures checked in one go: long enough that handing over costs little, short enough to keep memory flat."""
_WAITING = 16


class SignatureBench:
    """Collects checks of signatures and answers them in order."""

    def __init__(self, workers: int) -> None:
        """Check with so many threads; none are started before there is enough to do."""
        self._workers = workers
        self._pool: ThreadPoolExecutor | None = None
        self._next: list[tuple[Check, Told]] = []
        self._sent: deque[tuple[Future[list[str | None]], list[tuple[Check, Told]]]] = deque()

    def ask(self, check: Check, told: Told) -> None:
        """Have a signature checked; `told` is called with what it does not show, if anything, before `finish` ends."""
        self._next.append((check, told))
        if len(self._next) >= _AT_ONCE:
            self._send()

    def finish(self) -> None:
        """Wait for every answer."""
        while self._sent:
            self._take()
        _tell(self._next, [check() for check, _ in self._next])
        self._next = []
        if self._pool is not None:
            self._pool.shutdown()

    def _send(self) -> None:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._workers, thread_name_prefix="signatures")
        asked, self._next = self._next, []
        self._sent.append((self._pool.submit(_answers, [check for check, _ in asked]), asked))
        if len(self._sent) > _WAITING:
            self._take()

    def _take(self) -> None:
        future, asked = self._sent.popleft()
        _tell(asked, future.result())


def _answers(checks: list[Check]) -> list[str | None]:
    return [check() for check in checks]


def _tell(asked: list[tuple[Check, Told]], answers: list[str | None]) -> None:
    for (_, told), answer in zip(asked, answers, strict=True):
        if answer is not None:
            told(answer)
