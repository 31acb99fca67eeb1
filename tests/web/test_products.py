"""A product is registered once, from the list, by its code or by hand, as its label says."""

import pytest

from audit.services.reading import book_of_all
from tests.web.house import text_of

BY_HAND = {
    "concentration_ug_per_ml": "10",
    "volume": "20",
    "name": "Ketamine hydrochloride injection",
    "labeller": "Example Labs",
    "code_system": "din",
    "code": "09999999",
    "per_package": "5",
    "multi_dose": "yes",
}


def products_of(house):
    return book_of_all(house.clinic.register, "product").products.values()


def test_a_product_by_hand_holds_what_its_label_says(house) -> None:
    house.browser("A").done("/products/new", BY_HAND)
    (made,) = [one for one in products_of(house) if one.code == "09999999"]
    assert (made.concentration_ug_per_ml, made.volume_ul, made.per_package, made.multi_dose) == (
        10_000,
        20_000,
        5,
        True,
    )
    assert "200 mg (20 mL)" in text_of(house.browser("A").get("/products"))


def test_a_known_code_fills_in_the_form(house) -> None:
    # Health Canada's drug product database: DIN 02246796, ketamine 50 mg/mL, Sandoz.
    page = house.browser("A").get("/products/new?code=02246796")
    assert "Filled in from public registers." in page
    assert 'value="50"' in page
    assert 'value="SANDOZ CANADA INCORPORATED"' in page


def test_a_code_that_cannot_be_read_says_so_at_its_field(house) -> None:
    page = house.browser("A").get("/products/new?code=%2A%2A%2A", status=422)
    assert "errsum" in page


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"concentration_ug_per_ml": "0"}, "concentration_ug_per_ml", "An amount must be more than 0"),
        ({"concentration_ug_per_ml": "1e3"}, "concentration_ug_per_ml", "“1e3” is not a number. Type it like 1.5"),
        ({"volume": "٥"}, "volume", "“٥” is not a number. Type it like 1.5"),
        ({"volume": ""}, "volume", "Type the amount"),
        ({"name": ""}, "name", "This is needed"),
        ({"code": "0000 50"}, "code", ""),
        ({"code": "000050"}, "code", "000050 is registered already"),
        ({"code_system": "ean"}, "code_system", "Choose one"),
    ],
)
def test_each_wrong_field_has_its_message_and_nothing_is_registered(house, changes, field, said) -> None:
    before = house.size
    answer = house.browser("A").post("/products/new", BY_HAND | changes)
    if not said:
        assert answer.status_code == 303
        return
    assert answer.status_code == 422
    assert said in text_of(answer.text)
    assert f'id="e-{field}"' in answer.text
    assert house.size == before


def test_an_inspector_registers_nothing(house) -> None:
    house.browser("I").get("/products", status=404)
