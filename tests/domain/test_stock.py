import dataclasses

import pytest

from audit.domain import commands, events
from audit.domain.commands import LevelSeen, LotArrived
from audit.domain.postings import Account
from tests.domain.paper import Paper, refused, sums


def _receipt(paper: Paper, **changed: object) -> commands.Receive:
    lot = LotArrived(product=paper.products["50"], lot="L1", expiry="2028-04-30", containers=("c_00001001",))
    receipt = commands.Receive(
        receipt="r_00001000",
        supplier="Example Wholesale",
        supplier_address="1 Sample Street",
        supplier_registration="EX-1",
        invoice="INV-1",
        invoice_date="2026-11-20",
        received_on="2026-11-23",
        lots=(lot,),
    )
    return dataclasses.replace(receipt, **changed)


def _inventory(paper: Paper, **changed: object) -> commands.TakeInventory:
    product = paper.products["50"]
    inventory = commands.TakeInventory(
        inventory="i_00001000",
        business_time="opening",
        lots=(LotArrived(product=product, lot="L1", expiry="2028-04-30", containers=("c_00001001", "c_00001002")),),
        opened=(LevelSeen(container="c_00001003", product=product, lot="L0", expiry="2027-01-31", volume_ul=4200),),
    )
    return dataclasses.replace(inventory, **changed)


def test_a_delivery_fills_the_shelf_from_its_supplier(paper):
    vials = paper.receive(count=3)
    assert sums(paper.book()) == {"received": -1_500_000, "stock": 1_500_000}
    assert [paper.book().containers[vial].label for vial in vials] == ["V-0001", "V-0002", "V-0003"]
    later = paper.receive(count=1)
    assert paper.book().containers[later[0]].label == "V-0004"


def test_a_delivery_of_nothing_is_no_delivery(paper):
    with refused("nothing_received", "lots"):
        paper.act("A", _receipt(paper, lots=()))
    lot = LotArrived(product=paper.products["50"], lot="L1", expiry="2028-04-30", containers=())
    with refused("zero", "containers"):
        paper.act("A", _receipt(paper, lots=(lot,)))


@pytest.mark.parametrize("field", ["supplier", "supplier_address", "supplier_registration", "invoice"])
def test_what_the_dea_asks_of_a_receipt_is_required_at_its_field(field):
    paper = Paper("us-dea")
    with refused("required", field):
        paper.act("A", _receipt(paper, **{field: ""}))


def test_ontario_asks_for_no_supplier_registration(paper):
    paper.act("A", _receipt(paper, supplier_registration=None))


@pytest.mark.parametrize(
    ("field", "day", "code"),
    [
        ("received_on", "2026-11-24", "future_day"),
        ("invoice_date", "2026-12-01", "future_day"),
        ("received_on", "23/11/2026", "not_a_date"),
        ("invoice_date", "2026-02-30", "not_a_date"),
    ],
)
def test_a_day_of_a_receipt_is_a_day_that_has_come(paper, field, day, code):
    with refused(code, field):
        paper.act("A", _receipt(paper, **{field: day}))


def test_an_unknown_product_or_expiry_is_refused(paper):
    lot = LotArrived(product="pr_99999999", lot="L1", expiry="2028-04-30", containers=("c_00001001",))
    with refused("unknown_product", "product"):
        paper.act("A", _receipt(paper, lots=(lot,)))
    lot = dataclasses.replace(lot, product=paper.products["50"], expiry="2028-13-01")
    with refused("not_a_date", "expiry"):
        paper.act("A", _receipt(paper, lots=(lot,)))


def test_a_delivery_too_large_for_one_entry_is_split(paper):
    containers = tuple(f"c_{number:08d}" for number in range(2000, 2301))
    lot = LotArrived(product=paper.products["50"], lot="L1", expiry="2028-04-30", containers=containers)
    with refused("too_many_containers", "lots"):
        paper.act("A", _receipt(paper, lots=(lot,)))
    part = dataclasses.replace(lot, containers=containers[:300])
    paper.act("A", _receipt(paper, lots=(part,), part=1, parts=2))


def test_a_container_that_is_there_cannot_arrive_again(paper):
    (vial,) = paper.receive(count=1)
    lot = LotArrived(product=paper.products["50"], lot="L1", expiry="2028-04-30", containers=(vial,))
    with refused("identifier_taken"):
        paper.act("A", _receipt(paper, lots=(lot,)))
    twice = dataclasses.replace(lot, containers=("c_00001001", "c_00001001"))
    with refused("identifier_taken"):
        paper.act("A", _receipt(paper, lots=(twice,)))


def test_a_product_code_is_registered_once_and_holds_something(paper):
    with refused("product_known", "code"):
        paper.add_product("50")
    with refused("zero", "volume"):
        paper.add_product("100", ml=0)


