"""The same form sent twice is one entry; a request number used again for something else is refused."""

import dataclasses

import pytest

from audit.domain import commands, events
from audit.services.acts import SIGNED_IN
from audit.services.record import record
from audit.storage import log
from audit.storage.engine import read
from audit.tlog.seal import password_commitment
from tests.clinic import Clinic
from tests.domain.paper import refused


def _size(clinic: Clinic) -> int:
    with read(clinic.register.engine) as conn:
        return log.head(conn, clinic.register.site).size


def _twice(clinic: Clinic, *orders: object) -> None:
    first = record(clinic.register, orders)
    size = _size(clinic)
    clinic.clock.pass_minutes(3)
    again = record(clinic.register, orders)
    assert [one.entry for one in again] == [one.entry for one in first]
    assert all(one.is_repeat for one in again)
    assert _size(clinic) == size


def test_the_same_form_twice_is_one_entry(clinic):
    (vial,) = clinic.receive(count=1)
    session = clinic.open_session()
    part = commands.Part(container=vial, volume_ul=1000)
    _twice(clinic, clinic.order("A", commands.DrawDose(session=session, syringe="c_00001000", parts=(part,))))


def test_a_form_with_sealed_values_twice_is_one_entry(clinic):
    sealed = {"name": "Patient Placeholder", "birth_date": "1980-01-02"}
    order = clinic.order(
        "A", events.PatientRegistered(patient="pt_00001000"), SIGNED_IN, sealed=sealed, owner="pt_00001000"
    )
    _twice(clinic, order)
    for changed in ({"name": "Patient Other"}, {"name": "Patient Placeholder"}, {}):
        with refused("nonce_reused"):
            record(clinic.register, [dataclasses.replace(order, sealed=changed)])


def test_a_password_set_twice_by_one_form_is_one_entry_though_its_salt_differs(clinic):
    nonce = clinic.nonce()
    for number in range(2):
        stored = f"synthetic-hash-{number}"
        command = events.PasswordSet(person=clinic.people["B"], password_sha256=password_commitment(stored))
        done = clinic.record([clinic.order("B", command, nonce=nonce, password_hash=stored)])
        assert done[0].is_repeat is bool(number)


def test_a_correction_with_its_replacement_twice_is_one_correction(clinic):
    session = clinic.open_session()
    with read(clinic.register.engine) as conn:
        head = log.head(conn, clinic.register.site)
        opened = log.entry(conn, clinic.register.site, head.size - 1)
    of = commands.Ref(index=opened.index, leaf=opened.leaf.hex())
    patient = next(iter(clinic.book(f"session:{session}").sessions.values())).patient
    again = commands.OpenSession(
        session=session, patient=patient, prescriber=clinic.people["A"], dose_ug=40_000, route="iv", duration_min=50
    )
    strike = commands.StrikeEntry(of=of, reason="mistyped", replacements=1)
    _twice(clinic, clinic.order("A", strike), clinic.order("A", again, answers_strike=True))


def test_a_form_sent_again_after_later_acts_is_still_answered_with_its_entry(clinic):
    (vial,) = clinic.receive(count=1)
    session = clinic.open_session()
    part = commands.Part(container=vial, volume_ul=1000)
    order = clinic.order("A", commands.DrawDose(session=session, syringe="c_00001000", parts=(part,)))
    first = record(clinic.register, [order])[0].entry
    reading = clinic.order("A", commands.ReadRemainder(container="c_00001000", volume_ul=0), SIGNED_IN)
    read_first = record(clinic.register, [reading])[0].entry
    closing = clinic.order("A", commands.CloseSession(session=session))
    closed_first = record(clinic.register, [closing])[0].entry
    clinic.whole_session(vial)
    assert record(clinic.register, [order])[0].entry == first
    assert record(clinic.register, [reading])[0].entry == read_first
    assert record(clinic.register, [closing])[0].entry == closed_first


def test_a_form_sent_again_in_a_time_of_wrong_clocks_states_no_step(clinic):
    order = clinic.order("A", events.PatientRegistered(patient="pt_00001000"))
    record(clinic.register, [order])
    size = _size(clinic)
    clinic.clock.now_ms -= 86_400_000
    assert record(clinic.register, [order])[0].is_repeat
    assert _size(clinic) == size


@pytest.mark.parametrize("change", ["command", "actor", "occurred_ms", "offset_min"])
def test_the_same_number_for_another_act_is_refused(clinic, change):
    order = clinic.order("A", events.PatientRegistered(patient="pt_00001000"))
    entry = record(clinic.register, [order])[0].entry
    other = {
        "command": events.PatientRegistered(patient="pt_00001001"),
        "actor": clinic.people["B"],
        "occurred_ms": entry.occurred_ms - 60_000,
        "offset_min": -240,
    }
    size = _size(clinic)
    with refused("nonce_reused"):
        record(clinic.register, [dataclasses.replace(order, **{change: other[change]})])
    assert _size(clinic) == size


def test_an_act_that_would_have_been_refused_then_is_another_act(clinic):
    order = clinic.order("A", events.PatientRegistered(patient="pt_00001000"))
    record(clinic.register, [order])
    with refused("nonce_reused"):
        record(clinic.register, [dataclasses.replace(order, command=commands.CloseSession(session="s_99999999"))])


def test_a_repeat_beside_a_fresh_act_writes_only_the_fresh_one(clinic):
    order = clinic.order("A", events.PatientRegistered(patient="pt_00001000"))
    record(clinic.register, [order])
    size = _size(clinic)
    fresh = clinic.order("A", events.PatientRegistered(patient="pt_00001001"))
    done = record(clinic.register, [order, fresh])
    assert [one.is_repeat for one in done] == [True, False]
    assert _size(clinic) == size + 1
