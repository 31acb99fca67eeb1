"""Rules of labels: found through what gave them out, never given twice, and readable by a scanner we did not write."""

import re

import pytest
import zxingcpp

from audit.domain import commands, events
from audit.services.labels import containers_of_lot, find_container, known_spelling, qr_svg
from tests.clinic import start_clinic


@pytest.fixture
def clinic(tmp_path):
    return start_clinic(f"sqlite:///{tmp_path / 'audit.db'}", tmp_path)


def _pixels(svg: str) -> memoryview:
    """Draw the dark rectangles of a code: black on white, one byte a pixel."""
    width, height = (int(re.search(rf'{name}="(\d+)"', svg)[1]) for name in ("width", "height"))
    rows = [bytearray(b"\xff" * width) for _ in range(height)]
    rectangles = re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)h-\d+Z", svg)
    assert len(rectangles) > 50
    for x, y, across, down in (map(int, one) for one in rectangles):
        for row in rows[y : y + down]:
            row[x : x + across] = bytes(across)
    return memoryview(b"".join(rows)).cast("B", shape=[height, width])


@pytest.mark.parametrize("label", ["V-0001", "S-0231", "V-123456"])
def test_a_printed_code_reads_back_as_its_label(label):
    found = zxingcpp.read_barcodes(_pixels(qr_svg(label).decode()))
    assert [(one.text, one.valid) for one in found] == [(label, True)]


def test_a_vial_and_a_syringe_are_found_by_what_is_written_on_them(clinic):
    vials = clinic.receive(count=3)
    session = clinic.open_session()
    syringe = clinic.draw("A", session, vials[1], 1000)
    assert find_container(clinic.register, "V-0002").container == vials[1]
    assert find_container(clinic.register, "S-0001").container == syringe


@pytest.mark.parametrize("label", ["V-0004", "V-0000", "S-0001"])
def test_a_label_nothing_carries_finds_nothing(clinic, label):
    clinic.receive(count=3)
    assert find_container(clinic.register, label) is None


def test_a_label_of_a_struck_delivery_finds_nothing_and_is_not_given_again(clinic):
    vial = clinic.receive(count=2)[0]
    entries = clinic.book(f"container:{vial}").entries.values()
    received = next(entry for entry in entries if isinstance(entry.event, events.ReceiptRecorded))
    clinic.act("A", commands.StrikeEntry(of=received.ref, reason="double"))
    assert find_container(clinic.register, "V-0001") is None
    later = clinic.receive(count=1)
    assert find_container(clinic.register, "V-0003").container == later[0]


def test_a_lot_is_spelled_as_it_arrived_and_only_for_its_product(clinic):
    clinic.receive(lot="EX-5390")
    other = clinic.add_product("100", mg_per_ml=100)
    assert known_spelling(clinic.register, clinic.products["50"], "ex-5390") == "EX-5390"
    assert known_spelling(clinic.register, clinic.products["50"], "ex-5391") == "ex-5391"
    assert known_spelling(clinic.register, other, "ex-5390") == "ex-5390"


def test_containers_of_a_lot_stand_in_the_order_they_arrived(clinic):
    first, second = clinic.receive(count=2), clinic.receive(count=1)
    clinic.receive(lot="EX-1")
    assert containers_of_lot(clinic.register, clinic.products["50"], "EX-5390") == (*first, *second)
