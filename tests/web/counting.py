"""A clinic about to count, and its people doing it at the pages of a count."""

import re

from audit.services.counting import reveal
from tests.accounts import RIGHT
from tests.web.house import House, hidden_value

LOT = "EX-5390"
EXPECTED = ("438.3", "8.766")
"""What the book has of V-0001 after 1.234 mL were drawn from 10 mL at 50 mg/mL."""
COUNTED = ("432.65", "8.653")


def start_count(house: House, who: str = "B") -> str:
    return house.browser(who).done("/counts", {"business_time": "close"})


def rows_found(house: House, *, level: str = "8.653", sealed: str = "2") -> dict[str, str]:
    return {
        "do": "sign",
        "lot_product_0": house.clinic.products["50"],
        "lot_0": LOT,
        "number_0": sealed,
        "container_0": house.vial,
        "level_0": level,
    }


def take_count(house: House, page: str, who: str = "B", **found: str) -> None:
    house.browser(who).done(page, {**rows_found(house, **found), "password": RIGHT})


def confirm_count(house: House, page: str, who: str, **found: str) -> str:
    browser = house.browser(who)
    of = hidden_value(browser.get(f"{page}/second"), "of")
    return browser.done(f"{page}/second", {**rows_found(house, **found), "of": of, "second_password": RIGHT})


def crawl(house: House, who: str, also: tuple[str, ...] = ()) -> dict[str, str]:
    """Open every page that links lead to from home; return what each answered."""
    browser, seen, waiting = house.browser(who), {}, ["/", *also]
    while waiting and len(seen) < 150:
        path = waiting.pop()
        if path in seen:
            continue
        answer = browser.client.get(path, base_url="http://localhost", follow_redirects=True)
        seen[path] = answer.text if "text" in answer.content_type else ""
        links = re.findall(r'(?:href|action)="(/[^"#]*)', seen[path])
        waiting += [one.replace("&amp;", "&") for one in links if "/static/" not in one and "/sign-out" not in one]
    return seen


def cases_of(house: House, page: str) -> tuple:
    return reveal(house.clinic.register, page.rsplit("/", 1)[1]).cases
