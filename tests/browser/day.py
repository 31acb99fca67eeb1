"""The clinic on its day: its service, its people, what was counted and shown; and somebody who looks everywhere."""

import re
from dataclasses import dataclass, field

from playwright.sync_api import Browser

from tests.browser.people import Answer, Person, Tally, invite
from tests.browser.service import Served

OPENED, REST = "V-0001", ("V-0002", "V-0003", "V-0004")


@dataclass
class Day:
    """The clinic on its day: the service, its people, and what was counted and shown."""

    service: Served
    browser: Browser
    people: dict[str, Person] = field(default_factory=dict)
    costs: dict[str, Tally] = field(default_factory=dict)
    shown: dict[str, list[Answer]] = field(default_factory=dict)
    sessions: list[str] = field(default_factory=list)
    vial: str = ""
    has_script: bool = True

    def person(self, letter: str) -> Person:
        """Return one of the people."""
        return self.people[letter]

    def later(self, minutes: int) -> None:
        """Let time pass."""
        self.service.pass_minutes(minutes)

    def come(self, letter: str, name: str, sign_in: str, word: str) -> Person:
        """Let somebody in who has no password yet."""
        self.people[letter] = invite(
            self.browser, self.service.address, name=name, sign_in=sign_in, word=word, has_script=self.has_script
        )
        return self.people[letter]


def pry_open(day: Day, person: Person, session: str) -> None:
    """Open, as somebody who may still be the second person, every page that could tell a figure."""
    person.enter()
    for path in ("/", session, "/sessions", "/register", "/witness", "/cases", "/stock", day.vial):
        person.open(path)
    for one in sorted(set(re.findall(r'href="(/register/\d+)"', person.page.content()))):
        person.open(one)
    if person is day.person("M"):
        today = day.service.today()
        person.open(f"/reconcile?from={today}&to={today}")
        person.open("/reports")
        for suffix in ("json", "csv"):
            person.fetch(f"/reconcile.{suffix}?from={today}&to={today}")
