"""The one write path, on both engines; the oracle reads the whole log after each test."""

import dataclasses
import json
from itertools import pairwise

import pytest

from audit.domain import commands, events
from audit.domain.fold import fold
from audit.domain.wire import kind_of
from audit.services.acts import SIGNED_IN, Standing, with_factors
from audit.services.record import BRIDGED_MS
from audit.storage import ledger, log, seals
from audit.storage.engine import read
from audit.tlog.entry import decode_entry
from audit.tlog.seal import password_commitment, seal_opens
from tests.clinic import Clinic
from tests.domain.paper import enrolment, refused


def _size(clinic: Clinic) -> int:
    with read(clinic.register.engine) as conn:
        return log.head(conn, clinic.register.site).size


def _kinds(clinic: Clinic, start: int) -> list[str]:
    with read(clinic.register.engine) as conn:
        return [entry.kind for entry in log.entries(conn, clinic.register.site, start)]


def _entry(clinic: Clinic, index: int) -> log.StoredEntry:
    with read(clinic.register.engine) as conn:
        return log.entry(conn, clinic.register.site, index)


def _patient(number: int) -> events.PatientRegistered:
    return events.PatientRegistered(patient=f"pt_{number:08d}")


def test_a_list_of_orders_is_written_whole(clinic):
    before = _size(clinic)
    clinic.record([clinic.order("A", _patient(number), SIGNED_IN) for number in range(900, 910)])
    assert _size(clinic) == before + 10


def test_one_refused_order_and_nothing_of_the_list_is_written(clinic):
    before = _size(clinic)
    orders = [clinic.order("A", _patient(number)) for number in range(900, 903)]
    with refused("already_enrolled"):
        clinic.record([*orders, clinic.order("A", _patient(900))])
    assert _size(clinic) == before
    clinic.record(orders)


def test_a_whole_session_is_the_same_on_the_book_of_its_keys_as_on_the_book_of_everything(clinic):
    vial, other = clinic.receive(count=2)
    session = clinic.whole_session(vial)
    with read(clinic.register.engine) as conn:
        everything = fold(map(ledger.read_entry, log.entries(conn, clinic.register.site)))
    assert clinic.book(f"session:{session}").sessions[session] == everything.sessions[session]
    part = clinic.book(f"container:{vial}")
    assert part.containers[vial] == everything.containers[vial]
    assert part.on_hand(vial) == everything.on_hand(vial) == 450_000
    assert other not in clinic.book(f"session:{session}").containers


def test_a_running_pump_is_seen_though_the_reading_names_only_its_syringe(clinic):
    (vial,) = clinic.receive(count=1)
    session = clinic.open_session()
    syringe = clinic.draw("A", session, vial, 1000)
    clinic.on_the_way("A", events.InfusionStarted(session=session, container=syringe, rate_ul_per_h=1200))
    with refused("still_running"):
        clinic.read("A", syringe, 200)
    clinic.on_the_way("A", events.InfusionStopped(session=session, container=syringe, reason="completed"))
    clinic.read("A", syringe, 0)
    clinic.act("A", commands.CloseSession(session=session))
    with refused("session_closed"):
        clinic.read("A", syringe, 0)


@pytest.mark.parametrize("back_ms", [1, BRIDGED_MS])
def test_a_small_step_back_of_the_clock_is_bridged(clinic, back_ms):
    last = clinic.on_the_way("A", _patient(1))
    clinic.clock.now_ms = last.recorded_ms - back_ms - 1_000
    entry = clinic.on_the_way("A", _patient(2))
    assert entry.recorded_ms == last.recorded_ms
    assert entry.index == last.index + 1


def test_a_large_step_back_is_stated_by_the_service(clinic):
    last = clinic.on_the_way("A", _patient(1))
    clinic.clock.now_ms = last.recorded_ms - BRIDGED_MS - 1 - 1_000
    entry = clinic.on_the_way("A", _patient(2))
    assert _kinds(clinic, last.index + 1) == ["clock_stepped", "patient_registered"]
    stepped = ledger.read_entry(_entry(clinic, last.index + 1))
    assert stepped.event == events.ClockStepped(from_ms=last.recorded_ms, to_ms=entry.recorded_ms)
    assert stepped.method == "service"
    assert entry.recorded_ms == last.recorded_ms - BRIDGED_MS - 1


