"""Steps of a session through its pages, for tests that are about one of them.

Each returns where the page leads. Not here: acts past the pages (tests/clinic.py).
"""

import re

from audit.domain import events
from audit.storage import registers
from audit.storage.engine import read
from tests.accounts import RIGHT
from tests.web.house import Browser, House

ORDER = {"who": "other", "name": "Patient Placeholder", "birth_date": "1980-01-02", "dose_by": "weight"}
ORDER |= {"per_kg": "0.5", "weight": "78", "route": "iv", "duration": "40"}


def open_session(house: House, who: str = "A", **changes: str) -> str:
    """Open a session for a new patient, 39 mg; return its address."""
    prescriber = house.clinic.people["A"]
    if changes.pop("known", ""):
        changes |= {"who": "known", "name": "", "birth_date": ""}
    return house.browser(who).done("/sessions/new", {**ORDER, "prescriber": prescriber, **changes})


def draw(house: House, session: str, vial: str, volume: str = "1", who: str = "A", **more: str) -> str:
    """Draw from a vial; return the syringe."""
    page = f"{session}/draw?vial={vial}"
    house.browser(who).done(f"{session}/draw", {"vial": vial, "volume": volume, **more}, on=page)
    return last_event(house, "dose_drawn").syringe


def run(house: House, session: str, syringe: str, *, rate: str = "1170", minutes: int = 40) -> None:
    """Start a syringe, let it run, stop it."""
    house.browser("A").done(f"{session}/start", {"container": syringe, "rate": rate}, on=session)
    later(house, minutes)
    house.browser("A").done(f"{session}/stop", {"container": syringe, "reason": "completed"}, on=session)


def later(house: House, minutes: int) -> None:
    """Let time pass; whoever acts next signs in again."""
    house.clock.pass_minutes(minutes)
    house._browsers.clear()


def read_left(house: House, container: str, volume: str = "0.22", who: str = "A") -> str:
    """State the first reading; return where it leads."""
    return house.browser(who).done(f"/wastes/{container}/read", {"volume": volume})


def reread(house: House, container: str, volume: str = "0.22", second: str = "B", at: str = "A") -> str:
    """Read as second person, at the tablet of somebody else or one's own; return where it leads."""
    page = house.browser(at).get(f"/witness/reading/{container}")
    fields = {
        "volume": volume,
        "second_password": RIGHT,
        "reading": re.search(r'name="reading" value="(\d+)"', page)[1],
    }
    if at != second:
        fields["second"] = house.clinic.people[second]
    return house.browser(at).done(f"/witness/reading/{container}", fields)


def waste(house: House, container: str, who: str = "A", **changes: str) -> str:
    """Sign the waste; return where it leads, the second person's page."""
    fields = {"method": "denature", "reason": "remainder", "password": RIGHT, **changes}
    return house.browser(who).done(f"/wastes/{container}/waste", fields)


def witness(house: House, page: str, second: str = "B", at: str = "A") -> str:
    """Sign as the second person who saw it; return where it leads."""
    fields = {"seen": "yes", "second_password": RIGHT}
    if at != second:
        fields["second"] = house.clinic.people[second]
    return house.browser(at).done(page, fields)


def close(house: House, session: str, who: str = "A") -> str:
    """Close a session; return where it leads."""
    return house.browser(who).done(f"{session}/close", {"password": RIGHT}, on=session)


def stopped(house: House, **more: str) -> tuple[str, str, str]:
    """Bring a session to where its pump has stopped; return session, vial, syringe."""
    (vial,) = house.clinic.receive(count=1)
    session = open_session(house)
    syringe = draw(house, session, vial, **more)
    run(house, session, syringe)
    return session, vial, syringe


def balanced(house: House) -> tuple[str, str, str]:
    """Bring a session to where nothing is left to account for; return session, vial, syringe."""
    session, vial, syringe = stopped(house)
    read_left(house, syringe)
    reread(house, syringe)
    witness(house, waste(house, syringe))
    return session, vial, syringe


def entries(house: House, *kinds: str) -> list:
    """Return the entries of some kinds, oldest first."""
    here = house.clinic.register
    with read(here.engine) as conn:
        return list(reversed(registers.newest(conn, here.site, limit=500, kinds=kinds).entries))


def last_event(house: House, kind: str):
    """Return what the latest entry of a kind states."""
    return entries(house, kind)[-1].event


def ended(person: str) -> events.PersonEnded:
    """The end of a person's part in the clinic."""
    return events.PersonEnded(person=person, reason="left")


def identifier(address: str) -> str:
    """Return the identifier at the end of an address."""
    return address.rsplit("/", 1)[-1]


__all__ = ["Browser", "balanced", "close", "draw", "entries", "identifier", "last_event", "open_session", "stopped"]
