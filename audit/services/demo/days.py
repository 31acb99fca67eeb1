"""A demo clinic's days: the log opened before nine on the first, then visits, cases, deliveries and counts."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from audit.domain import events
from audit.services.demo.cases import Matters, morning
from audit.services.demo.desk import Desk, Scene, play
from audit.services.demo.evening import close_day
from audit.services.demo.people import MANAGER, STAFF, Crew, crew_of
from audit.services.demo.plan import Visit
from audit.services.demo.sessions import enter
from audit.services.demo.shelf import Shelf
from audit.services.demo.stock import deliveries, open_stock
from audit.tlog.seal import password_commitment

_ROOMS = 3
_SLOT_MIN = 75
_OPENS = 9
_CLOSES = 17


@dataclass(slots=True)
class Clinic:
    """What the days are played with."""

    desk: Desk
    zone: ZoneInfo
    shelf: Shelf = field(default_factory=Shelf)
    matters: Matters = field(default_factory=Matters)

    def found(self, day: date, password_hash: str, old_expiry: str | None) -> None:
        """Enrol the staff and state the stock the register starts from."""
        for member in STAFF[1:]:
            self.desk.clock.now_ms += self.desk.seconds(60, 120)
            enrolled = events.PersonEnrolled(
                person=member.person,
                name=member.name,
                sign_in=member.sign_in,
                profession=member.profession,
                licence=member.licence,
                roles=member.roles,
                password_sha256=password_commitment(password_hash),
            )
            self.desk.write(replace(self.desk.order(MANAGER, enrolled), password_hash=password_hash))
        open_stock(self.desk, self.shelf, day, old_expiry)

    def live(self, day: date, coming: list[Visit]) -> None:
        """Play a working day."""
        self.desk.offset_min = offset_min(self.zone, day)
        crew = crew_of(self.desk.rng)
        nine = moment(self.zone, day, _OPENS)
        play(
            self.desk,
            [
                (nine - 25 * 60_000, morning(self.desk, self.matters, day)),
                (nine - 10 * 60_000, deliveries(self.desk, self.shelf, day, crew)),
                *self._visits(nine, day, coming, crew),
            ],
        )
        closing = max(moment(self.zone, day, _CLOSES, 15), self.desk.clock.now_ms + 60_000)
        play(self.desk, [(closing, close_day(self.desk, self.shelf, self.matters, crew, day))])

    def _visits(self, nine: int, day: date, coming: list[Visit], crew: Crew) -> list[tuple[int, Scene]]:
        scenes = []
        for place, visit in enumerate(coming):
            slot, room = divmod(place, _ROOMS)
            start = nine + (slot * _SLOT_MIN + room * 20) * 60_000 + self.desk.seconds(0, 600)
            scenes.append((start, enter(self.desk, self.shelf, self.matters, visit, crew, day)))
        return scenes


def moment(zone: ZoneInfo, day: date, hour: int, minute: int = 0) -> int:
    """Return a local time as ms since 1970 UTC."""
    return int(datetime.combine(day, time(hour, minute), zone).timestamp()) * 1000


def offset_min(zone: ZoneInfo, day: date) -> int:
    """Return the zone's offset from UTC at noon of a day, in minutes; clocks change while the clinic sleeps."""
    offset = datetime.combine(day, time(12), zone).utcoffset() or timedelta()
    return offset // timedelta(minutes=1)
