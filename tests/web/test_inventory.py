"""The opening inventory: two people, each without the other's figures; nothing on hand is said too."""

import pytest

from audit.domain import events
from audit.domain.postings import Account
from audit.services.reading import book_of_all, book_on_hand
from audit.services.setting_up import opening_inventory
from tests.accounts import RIGHT
from tests.web.house import text_of

FIRST = {
    "business_time": "opening",
    "lot_0": "EX-5390",
    "expiry_0": "2028-04-30",
    "sealed_0": "12",
    "o_lot_0": "EX-5391",
    "o_expiry_0": "2028-03-31",
    "o_level_0": "3.65",
    "password": RIGHT,
}


def first_of(house, **changes):
    product = house.clinic.products["50"]
    return FIRST | {"product_0": product, "o_product_0": product} | changes


def second_of(house, **changes):
    return {
        "product_0": house.clinic.products["50"],
        "lot_0": "EX-5390",
        "sealed_0": "12",
        "label_0": "V-0013",
        "o_level_0": "3.65",
        "second_password": RIGHT,
    } | changes


def inventory_of(house):
    return opening_inventory(house.clinic.register)


def test_one_person_lists_lots_and_levels_and_another_confirms_them_blind(house) -> None:
    house.browser("A").done("/inventory/first", first_of(house))
    book = book_on_hand(house.clinic.register)
    # 12 sealed vials of 500 mg, and 3.65 mL of 50 mg/mL.
    assert sum(book.balance(one, Account.STOCK) for one in book.containers) == 6_182_500
    house.browser("B").done("/inventory/second", second_of(house))
    assert inventory_of(house).agrees
    assert "Both counts agree." in house.browser("B").get("/inventory")


def test_the_second_person_is_sent_none_of_the_first_figures(house) -> None:
    house.browser("A").done("/inventory/first", first_of(house))
    taken = opening_inventory(house.clinic.register).parts[0].index
    for path in ("/inventory/second", "/", "/set-up/check-list", "/stock", "/register", f"/register/{taken}"):
        page = house.browser("B").get(path)
        for figure in ("EX-5390", "EX-5391", "3.65", "182.5", "6182.5", "6,182.5", "V-0013", "V-0001"):
            assert figure not in page, (path, figure)


def test_the_second_person_signs_at_the_first_ones_tablet_with_their_own_password(house) -> None:
    house.browser("A").done("/inventory/first", first_of(house))
    tablet = house.browser("A")
    own = second_of(house, second="a.example")
    assert tablet.refused("/inventory/second", own) == [
        "You had a hand in this amount. Someone else must sign as second person"
    ]
    assert tablet.refused("/inventory/second", second_of(house, second="")) == ["Choose who signs as second person"]
    tablet.done("/inventory/second", second_of(house, second="b.example"))
    (answer,) = inventory_of(house).answers
    assert answer.actor == house.clinic.people["B"]


@pytest.mark.parametrize(
    "changes",
    [{"sealed_0": "11"}, {"o_level_0": "3.2"}, {"label_0": "", "o_level_0": ""}, {"lot_0": "EX-9999"}],
)
def test_counts_that_differ_are_both_recorded_and_open_a_case(house, changes) -> None:
    house.browser("A").done("/inventory/first", first_of(house))
    house.browser("B").done("/inventory/second", second_of(house, **changes))
    found = inventory_of(house)
    assert found.is_answered
    assert not found.agrees
    assert "The two counts differ." in house.browser("B").get("/inventory")
    (case,) = book_of_all(house.clinic.register, "case").cases.values()
    assert case.cause == "inventory_differs"


def test_nothing_on_hand_is_an_inventory_of_zero_said_by_two(house) -> None:
    empty = {"business_time": "close", "password": RIGHT}
    assert house.browser("A").refused("/inventory/first", empty) == [
        "Type what is there, or tick that nothing is on hand"
    ]
    house.browser("A").done("/inventory/first", empty | {"nothing": "yes"})
    house.browser("B").done("/inventory/second", {"nothing": "yes", "second_password": RIGHT})
    found = inventory_of(house)
    assert found.agrees
    assert [part.event.nothing_on_hand for part in found.parts] == [True]


