"""A real clinic behind its real pages: the whole app on SQLite, its people, and a browser for each of them.

Acts that a test is not about go through the driver (tests/clinic.py) straight to the write path; what it is about goes
through the pages. Not here: the sign-in's own small clinic (front_desk.py).
"""

import random
import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

import audit.app
from audit.config import from_environment
from audit.domain import events
from audit.services.opening import ClinicFacts, FirstPerson, open_log
from audit.services.passwords import hash_password
from audit.storage.engine import read
from audit.storage.log import head
from audit.tlog.seal import password_commitment
from tests.accounts import QUICK, RIGHT
from tests.clinic import OFFSET_MIN, Clinic, Clock

HOST = "http://localhost"


@dataclass
class Browser:
    """One person's browser: keeps the cookie, sends back the token and the request number of the form it was shown."""

    client: object
    last_form: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, status: int = 200) -> str:
        """Open a page; return its HTML."""
        answer: TestResponse = self.client.get(path, base_url=HOST)
        assert answer.status_code == status, (path, answer.status_code, text_of(answer.text)[:600])
        return answer.text

    def post(self, path: str, data: dict[str, object] | None = None, *, on: str | None = None) -> TestResponse:
        """Send a form found on a page (the path itself when not said), with that page's token and request number."""
        page = self.get(on or path)
        hidden = {name: hidden_value(page, name) for name in ("csrf_token", "nonce")}
        self.last_form = {name: value for name, value in hidden.items() if value} | dict(data or {})
        return self.client.post(path, data=self.last_form, base_url=HOST)

    def resend(self, path: str, **changes: object) -> TestResponse:
        """Send the last form once more, as a second tap does, or with other values under the same request number."""
        return self.client.post(path, data=self.last_form | changes, base_url=HOST)

    def done(self, path: str, data: dict[str, object] | None = None, *, on: str | None = None) -> str:
        """Send a form that must be accepted; return where it leads."""
        answer = self.post(path, data, on=on)
        assert answer.status_code in {302, 303}, (path, answer.status_code, problems_in(answer.text))
        return answer.headers["Location"]

    def refused(self, path: str, data: dict[str, object] | None = None, *, on: str | None = None) -> list[str]:
        """Send a form that must be refused; return the messages of its summary."""
        answer = self.post(path, data, on=on)
        assert answer.status_code == 422, (path, answer.status_code)
        return problems_in(answer.text)


@dataclass
class House:
    """A running service of one clinic and the driver that acts past its pages."""

    service: audit.app.Service
    clinic: Clinic
    _browsers: dict[str, Browser] = field(default_factory=dict)

    @property
    def clock(self) -> Clock:
        """Return the clock of the service, which a test turns."""
        return self.clinic.clock

    @property
    def size(self) -> int:
        """Return how many entries the log has."""
        with read(self.clinic.register.engine) as conn:
            return head(conn, self.clinic.register.site).size

    def browser(self, who: str) -> Browser:
        """Return the browser in which a person is signed in; "" for somebody who is not."""
        if who not in self._browsers:
            browser = Browser(self.service.app.test_client())
            if who:
                browser.done("/sign-in", {"sign_in": f"{who.lower()}.example", "password": RIGHT})
            self._browsers[who] = browser
        return self._browsers[who]

    def enrol(self, who: str, profession: events.Profession, *roles: events.Role) -> str:
        """Enrol a person under one letter, with the password everybody has here."""
        clinic, stored = self.clinic, hash_password(RIGHT, QUICK)
        person = clinic.identifier("p")
        command = events.PersonEnrolled(
            person=person,
            name=f"{who}. Example",
            sign_in=f"{who.lower()}.example",
            profession=profession,
            roles=roles,
            password_sha256=password_commitment(stored),
        )
        clinic.act("A", command, password_hash=stored)
        clinic.people[who] = person
        return person


def open_house(folder: Path, monkeypatch: pytest.MonkeyPatch, *, pack: str = "ca-on", is_demo: bool = False) -> House:
    """Open a clinic: Dr A (clinician, manager, administrator), nurses B and C, manager M, inspector I."""
    clock, source = Clock(), random.Random(7)
    monkeypatch.setattr(audit.app, "clock_ms", clock)
    settings = from_environment({"AUDIT_HOME": str(folder / "var")})
    ground = audit.app.prepare(settings)
    first = FirstPerson(
        person="p_00000000",
        name="Dr A. Example",
        sign_in="a.example",
        profession="physician",
        licence="EX-100417",
        roles=("clinician", "manager", "administrator"),
        password_hash=hash_password(RIGHT, QUICK),
    )
    facts = ClinicFacts(
        clinic="Example Clinic",
        address="1 Sample Street, Toronto",
        telephone="416-555-0100",
        registration="EX-ON-0417",
        registration_expires="2027-03-31",
        licence=None,
        responsible="Dr A. Example",
        pack=pack,
        zone="America/Toronto",
    )
    _, recovery = open_log(
        ground, facts, first, nonce=source.randbytes(16).hex(), offset_min=OFFSET_MIN, is_demo=is_demo
    )
    ground.engine.dispose()
    service = audit.app.create_service(settings)
    served = service.desk.register
    signer = service.desk.ground.signer
    clinic = Clinic(served, service.desk.ground, signer, clock, source, recovery, people={"A": first.person})
    house = House(service, clinic)
    house.enrol("B", "nurse", "clinician")
    house.enrol("C", "nurse", "clinician")
    house.enrol("M", "pharmacist", "manager")
    house.enrol("I", "other", "inspector")
    clinic.add_product()
    return house


def hidden_value(page: str, name: str) -> str:
    """Return the value of a page's last hidden field of that name: the forms of the page follow those of its frame."""
    found = re.findall(rf'<input type="hidden" name="{name}" value="([^"]*)"', page)
    return found[-1] if found else ""


def problems_in(page: str) -> list[str]:
    """Return the messages of a page's error summary."""
    summary = re.search(r'<div class="errsum".*?</div>', page, re.DOTALL)
    return [text_of(one) for one in re.findall(r"<li>(.*?)</li>", summary[0], re.DOTALL)] if summary else []


def text_of(page: str) -> str:
    """Return what a page says, without its marks."""
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)).replace("&#39;", "'").replace("&amp;", "&")
    return words.replace("&#34;", '"').replace("\xa0", " ").replace("&nbsp;", " ").strip()