def test_a_clock_that_went_wrong_locks_nobody_out(clinic):
    for step in (-86_400_000, +90_000_000, -3_600_000):
        clinic.clock.now_ms += step
        clinic.register_patient()
    times = [ledger.read_entry(_entry(clinic, index)) for index in range(_size(clinic))]
    falls = [b.index for a, b in pairwise(times) if b.recorded_ms < a.recorded_ms]
    assert [kind_of(times[index].event) for index in falls] == ["clock_stepped", "clock_stepped"]


def test_a_refused_act_states_no_clock_step(clinic):
    before = _size(clinic)
    clinic.clock.now_ms -= 3_600_000
    with refused("unknown_container"):
        clinic.read("A", "c_99999999", 1)
    assert _size(clinic) == before


def test_signing_with_a_factor_signs_exactly_the_acts_on_the_way_before_it(clinic):
    first, second = clinic.on_the_way("B", _patient(1)), clinic.on_the_way("B", _patient(2))
    clinic.on_the_way("M", _patient(3))
    clinic.act("B", _patient(4))
    signing = ledger.read_entry(_entry(clinic, _size(clinic) - 1))
    assert signing.actor == clinic.people["B"]
    assert signing.event == events.ActsSigned(
        from_index=first.index, to_index=second.index, leaf=second.leaf, indexes=(first.index, second.index)
    )
    before = _size(clinic)
    clinic.act("B", _patient(5))
    assert _kinds(clinic, before) == ["patient_registered"]


def test_nobody_signs_acts_but_those_that_wait(clinic):
    mine = clinic.on_the_way("B", _patient(1))
    others = clinic.on_the_way("M", _patient(2))
    for wrong in ((others,), (mine, others)):
        indexes = tuple(entry.index for entry in wrong)
        signing = events.ActsSigned(from_index=indexes[0], to_index=indexes[-1], leaf=wrong[-1].leaf, indexes=indexes)
        with refused("not_your_acts"):
            clinic.act("B", signing)
    right = events.ActsSigned(from_index=mine.index, to_index=mine.index, leaf=mine.leaf, indexes=(mine.index,))
    before = _size(clinic)
    clinic.act("B", right)
    assert _kinds(clinic, before) == ["acts_signed"]


def test_a_password_and_a_waste_are_signed_at_the_act(clinic):
    with refused("sign_first", "password"):
        clinic.on_the_way("B", events.PasswordSet(person=clinic.people["B"], password_sha256="ab" * 32))
    (vial,) = clinic.receive(count=1)
    syringe = clinic.draw("A", clinic.open_session(), vial, 1000)
    clinic.read("A", syringe, 200)
    waste = commands.WasteRemainder(container=syringe, method="denature", reason="remainder", alone=True)
    with refused("sign_first", "password"):
        clinic.on_the_way("A", waste)
    clinic.act("A", waste)


def test_the_demo_factor_belongs_to_a_demo_only(clinic):
    with refused("demo_factor"):
        clinic.act("A", _patient(1), with_factors("demo"))


def test_roles_deny_by_default_on_the_write_path_too(clinic):
    clinic.enrol("I", "other", "inspector")
    with refused("not_your_role"):
        clinic.act("I", _patient(1))
    with refused("not_your_role"):
        clinic.receive("I")
    clinic.people["X"] = "p_99999999"
    with refused("unknown_person"):
        clinic.act("X", _patient(1))


def test_nobody_enrols_themself_into_a_running_clinic(clinic):
    clinic.people["X"] = "p_99999999"
    with refused("unknown_person"):
        clinic.act("X", enrolment("p_99999999", "administrator", sign_in="x.example"))


