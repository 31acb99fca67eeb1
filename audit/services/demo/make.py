"""Makes a demo clinic where there is no log yet, from a seed and a first day.

Keys, identifiers, salts and times are drawn from the seed: the same call gives the same bytes of every entry.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from audit.domain.errors import Refused
from audit.services.demo.days import Clinic, moment, offset_min
from audit.services.demo.desk import Clock, Desk
from audit.services.demo.keys import give_demo_key, make_demo_keyring
from audit.services.demo.people import PASSWORD, ZONE, clinic_facts, first_person
from audit.services.demo.plan import calendar_from, last_working_day, plan_visits, start_for
from audit.services.opening import Ground, find_register, open_log, origin_of
from audit.services.passwords import STANDARD, Cost, hash_password
from audit.services.publish import publish
from audit.services.register import Register
from audit.storage import log
from audit.storage.engine import read

MOST_SESSIONS = 20_000
_CHECKPOINT_DAYS = 5
_DAYS_FOR_EXPIRY = 6
_SALT_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Which demo clinic: how many sessions, from which seed, beginning on which day (None: so that it ends yesterday).

    `cost` is that of the one password hash that everybody shares.
    """

    sessions: int
    seed: int
    start: date | None = None
    cost: Cost = STANDARD


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """The demo clinic made: the ground and register to serve it with, its days, how much is in it."""

    ground: Ground
    register: Register
    first_day: date
    last_day: date
    sessions: int
    entries: int


def make_demo(
    ground: Ground,
    wish: Wish,
    *,
    home: Path,
    tell: Callable[[int, int], None],
) -> Made:
    """Live through a demo clinic and return it; `tell` hears how many sessions are done, of how many.

    Raises:
        Refused: `real_log_exists`, `demo_exists`, `sessions_out_of_range`, `signer_ahead` where the signer's store
            knows a demo that the database has lost, or `demo_in_future` for a first day from which the sessions
            would reach beyond yesterday.
    """
    check_free(ground)
    if not 1 <= wish.sessions <= MOST_SESSIONS:
        raise Refused("sessions_out_of_range", "sessions", least=1, most=MOST_SESSIONS)
    rng = Random(f"ketamine-audit/demo/v1/{wish.seed}")
    visits = plan_visits(rng, wish.sessions)
    days = _calendar(ground, wish, len(visits))
    keyring = make_demo_keyring(home, wish.seed, ground.random)
    give_demo_key(ground.signer, origin_of(ground, clinic_facts(expires="2000-01-01").clinic), wish.seed)
    clock = Clock(moment(ZoneInfo(ZONE), days[0], 7, 45))
    clinic = _open(dataclasses.replace(ground, keyring=keyring, clock=clock, random=rng.randbytes), wish, rng, clock)
    register = clinic.desk.register
    served = dataclasses.replace(ground, keyring=keyring)
    clinic.found(days[0], _password_hash(wish), _old_expiry(days))
    done = 0
    for number, (day, coming) in enumerate(zip(days, visits, strict=True), start=1):
        clinic.live(day, coming)
        if number % _CHECKPOINT_DAYS == 0 or number == len(days):
            publish(register.engine, register.site, register.origin, ground.signer)
        done += len(coming)
        tell(done, wish.sessions)
    with read(ground.engine) as conn:
        entries = log.head(conn, register.site).size
    return Made(
        ground=served,
        register=dataclasses.replace(register, clock=ground.clock, random=ground.random),
        first_day=days[0],
        last_day=days[-1],
        sessions=wish.sessions,
        entries=entries,
    )


def check_free(ground: Ground) -> None:
    """Refuse to make a demo where there is a log.

    Raises:
        Refused: `real_log_exists` or `demo_exists`.
    """
    found = find_register(ground)
    if found is not None:
        raise Refused("demo_exists" if found.is_demo else "real_log_exists")


def _calendar(ground: Ground, wish: Wish, days: int) -> list[date]:
    today = datetime.fromtimestamp(ground.clock() // 1000, ZoneInfo(ZONE)).date()
    found = calendar_from(wish.start or start_for(last_working_day(today), days), days)
    if found[-1] >= today:
        raise Refused("demo_in_future", "start", day=found[-1].isoformat(), today=today.isoformat())
    return found


def _open(ground: Ground, wish: Wish, rng: Random, clock: Clock) -> Clinic:
    """Open the log on the first day, with its first person."""
    zone = ZoneInfo(ZONE)
    first = datetime.fromtimestamp(clock.now_ms // 1000, zone).date()
    facts = clinic_facts(expires=(first + timedelta(days=700)).isoformat())
    offset = offset_min(zone, first)
    nonce = rng.randbytes(16).hex()
    person = first_person(_password_hash(wish))
    register, _ = open_log(ground, facts, person, nonce=nonce, offset_min=offset, is_demo=True)
    return Clinic(Desk(register, clock, rng, offset), zone)


def _password_hash(wish: Wish) -> str:
    """Hash the one password of everybody, with a salt from the seed: a fresh one would change the entries."""
    salt = Random(f"ketamine-audit/demo/v1/{wish.seed}/salt").randbytes(_SALT_BYTES)
    return hash_password(PASSWORD, wish.cost, salt=salt)


def _old_expiry(days: list[date]) -> str | None:
    """Return a day in the first half: a vial set aside from the start expires then and is used all the same."""
    return days[len(days) // 3].isoformat() if len(days) >= _DAYS_FOR_EXPIRY else None
