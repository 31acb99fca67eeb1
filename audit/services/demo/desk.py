"""Where the demo's people write: one clock that the day moves, one source of chance, the real write path.

A scene is a generator: it writes, then yields the moment (ms) at which it goes on. `play` lets several scenes
run through each other in the order of their moments, as a clinic's rooms do.
"""

import heapq
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from random import Random

from audit.domain import commands
from audit.domain.book import Recorded
from audit.domain.people import SIGNED_IN_KINDS
from audit.domain.wire import KINDS
from audit.services.acts import SIGNED_IN, Order, with_factors
from audit.services.demo.people import Member
from audit.services.record import record
from audit.services.register import Register
from audit.storage.seals import Sealable

Scene = Generator[int, None, None]
MINUTE = 60_000
SIGNED = with_factors("demo")
_ON_THE_WAY = (
    commands.OpenSession,
    commands.DrawDose,
    commands.ReadRemainder,
    *(KINDS[kind] for kind in sorted(SIGNED_IN_KINDS)),
)


@dataclass(slots=True)
class Clock:
    """The demo's clock: it stands still until the day moves it."""

    now_ms: int

    def __call__(self) -> int:
        """Return the time."""
        return self.now_ms


@dataclass(slots=True)
class Desk:
    """What every scene writes with."""

    register: Register
    clock: Clock
    rng: Random
    offset_min: int = 0

    def identifier(self, prefix: str) -> str:
        """Return a new identifier, drawn from the seed."""
        return f"{prefix}_{self.rng.getrandbits(64):016x}"

    def order(
        self,
        who: Member,
        command: commands.Command,
        *,
        at_ms: int | None = None,
        sealed: Mapping[str, Sealable] | None = None,
        owner: str | None = None,
        answers_strike: bool = False,
    ) -> Order:
        """Return an order by one of the staff; `at_ms` is when it happened, now when left out."""
        return Order(
            command=command,
            actor=who.person,
            nonce=self.rng.randbytes(16).hex(),
            standing=SIGNED_IN if isinstance(command, _ON_THE_WAY) else SIGNED,
            offset_min=self.offset_min,
            occurred_ms=at_ms,
            sealed=sealed or {},
            owner=owner,
            answers_strike=answers_strike,
        )

    def write(self, *orders: Order) -> list[Recorded]:
        """Record orders in one transaction; return their entries."""
        return [written.entry for written in record(self.register, orders)]

    def chance(self, permille: int) -> bool:
        """Throw a die of a thousand sides."""
        return self.rng.randrange(1000) < permille

    def seconds(self, least: int, most: int) -> int:
        """Return a whole number of seconds between two bounds, in ms."""
        return self.rng.randint(least, most) * 1000


def play(desk: Desk, scenes: Iterable[tuple[int, Scene]]) -> None:
    """Play scenes from their starts (ms) to their ends; the clock never goes back."""
    waiting = [(start, number, scene) for number, (start, scene) in enumerate(scenes)]
    heapq.heapify(waiting)
    while waiting:
        at_ms, number, scene = heapq.heappop(waiting)
        desk.clock.now_ms = max(desk.clock.now_ms, at_ms)
        following = next(scene, None)
        if following is not None:
            heapq.heappush(waiting, (following, number, scene))