def test_a_sealed_value_opens_for_its_owner_and_only_the_commitment_is_in_the_entry(clinic):
    patient = clinic.register_patient()
    entry = decode_entry(_entry(clinic, _size(clinic) - 1).body)
    assert b"Placeholder" not in entry.body
    with read(clinic.register.engine) as conn:
        opened = seals.opened(conn, clinic.register.vault, seals.Place(entry.index, "name"))
    assert opened.value == "Patient Placeholder"
    assert seal_opens(entry.act["sealed"]["name"], r=opened.r, value="Patient Placeholder")
    assert not seal_opens(entry.act["sealed"]["name"], r=opened.r, value="Patient Other")
    assert entry.facts == {"patient": patient}


def test_values_of_one_patient_share_a_key_and_those_of_an_entry_have_their_own(clinic):
    patient = clinic.register_patient()
    clinic.open_session(patient=patient)
    case = _case(clinic)
    clinic.on_the_way("B", events.CaseNoted(case=case), sealed={"note": "Synthetic note"})
    noted = _size(clinic) - 1
    nonce = json.loads(_entry(clinic, noted).body)["act"]["nonce"]
    with clinic.register.engine.connect() as conn:
        owners = conn.exec_driver_sql(f"SELECT DISTINCT owner FROM sealed WHERE idx = {noted}").scalars().all()
        keys = conn.exec_driver_sql("SELECT owner FROM sealed_key").scalars().all()
        of_patient = conn.exec_driver_sql(f"SELECT count(*) FROM sealed WHERE owner = '{patient}'").scalar_one()
    assert owners == [nonce]
    assert keys.count(patient) == 1
    assert of_patient == 4


def _case(clinic: Clinic) -> str:
    """Return a case of a waste that nobody saw."""
    (vial,) = clinic.receive(count=1)
    syringe = clinic.draw("A", clinic.open_session(), vial, 1000)
    clinic.read("A", syringe, 200)
    clinic.waste("A", syringe, alone=True)
    (case,) = clinic.book(f"container:{syringe}").cases
    return case


def test_a_field_that_its_kind_does_not_seal_is_refused(clinic):
    with refused("unknown_sealed_field", "shoe_size"):
        clinic.act("A", _patient(1), sealed={"shoe_size": 42})


def test_the_log_commits_to_the_stored_password_hash(clinic):
    stored = "synthetic-hash-new"
    entry = clinic.act(
        "B",
        events.PasswordSet(person=clinic.people["B"], password_sha256=password_commitment(stored)),
        password_hash=stored,
    )
    with clinic.register.engine.connect() as conn:
        kept = conn.exec_driver_sql(f"SELECT password FROM account WHERE person = '{clinic.people['B']}'").scalar()
    assert kept == stored
    assert entry.event.password_sha256 == password_commitment(kept)


def test_a_case_opens_in_the_transaction_of_what_asks_for_it(clinic):
    (vial,) = clinic.receive(count=1, expiry="2026-11-01")
    session = clinic.open_session()
    before = _size(clinic)
    clinic.draw("A", session, vial, 1000, expired_used=True)
    assert _kinds(clinic, before) == ["dose_drawn", "case_opened"]
    opened = ledger.read_entry(_entry(clinic, before + 1))
    drawn = ledger.read_entry(_entry(clinic, before))
    assert opened.event.of == drawn.ref
    assert opened.recorded_ms == drawn.recorded_ms


def test_the_first_of_two_people_closes_a_session_and_the_second_is_told(clinic):
    session = clinic.open_session()
    clinic.act("A", commands.CloseSession(session=session))
    with refused("session_closed", "session"):
        clinic.act("B", commands.CloseSession(session=session))


def test_a_strike_and_its_replacement_are_one_transaction(clinic):
    (vial,) = clinic.receive(count=1)
    session = clinic.open_session()
    syringe = clinic.draw("A", session, vial, 900)
    drawn = ledger.read_entry(_entry(clinic, _size(clinic) - 1))
    strike = clinic.order("A", commands.StrikeEntry(of=drawn.ref, reason="mistyped", replacements=1))
    part = commands.Part(container=vial, volume_ul=99_999)
    wrong = commands.DrawDose(session=session, syringe=syringe, parts=(part,))
    before = _size(clinic)
    with refused("more_than_twice"):
        clinic.record([strike, clinic.order("A", wrong, answers_strike=True)])
    assert _size(clinic) == before
    right = dataclasses.replace(wrong, parts=(commands.Part(container=vial, volume_ul=1000),))
    clinic.record([strike, clinic.order("A", right, answers_strike=True)])
    assert clinic.book(f"container:{vial}").on_hand(vial) == 450_000


