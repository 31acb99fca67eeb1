import dataclasses
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.domain import events
from audit.domain.keys import keys
from audit.domain.needs import needed_keys
from audit.domain.postings import postings
from audit.domain.wire import KINDS, UnknownKind, from_facts, kind_of, session_of, to_facts
from tests.domain.paper import refused
from tests.strategies import events_of


@pytest.mark.parametrize("kind", KINDS)
def test_every_event_goes_to_facts_and_back(kind):
    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(events_of(kind))
    def holds(event):
        facts = json.loads(json.dumps(to_facts(event)))
        again = from_facts(kind, 1, facts, session_of(event))
        assert again == event
        assert to_facts(again) == facts
        assert kind_of(again) == kind
        assert keys(again) == keys(event)

    holds()


EVENT = events.WasteRecorded(
    session="s_0001", container="c_0001", volume_ul=200, mass_ug=10_000, method="denature", reason="remainder"
)
OPENED = events.ProductRegistered(
    product="pr_0001",
    code_system="din",
    code="00000050",
    name="Ketamine",
    labeller="Example Labs",
    form="solution",
    concentration_ug_per_ml=50_000,
    volume_ul=10_000,
    multi_dose=True,
)


def _changed(event: events.Event, **facts: object) -> dict:
    return {**to_facts(event), **facts}


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("unlisted", 1, "unknown_fact"),
        ("alone", False, "not_shortest"),
        ("alone", 1, "malformed"),
        ("volume_ul", "200", "out_of_range"),
        ("volume_ul", 200.0, "out_of_range"),
        ("volume_ul", True, "out_of_range"),
        ("volume_ul", -1, "out_of_range"),
        ("volume_ul", 10**9 + 1, "out_of_range"),
        ("volume_ul", None, "missing"),
        ("container", "c_1", "malformed"),
        ("container", "C_0001", "malformed"),
        ("container", "s_0001", "malformed"),
        ("container", 5, "malformed"),
        ("method", "flush", "unknown_choice"),
        ("method", 1, "unknown_choice"),
        ("replaces", {"index": 1}, "missing"),
        ("replaces", {"index": 1, "leaf": "AB" * 32}, "malformed"),
        ("replaces", "entry 1", "malformed"),
        ("short_ug", 10**12 + 1, "out_of_range"),
    ],
)
def test_a_fact_that_breaks_its_limit_is_refused(name, value, code):
    with refused(code):
        from_facts("waste_recorded", 1, _changed(EVENT, **{name: value}), "s_0001")


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("name", "", "malformed"),
        ("name", " Ketamine", "malformed"),
        ("name", "K" * 121, "too_long"),
        ("name", "é" * 61, "too_long"),
        ("code", "x" * 61, "too_long"),
        ("code", "ä", "malformed"),
        ("code", "1 ", "malformed"),
        ("code", 1, "malformed"),
        ("name", 1, "malformed"),
    ],
)
def test_words_and_codes_have_their_form_and_length(name, value, code):
    with refused(code, name):
        from_facts("product_registered", 1, _changed(OPENED, **{name: value}))


@pytest.mark.parametrize("lots", [[], "EX", [{}] * 101])
def test_a_list_has_members_and_a_limit(lots):
    with refused("out_of_range", "lots"):
        from_facts("count_recorded", 1, {"count": "n_0001", "lots": lots})


def test_facts_are_an_object():
    with refused("malformed"):
        from_facts("waste_recorded", 1, ["container"], "s_0001")


def test_an_unknown_kind_or_version_is_not_checked_never_passed():
    for kind, version in (("waste_recorded", 2), ("vial_polished", 1)):
        with pytest.raises(UnknownKind):
            from_facts(kind, version, to_facts(EVENT), "s_0001")


@pytest.mark.parametrize("changed", [{"container": "x"}, {"session": "x"}, {"volume_ul": -1}, {"method": "flush"}])
def test_what_could_not_be_read_is_not_written(changed):
    with pytest.raises(Exception, match=r"malformed|out_of_range|unknown_choice"):
        to_facts(dataclasses.replace(EVENT, **changed))
    with refused("out_of_range", "lots"):
        to_facts(events.CountRecorded(count="n_0001", lots=tuple(range(101))))


@pytest.mark.parametrize("kind", KINDS)
def test_what_an_event_posts_is_under_the_keys_of_its_containers(kind):
    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(events_of(kind))
    def holds(event):
        try:
            posted = postings(event)
        except AssertionError:
            return  # drawn at random, its amounts need not add up: refused before anything is written
        assert {f"container:{line.container}" for line in posted} <= keys(event)

    holds()


@given(st.sampled_from(["product_registered", "patient_registered", "person_enrolled", "case_assigned"]), st.data())
@settings(max_examples=40, deadline=None)
def test_a_decision_knows_its_actor_and_all_that_its_command_names(kind, data):
    event = data.draw(events_of(kind))
    wanted = needed_keys(event, "p_0001")
    assert {"log:site", "person:p_0001"} <= wanted
    assert keys(event) <= wanted | {key for key in keys(event) if key.startswith(("series:", "sign_in:", "code:"))}
