"""Where the record's state is shown it says which head was dated outside last, when and by whom; or why none was."""

from audit.services.timestamps import Timekeeper
from tests.time_authority import TestAuthority, authority_at, granted, serving
from tests.web.house import text_of


def test_without_a_time_authority_the_record_says_so(house):
    said = text_of(house.browser("M").get("/register/verify"))
    assert "Dated outside no head yet: no time authority is configured" in said
    assert "no time authority dated this log" in said


def test_the_last_dated_head_is_shown_with_its_time_and_authority(house, tmp_path):
    authority = TestAuthority(tmp_path / "authority")
    desk, clock = house.service.desk, house.clinic.clock
    with serving(lambda query: granted(authority.dated(query, clock.now_ms))) as url:
        desk.timekeeper = Timekeeper(house.clinic.register, authority_at(url, authority), desk.watch.sign)
        assert desk.timekeeper.stamp() is True
    said = text_of(house.browser("M").get("/register/verify"))
    assert ", by Example Time Authority, Unit 1" in said
    assert "1 token, the last by Example Time Authority, Unit 1, over " in said
    assert "Something is wrong" not in said


def test_an_authority_that_fails_is_told_with_the_reason(house, tmp_path):
    authority = TestAuthority(tmp_path / "authority")
    with serving(lambda _: (500, "text/html", b"")) as url:
        keeper = Timekeeper(house.clinic.register, authority_at(url, authority), house.service.desk.watch.sign)
        house.service.desk.timekeeper = keeper
        assert keeper.stamp() is False
    said = text_of(house.browser("M").get("/register/verify"))
    assert "Dated outside no head yet: the authority answered with HTTP status 500" in said