def test_opening_stock_is_sealed_vials_and_levels_of_opened_ones(paper):
    paper.act("A", _inventory(paper))
    assert sums(paper.book()) == {"opening": -1_210_000, "stock": 1_210_000}
    assert paper.book().containers["c_00001003"].label == "V-0003"
    assert paper.book().containers["c_00001003"].opened_ms is not None


def test_no_opening_stock_is_said_in_so_many_words(paper):
    entry = paper.act("A", _inventory(paper, lots=(), opened=()))
    assert entry.event.nothing_on_hand
    second = paper.act("B", commands.ConfirmInventory(of=entry.ref, inventory="i_00001000"))
    assert second.event.agrees


def test_a_level_is_not_above_the_label(paper):
    level = LevelSeen(
        container="c_00001003", product=paper.products["50"], lot="L0", expiry="2027-01-31", volume_ul=10_001
    )
    with refused("more_than_label", "volume"):
        paper.act("A", _inventory(paper, opened=(level,)))


def _confirmation(paper: Paper, entry: object, sealed: int = 2, level_ul: int = 4200) -> commands.ConfirmInventory:
    return commands.ConfirmInventory(
        of=entry.ref,
        inventory="i_00001000",
        lots=(events.LotFound(product=paper.products["50"], lot="L1", containers=sealed),),
        opened=(events.LevelFound(container="c_00001003", volume_ul=level_ul),),
    )


@pytest.mark.parametrize(("sealed", "level_ul", "agrees"), [(2, 4300, True), (2, 4301, False), (1, 4200, False)])
def test_a_second_person_counts_the_opening_stock_within_one_graduation(paper, sealed, level_ul, agrees):
    entry = paper.act("A", _inventory(paper))
    second = paper.act("B", _confirmation(paper, entry, sealed, level_ul))
    assert second.event.agrees is agrees
    assert len(paper.cases("inventory_differs")) == (0 if agrees else 1)


def test_nobody_confirms_their_own_inventory_and_none_is_confirmed_twice(paper):
    entry = paper.act("A", _inventory(paper))
    with refused("own_second_person"):
        paper.act("A", _confirmation(paper, entry))
    with refused("not_an_inventory", "of"):
        paper.act("B", dataclasses.replace(_confirmation(paper, entry), of=paper.log[0].ref))
    paper.act("B", _confirmation(paper, entry))
    with refused("already_confirmed"):
        paper.act("M", _confirmation(paper, entry))


def test_a_container_taken_for_a_session_comes_back_whole(paper):
    (vial,) = paper.receive(count=1)
    session = paper.open_session()
    paper.act("A", commands.TakeContainer(session=session, container=vial))
    assert paper.book().balance(vial, Account.CUSTODY, session) == 500_000
    with refused("not_on_shelf", "container"):
        paper.act("B", commands.TakeContainer(session=session, container=vial))
    with refused("not_balanced"):
        paper.act("A", commands.CloseSession(session=session))
    paper.act("A", commands.ReturnContainer(session=session, container=vial))
    assert paper.book().balance(vial, Account.STOCK) == 500_000
    with refused("not_in_custody", "container"):
        paper.act("A", commands.ReturnContainer(session=session, container=vial))
    paper.act("A", commands.CloseSession(session=session))


def test_a_taken_vial_is_drawn_from_in_custody_and_its_rest_returned(paper):
    (vial,) = paper.receive(count=1)
    session = paper.open_session()
    paper.act("A", commands.TakeContainer(session=session, container=vial))
    paper.draw("A", session, vial, 1000)
    assert paper.last("dose_drawn").event.sources[0].in_custody
    other = paper.open_session()
    with refused("in_other_session", "container"):
        paper.draw("A", other, vial, 1000)
    paper.act("A", commands.ReturnContainer(session=session, container=vial))
    assert paper.book().balance(vial, Account.STOCK) == 450_000


def test_a_syringe_and_a_finished_vial_are_not_taken(paper):
    vials = paper.receive(count=2)
    session = paper.open_session()
    syringe = paper.draw("A", session, vials[0], 1000)
    with refused("not_a_vial", "container"):
        paper.act("A", commands.TakeContainer(session=session, container=syringe))
    with refused("not_in_custody", "container"):
        paper.act("A", commands.ReturnContainer(session=session, container=syringe))
    paper.reread("B", paper.read("A", vials[0], 9000), vials[0], 9000)
    paper.waste("A", vials[0])
    with refused("finished", "container"):
        paper.act("A", commands.TakeContainer(session=session, container=vials[0]))
    with refused("unknown_container", "container"):
        paper.act("A", commands.TakeContainer(session=session, container="c_99999999"))
