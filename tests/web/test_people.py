"""Administrators enrol people, hand out one-time links, change roles and end access; nobody signs for another."""

import re

import pytest

from audit.services import people
from tests.accounts import RIGHT
from tests.web.house import Browser, text_of

NEW = {
    "name": "RN D. Specimen",
    "sign_in": "d.specimen",
    "profession": "nurse",
    "licence": "EX-200312",
    "role_clinician": "yes",
    "password": RIGHT,
}


def persons(house):
    return {one.sign_in: one for one in people.persons(house.clinic.register).values()}


def test_a_person_is_enrolled_by_four_fields_and_handed_a_link(house) -> None:
    page = house.browser("A").done("/people/new", NEW)
    shown = house.browser("A").get(page)
    address = re.search(r'value="(http://localhost[^"]*/password/[^"]+)"', shown)[1]
    enrolled = persons(house)["d.specimen"]
    assert (enrolled.name, enrolled.profession, enrolled.roles, enrolled.password_sha256) == (
        "RN D. Specimen",
        "nurse",
        ("clinician",),
        None,
    )
    new = Browser(house.service.app.test_client())
    path = "/password/" + address.partition("/password/")[2]
    new.done(path, {"new": "four other words again", "again": "four other words again"})
    assert new.get(path, status=410)
    new.done("/sign-in", {"sign_in": "d.specimen", "password": "four other words again"})
    assert persons(house)["d.specimen"].password_sha256 is not None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": ""}, "This is needed"),
        ({"sign_in": "B.Example"}, "“B.Example” signs in somebody else already"),
        ({"profession": "wizard"}, "Choose one"),
        ({"role_clinician": ""}, "Choose at least one role"),
        ({"role_inspector": "yes"}, "An inspector has no other role: they look and change nothing"),
        ({"password": "not mine at all"}, "This is not the password. Nothing is signed"),
        ({"password": ""}, "Type the password to sign"),
    ],
)
def test_each_wrong_field_of_an_enrolment_has_its_message_and_nobody_is_enrolled(house, changes, said) -> None:
    before = house.size
    assert house.browser("A").refused("/people/new", NEW | changes) == [said]
    assert house.size == before


def test_the_same_enrolment_sent_twice_is_one_person(house) -> None:
    administrator = house.browser("A")
    administrator.done("/people/new", NEW)
    before = house.size
    assert administrator.resend("/people/new").status_code == 303
    assert house.size == before


@pytest.mark.parametrize("who", ["B", "M", "I"])
@pytest.mark.parametrize("path", ["/people", "/people/new", "/people/p_00000000", "/people/p_00000000/link"])
def test_people_are_the_administrators_and_for_everyone_else_the_pages_do_not_exist(house, who, path) -> None:
    house.browser(who).get(path, status=404)


def test_roles_change_by_a_signed_entry_and_end_the_open_sign_ins(house) -> None:
    nurse, person = house.browser("B"), house.clinic.people["B"]
    nurse.get("/")
    changed = {"role_clinician": "yes", "role_manager": "yes", "password": RIGHT}
    house.browser("A").done(f"/people/{person}/roles", changed, on=f"/people/{person}")
    assert persons(house)["b.example"].roles == ("clinician", "manager")
    assert nurse.client.get("/", base_url="http://localhost").headers["Location"].startswith("/sign-in")


def test_an_administrator_does_not_give_up_the_last_key_to_the_door(house) -> None:
    me = house.clinic.people["A"]
    answer = house.browser("A").post(
        f"/people/{me}/roles", {"role_clinician": "yes", "password": RIGHT}, on=f"/people/{me}"
    )
    assert answer.status_code == 422
    assert "You cannot give up your own administrator role" in text_of(answer.text)


def test_an_ended_person_signs_in_no_more_and_stays_in_the_list(house) -> None:
    person = house.clinic.people["C"]
    house.browser("A").done(f"/people/{person}/end", {"reason": "left", "end_password": RIGHT}, on=f"/people/{person}")
    assert not persons(house)["c.example"].is_active
    assert "C. Example" in house.browser("A").get("/people")
    house.browser("A").get(f"/people/{person}/link", status=404)
    answer = Browser(house.service.app.test_client()).post("/sign-in", {"sign_in": "c.example", "password": RIGHT})
    assert "This account has ended" in answer.text
