"""People at their tablets: each taps, types and scans in a browser of their own, and everything they do is counted.

What a page answered is kept, so that a test can say what somebody was never shown. Not here: what is done on a page
in which order (clinic_day.py), the service (service.py).
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Error, Locator, Page, Response

TABLET = {"width": 820, "height": 1180}
DESKTOP = {"width": 1280, "height": 900}
FOUR_WORDS = "copper lantern meadow "
"""With one more word it is a password: everybody's own."""
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
QUIET += ["--disable-component-update", "--disable-sync"]
GS = "|"
"""Stands for the separator of GS1, which a hand scanner types as Ctrl+]."""
# One script, so that the keys come as fast as a scanner's however busy the machine is.
SCAN = """async text => {
  const key = (k, extra) => document.activeElement.dispatchEvent(
    new KeyboardEvent('keydown', {key: k, bubbles: true, cancelable: true, ...extra}));
  for (const c of text) c === '|' ? key(']', {ctrlKey: true, code: 'BracketRight'}) : key(c);
  key('Enter');
}"""


@dataclass
class Tally:
    """What a journey cost: taps (a key of the keypad is one), numbers typed, passwords typed, scans."""

    taps: int = 0
    numbers: int = 0
    passwords: int = 0
    scans: int = 0

    def add(self, other: "Tally") -> None:
        """Count in what another journey cost."""
        self.taps += other.taps
        self.numbers += other.numbers
        self.passwords += other.passwords
        self.scans += other.scans


@dataclass
class Answer:
    """What the service sent to one person: where from, and the words."""

    path: str
    text: str