def test_more_than_an_entry_holds_is_recorded_in_parts_and_answered_as_one(house) -> None:
    house.browser("A").done("/inventory/first", first_of(house, sealed_0="650"))
    found = inventory_of(house)
    assert [(part.event.part, part.event.parts) for part in found.parts] == [(1, 3), (2, 3), (3, 3)]
    containers = [one for part in found.parts for line in part.event.lots for one in line.containers]
    assert len(set(containers)) == 650
    house.browser("B").done("/inventory/second", second_of(house, sealed_0="650", label_0="V-0651"))
    assert inventory_of(house).agrees


def test_one_short_in_an_inventory_of_parts_differs(house) -> None:
    house.browser("A").done("/inventory/first", first_of(house, sealed_0="650"))
    house.browser("B").done("/inventory/second", second_of(house, sealed_0="649", label_0="V-0651"))
    assert not inventory_of(house).agrees
    found = [line.containers for answer in inventory_of(house).answers for line in answer.event.lots]
    assert sum(found) == 649


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"lot_0": ""}, "This is needed"),
        ({"expiry_0": "2028-02-30"}, "“2028-02-30” is not a date. Type it like 2026-11-23"),
        ({"sealed_0": "1.5"}, "“1.5” is not a whole number. Type it like 12"),
        ({"sealed_0": "0"}, "An amount must be more than 0"),
        ({"sealed_0": "-3"}, "“-3” is not a whole number. Type it like 12"),
        ({"sealed_0": "9000"}, "“9000” is more than 2000"),
        (
            {"o_level_0": "1,500"},
            "“1,500” can be read two ways. Type it without a thousands separator, like 1500 or 1.5",
        ),
        ({"o_level_0": "-0.5"}, "“-0.5” is less than zero. An amount is zero or more"),
        ({"o_level_0": "3.6543"}, "“3.6543” is finer than 0.001. Type at most three decimals"),
        ({"o_level_0": "11"}, "11 mL is more than the label says (10 mL)"),
        ({"product_0": ""}, "This is needed"),
        ({"nothing": "yes"}, "Something is listed above. Take the tick away, or empty the rows"),
        ({"password": "wrong"}, "This is not the password. Nothing is signed"),
    ],
)
def test_each_wrong_figure_has_its_message_and_nothing_is_stored(house, changes, said) -> None:
    before = house.size
    answer = house.browser("A").post("/inventory/first", first_of(house, **changes))
    assert answer.status_code == 422
    assert said in text_of(answer.text)
    assert f'id="e-{next(iter(changes))}"' in answer.text
    assert 'value="2028-03-31"' in answer.text
    assert house.size == before


def test_an_unknown_label_is_refused_at_its_field(house) -> None:
    house.browser("A").done("/inventory/first", first_of(house))
    assert house.browser("B").refused("/inventory/second", second_of(house, label_0="V-0999")) == [
        "“V-0999” is not a label of this clinic. Type it as it stands on the vial, like V-0412"
    ]


def test_the_same_list_sent_twice_is_one_inventory(house) -> None:
    house.browser("A").done("/inventory/first", first_of(house))
    before = house.size
    assert (
        house.browser("A")
        .client.post("/inventory/first", data=house.browser("A").last_form, base_url="http://localhost")
        .status_code
        == 303
    )
    assert house.size == before


def test_another_row_keeps_what_was_typed(house) -> None:
    answer = house.browser("A").post("/inventory/first", first_of(house, more="lots", lots="3"))
    assert answer.status_code == 200
    assert 'name="lot_3"' in answer.text
    assert 'value="EX-5390"' in answer.text
    assert inventory_of(house) is None


def test_a_scanned_package_fills_the_next_row(house) -> None:
    code = house.clinic.products["50"]
    product = book_of_all(house.clinic.register, "product").products[code]
    assert isinstance(product, events.ProductRegistered)
    form = first_of(house, more="code", code="00224391")
    assert "No product of yours has the code 00224391" in text_of(
        house.browser("A").post("/inventory/first", form).text
    )


def test_an_inspector_and_a_stranger_have_no_inventory_page(house) -> None:
    house.browser("I").get("/inventory", status=404)
    answer = house.browser("").client.get("/inventory", base_url="http://localhost")
    assert answer.headers["Location"].startswith("/sign-in")