@pytest.mark.parametrize(("stated", "following"), [(1, 0), (0, 1), (2, 1)])
def test_a_strike_says_how_many_replacements_follow_at_once(clinic, stated, following):
    session = clinic.open_session()
    opened = ledger.read_entry(_entry(clinic, _size(clinic) - 1))
    strike = clinic.order("A", commands.StrikeEntry(of=opened.ref, reason="mistyped", replacements=stated))
    again = commands.OpenSession(
        session=session,
        patient=opened.event.patient,
        prescriber=clinic.people["A"],
        dose_ug=40_000,
        route="iv",
        duration_min=40,
    )
    with refused("replacements_differ"):
        clinic.record([strike, *[clinic.order("A", again, answers_strike=True)] * following])
    with refused("replacements_differ"):
        clinic.record([strike, clinic.order("A", _patient(1)), clinic.order("A", again, answers_strike=True)])


def test_an_act_names_a_strike_only_as_its_replacement(clinic):
    session = clinic.open_session()
    opened = ledger.read_entry(_entry(clinic, _size(clinic) - 1))
    closing = commands.CloseSession(session=session, replaces=opened.ref)
    with refused("replacements_differ"):
        clinic.act("A", closing)


def test_a_struck_closing_counts_from_where_its_case_opened(clinic):
    (vial,) = clinic.receive(count=1)
    clinic.draw("A", clinic.open_session(), vial, 1000)
    clinic.count("A", "B", lots={}, levels={vial: 8800})
    (case,) = (one for one in clinic.book(f"container:{vial}").cases.values() if one.cause == "variance")
    clinic.clock.pass_minutes(1_000)
    closed = clinic.act("M", commands.CloseCase(case=case.case, outcome="loss"))
    clinic.act("M", commands.StrikeEntry(of=closed.ref, reason="mistyped"))
    with clinic.register.engine.connect() as conn:
        times = conn.exec_driver_sql(f"SELECT DISTINCT occurred_ms FROM posting WHERE idx >= {closed.index}")
        assert times.scalars().all() == [case.opened_ms]


def test_a_person_stands_for_an_act_never_as_the_service(clinic):
    with refused("not_for_service"):
        clinic.act("A", _patient(1), Standing(method="service"))


def test_more_acts_than_one_signature_names_are_signed_by_several(monkeypatch, clinic):
    monkeypatch.setattr("audit.services.record.MOST_SIGNED", 2)
    monkeypatch.setattr("tests.oracle._SPLIT", 2)
    acts = [clinic.on_the_way("B", _patient(number)) for number in range(5)]
    before = _size(clinic)
    clinic.act("B", _patient(5))
    assert _kinds(clinic, before) == ["patient_registered", "acts_signed", "acts_signed", "acts_signed"]
    signed = [ledger.read_entry(_entry(clinic, before + number)).event.indexes for number in (1, 2, 3)]
    assert sum(signed, ()) == tuple(entry.index for entry in acts)


def test_numbers_used_up_by_what_is_struck_are_not_given_again(clinic):
    clinic.receive(count=2)
    session = clinic.open_session()
    with read(clinic.register.engine) as conn:
        entries = [ledger.read_entry(entry) for entry in log.entries(conn, clinic.register.site)]
    for entry in entries:
        if kind_of(entry.event) in {"receipt_recorded", "session_opened"}:
            clinic.act("A", commands.StrikeEntry(of=entry.ref, reason="double"))
    (vial,) = clinic.receive(count=1)
    later = clinic.open_session()
    assert clinic.book(f"container:{vial}").containers[vial].label == "V-0003"
    assert clinic.book(f"session:{later}").sessions[later].number == 2
    assert session not in clinic.book(f"session:{session}").sessions
