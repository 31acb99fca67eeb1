import dataclasses

import pytest

from audit.domain import events, people
from audit.domain.wire import KINDS
from tests.domain.paper import Paper, enrolment, opened, refused


def test_a_log_is_opened_once_and_by_the_service(paper):
    with refused("log_already_open"):
        paper.act("A", opened())
    with refused("service_only"):
        Paper(staff=False).act("A", opened())


def test_the_first_person_enrols_themself_as_administrator():
    paper = Paper(staff=False)
    with refused("first_administers", "roles"):
        paper.act("A", enrolment("p_00000000", "clinician"))
    with refused("first_enrols_self"):
        paper.act("A", enrolment("p_00000001", "administrator"))
    paper.act("A", enrolment("p_00000000"))
    assert paper.book().persons["p_00000000"].roles == ("clinician", "manager", "administrator")


def test_nobody_enrols_themself_after_the_first(paper):
    paper.people["X"] = "p_99999999"
    with refused("unknown_person"):
        paper.act("X", enrolment("p_99999999", "administrator", sign_in="x.example"))


@pytest.mark.parametrize("who", ["B", "M"])
def test_only_an_administrator_enrols_and_ends(paper, who):
    with refused("not_your_role"):
        paper.act(who, enrolment("p_00000077", "clinician", sign_in="new.example"))
    with refused("not_your_role"):
        paper.act(who, events.PersonEnded(person=paper.people["A"], reason="left"))


def test_a_sign_in_name_is_one_persons_whatever_its_case(paper):
    with refused("sign_in_taken", "sign_in"):
        paper.act("A", enrolment("p_00000077", "clinician", sign_in="B.Example"))


def test_a_person_is_enrolled_once(paper):
    with refused("already_enrolled", "name"):
        paper.act("A", enrolment(paper.people["B"], "clinician", sign_in="other.example"))


def test_an_inspector_has_no_other_role(paper):
    with refused("inspector_only_inspects", "roles"):
        paper.enrol("I", "other", "inspector", "clinician")
    with refused("role_twice", "roles"):
        paper.enrol("I", "other", "clinician", "clinician")


def test_roles_change_from_there_on(paper):
    paper.act("A", events.RolesChanged(person=paper.people["B"], roles=("manager",)))
    with refused("not_your_role"):
        paper.open_session("B")
    with refused("unknown_person", "person"):
        paper.act("A", events.RolesChanged(person="p_99999999", roles=("manager",)))


def test_an_administrator_keeps_the_key_to_the_door(paper):
    with refused("own_administration", "roles"):
        paper.act("A", events.RolesChanged(person=paper.people["A"], roles=("clinician",)))
    with refused("cannot_end_self", "person"):
        paper.act("A", events.PersonEnded(person=paper.people["A"], reason="left"))
    paper.act("A", events.RolesChanged(person=paper.people["A"], roles=("administrator",)))


def test_a_person_whose_part_ended_acts_no_more(paper):
    paper.act("A", events.PersonEnded(person=paper.people["B"], reason="left"))
    with refused("person_ended", "actor"):
        paper.register_patient("B")
    with refused("person_ended", "person"):
        paper.act("A", events.PersonEnded(person=paper.people["B"], reason="left"))


def test_a_password_is_its_owners_to_set(paper):
    with refused("not_your_password", "password"):
        paper.act("A", events.PasswordSet(person=paper.people["B"], password_sha256="ab" * 32))
    paper.act("B", events.PasswordSet(person=paper.people["B"], password_sha256="ab" * 32))
    assert paper.book().persons[paper.people["B"]].password_sha256 == "ab" * 32


def test_a_patient_is_registered_once_and_looked_at_for_a_reason(paper):
    patient = paper.register_patient()
    with refused("already_enrolled"):
        paper.act("A", events.PatientRegistered(patient=patient))
    with refused("unknown_patient", "patient"):
        paper.act("A", events.PatientUnmasked(patient="pt_99999999", reason="care"))
    paper.act("B", events.PatientUnmasked(patient=patient, reason="care"))


def test_every_kind_is_the_services_or_some_roles(paper):
    assert set(KINDS) == people.MAY.keys() | people.SERVICE_KINDS
    assert people.MAY.keys().isdisjoint(people.SERVICE_KINDS)
    assert set(KINDS) >= people.SIGNED_IN_KINDS


def test_a_kind_that_is_not_listed_is_nobodys(paper):
    everyone = dataclasses.replace(paper.book().persons[paper.people["A"]])
    assert not people.may(everyone, "future_kind")


def test_an_inspector_changes_nothing(paper):
    paper.enrol("I", "other", "inspector")
    inspector = paper.book().persons[paper.people["I"]]
    assert {kind for kind in KINDS if people.may(inspector, kind)} == {"password_set"}
    with refused("not_your_role"):
        paper.register_patient("I")


def test_the_service_stands_for_no_person(paper):
    paper.people["service"] = "service"
    with refused("not_for_service"):
        paper.register_patient("service")
    with refused("service_only"):
        paper.act("A", events.ClockStepped(from_ms=2, to_ms=1))
    paper.act("service", events.ClockStepped(from_ms=2, to_ms=1))


@pytest.mark.parametrize("kind", ["waste_recorded", "remainder_reread", "waste_witnessed", "count_recorded"])
@pytest.mark.parametrize("more", ["count_confirmed", "receipt_recorded", "entry_struck", "session_closed"])
def test_wastes_second_acts_counts_receipts_strikes_and_closings_are_signed_at_the_act(kind, more):
    assert people.SIGNED_IN_KINDS.isdisjoint({kind, more})


def test_a_time_still_to_come_is_refused_but_a_tablet_may_run_five_minutes_ahead(paper):
    ahead = paper.clock.now_ms + 5 * 60_000
    paper.act("A", events.PatientRegistered(patient="pt_00000001"), occurred_ms=ahead)
    with refused("future", "occurred"):
        paper.act("A", events.PatientRegistered(patient="pt_00000002"), occurred_ms=ahead + 10_000)
