"""The administrator's ways out of the alarm, on their page: each offered only where it can work."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import audit.app
from audit.config import from_environment
from audit.services.mirror import mirror
from audit.storage import checkpoints, log
from audit.storage.engine import read
from tests.accounts import RIGHT
from tests.web.house import House, open_house, problems_in, text_of


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    opened = open_house(tmp_path, monkeypatch)
    yield opened
    opened.service.desk.ground.engine.dispose()


def restored(house: House, tmp_path: Path, *, mirrored: bool) -> House:
    """Restore the database to before a delivery, with the service stopped in between; the mirror may know of it."""
    home, register = tmp_path / "var", house.clinic.register
    house.clinic.checkpoint()
    register.engine.dispose()
    shutil.copy(home / "audit.db", tmp_path / "backup.db")
    house.clinic.receive()
    house.clinic.checkpoint()
    if mirrored:
        mirror(register, home / "mirror")
    register.engine.dispose()
    for old in home.glob("audit.db*"):
        old.unlink()
    shutil.copy(tmp_path / "backup.db", home / "audit.db")
    service = audit.app.create_service(from_environment({"AUDIT_HOME": str(home)}))
    return House(service, house.clinic)


def size_of(house: House) -> int:
    register = house.service.desk.register
    with read(register.engine) as conn:
        return log.head(conn, register.site).size


def test_a_whole_record_has_nothing_to_recover(house: House) -> None:
    house.clinic.checkpoint()
    house.service.desk.watch.look()
    page = text_of(house.browser("A").get("/recovery"))
    assert "There is nothing to recover." in page
    assert "Freeze this log" not in page


@pytest.mark.parametrize("who", ["B", "M", "I"])
def test_nobody_but_the_administrator_sees_the_ways_out(house: House, who: str) -> None:
    house.browser(who).get("/recovery", status=404)


def test_lost_entries_are_filled_in_from_the_mirror_on_the_page(house: House, tmp_path: Path) -> None:
    whole = restored(house, tmp_path, mirrored=True)
    before, held = size_of(whole), whole.service.desk.ground.signer.held(house.clinic.register.origin)
    browser = whole.browser("A")
    assert "Guided recovery" in browser.get("/alarm")
    assert "Guided recovery" not in whole.browser("B").get("/alarm")
    page = text_of(browser.get("/recovery"))
    assert f"The mirror holds {held.size} entries, which is all that the signer remembers." in page
    assert browser.refused("/recovery/refill", {"password": ""}, on="/recovery") == ["Type the password to sign"]
    assert size_of(whole) == before
    assert browser.done("/recovery/refill", {"password": RIGHT}, on="/recovery") == "/recovery"
    assert size_of(whole) == held.size + 1
    assert "There is nothing to recover." in text_of(browser.get("/recovery"))
    assert "No alarm" in browser.get("/alarm")
    whole.service.desk.ground.engine.dispose()


def test_without_a_mirror_the_next_log_begins_and_everybody_signs_in_to_it(house: House, tmp_path: Path) -> None:
    cut = restored(house, tmp_path, mirrored=False)
    browser, origin = cut.browser("A"), house.clinic.register.origin
    page = text_of(browser.get("/recovery"))
    assert "There is no mirror that can be used" in page
    assert f"{origin}/2" in page
    assert browser.refused("/recovery/refill", {"password": RIGHT}, on="/recovery")[0].startswith("There is no mirror")
    said = browser.refused("/recovery/succeed", {"next_password": RIGHT}, on="/recovery")
    assert said == ["Tick that you know what is lost"]
    answer = browser.post("/recovery/succeed", {"next_password": RIGHT, "gap": "yes"}, on="/recovery")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in"), problems_in(answer.text)
    assert cut.service.desk.register.origin == f"{origin}/2"
    cut._browsers.clear()
    assert "Record intact" in cut.browser("A").get("/")
    assert "Record broken" not in cut.browser("B").get("/")
    cut.service.desk.ground.engine.dispose()


def test_a_signer_without_memory_goes_on_once_its_head_is_stated_on_the_page(house: House) -> None:
    house.clinic.checkpoint()
    register = house.service.desk.register
    with read(register.engine) as conn:
        kept = checkpoints.latest(conn, register.site)
    house.service.desk.ground.signer.store.unlink()
    house.service.desk.watch.look()
    browser = house.browser("A")
    assert "The signer does not know this register" in browser.get("/alarm")
    page = browser.get("/recovery")
    assert kept.root.hex()[:8] in page
    assert "No cosigner answers" in page
    browser.done("/recovery/state", {"password": RIGHT}, on="/recovery")
    assert not house.service.desk.watch.is_read_only
    assert "There is nothing to recover." in text_of(browser.get("/recovery"))
    assert house.service.desk.ground.signer.held(register.origin).size == house.size