@dataclass
class Person:
    """Somebody with a password and a tablet of their own."""

    name: str
    sign_in: str
    word: str
    page: Page
    address: str
    has_script: bool = True
    tally: Tally = field(default_factory=Tally)
    answers: list[Answer] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @property
    def password(self) -> str:
        """Return the password, which nobody else has."""
        return FOUR_WORDS + self.word

    def open(self, path: str) -> "Person":
        """Type an address, or follow a link from elsewhere."""
        self.page.goto(path if path.startswith("http") else self.address + path)
        return self

    def enter(self) -> None:
        """Sign in, where an earlier sign-in has ended."""
        self.open("/")
        if self.path.startswith("/sign-in"):
            self.write(sign_in=self.sign_in, password=self.password)
            self.tap("Sign in")

    def leave(self) -> None:
        """Sign out at this tablet."""
        with self.page.expect_navigation():
            self.page.get_by_role("button", name="Sign out").locator("visible=true").first.click()

    def write(self, **values: str) -> None:
        """Fill fields by their names; words and dates, not counted."""
        for name, value in values.items():
            self.page.locator(f"#f-{name}").fill(value)

    def choose(self, name: str, words: str) -> None:
        """Choose from a list by the words of the choice: two taps, one to open it."""
        self.tally.taps += 2
        found = self.page.locator(f"#f-{name}")
        found.select_option(found.locator("option", has_text=words).first.get_attribute("value"))

    def tick(self, name: str, value: str = "") -> None:
        """Tap a box or a chip."""
        self.tally.taps += 1
        self.page.locator(f'input[name="{name}"]' + (f'[value="{value}"]' if value else "")).check()

    def key_in(self, name: str, number: str) -> None:
        """Type a number on the keypad of a page, one tap a key."""
        self.tally.numbers += 1
        if not self.has_script:
            self.page.fill(f"#f-{name}", number)
            return
        pad = self.page.locator("[data-pad]").filter(has=self.page.locator(f"#f-{name}"))
        for key in number:
            self.tally.taps += 1
            pad.locator(f'[data-key="{key}"]').click()
        assert self.page.input_value(f"#f-{name}") == number

    def number(self, **values: str) -> None:
        """Type numbers into plain fields."""
        self.tally.numbers += len(values)
        self.write(**values)

    def sign(self, **passwords: str) -> None:
        """Type passwords, counted apart: a passkey will take their place."""
        self.tally.passwords += len(passwords)
        self.write(**passwords)

    def tap(self, target: str | Locator) -> None:
        """Tap what leads to another page: a button or link by its words."""
        self.tally.taps += 1
        found = self.on_screen(target) if isinstance(target, str) else target
        with self.page.expect_navigation():
            found.click()

    def on_screen(self, words: str) -> Locator:
        """Return the button or link whose words begin so."""
        starts = re.compile(r"^\s*" + re.escape(words))
        buttons = self.page.get_by_role("button", name=starts).or_(self.page.get_by_role("link", name=starts))
        return buttons.locator("visible=true").first

    def scan(self, code: str) -> None:
        """Scan a code; its page sends itself. Without script the field has the focus, and loses the separator."""
        self.tally.scans += 1
        if not self.has_script:
            self.page.locator("[data-scan]").fill(code.split(GS, maxsplit=1)[0])
            with self.page.expect_navigation():
                self.page.keyboard.press("Enter")
            return
        with self.page.expect_navigation():
            self.page.evaluate(SCAN, code)

    def fetch(self, path: str) -> str:
        """Fetch a file as the page would; return its text."""
        return self.page.evaluate("path => fetch(path).then(answer => answer.text())", path)

    def says(self) -> str:
        """Return the words of the page in front of the person."""
        return re.sub(r"[\s\xa0]+", " ", self.page.inner_text("body"))

    def must_see(self, *words: str) -> None:
        """Fail where the page does not say something."""
        said = self.says()
        for one in words:
            assert one in said, (one, self.page.url, said[:1500])

    @property
    def path(self) -> str:
        """Return where the person is."""
        return self.page.url.removeprefix(self.address)

    @contextmanager
    def counted(self) -> Iterator[Tally]:
        """Count what is done inside on its own."""
        before, self.tally = self.tally, Tally()
        inside = self.tally
        try:
            yield inside
        finally:
            before.add(inside)
            self.tally = before

    @contextmanager
    def shown(self) -> Iterator[list[Answer]]:
        """Collect what the service sends to this person inside."""
        mark = len(self.answers)
        found: list[Answer] = []
        yield found
        found += self.answers[mark:]

    def look(self, name: str) -> None:
        """Look at the page in front of the person: no rule of accessibility broken, nothing wider than the tablet."""
        if not self.has_script:
            return
        found = Axe().run(self.page).response["violations"]
        broken = [(rule["id"], [node["html"][:160] for node in rule["nodes"]][:3]) for rule in found]
        assert broken == [], (name, self.page.url, broken)
        assert self.page.evaluate("document.documentElement.scrollWidth") <= TABLET["width"], (name, self.page.url)
        if folder := os.environ.get("SHOTS"):
            _shoot(self.page, Path(folder), name)


def invite(browser: Browser, address: str, *, name: str, sign_in: str, word: str, has_script: bool = True) -> Person:
    """Give somebody a tablet."""
    page = browser.new_context(viewport=TABLET, has_touch=True, java_script_enabled=has_script).new_page()
    page.set_default_timeout(20_000)
    person = Person(name=name, sign_in=sign_in, word=word, page=page, address=address, has_script=has_script)
    page.on(
        "console",
        lambda said: person.complaints.append(f"{said.text} {said.location['url']}") if said.type == "error" else None,
    )
    page.on("pageerror", lambda error: person.complaints.append(str(error)))
    page.on("response", lambda response: _keep(person, response))
    return person


def _keep(person: Person, response: Response) -> None:
    kind = response.headers.get("content-type", "")
    if response.status in {200, 422} and kind.startswith(("text/html", "application/json", "text/csv")):
        # a script's answer may be gone with the page that its script has left
        with suppress(Error) if kind.startswith("application/json") else nullcontext():
            person.answers.append(Answer(response.url.removeprefix(person.address), response.text()))


def _shoot(page: Page, folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for size, viewport in (("desktop", DESKTOP), ("tablet", TABLET)):
        page.set_viewport_size(viewport)
        page.screenshot(path=folder / f"{name}-{size}.png", full_page=True)
