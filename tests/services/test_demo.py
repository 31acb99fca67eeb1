import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from audit.cli.data import demo
from audit.cli.machine import Machine
from audit.domain import events
from audit.domain.book import Book
from audit.domain.errors import Refused
from audit.domain.fold import fold
from audit.domain.postings import Account
from audit.services.acts import with_factors
from audit.services.demo.doses import dosing_of
from audit.services.demo.keys import keys_folder
from audit.services.demo.make import Made, Wish, make_demo
from audit.services.demo.people import PASSWORD, STAFF
from audit.services.demo.plan import Course, calendar_from, last_working_day, plan_visits, start_for
from audit.services.demo.shelf import Product
from audit.services.keyring import open_keyring
from audit.services.opening import ClinicFacts, FirstPerson, Ground, find_register, open_log
from audit.services.passwords import Checked, Cost, check_password
from audit.services.signing.keeper import KeptSigner
from audit.services.verify import Installation, verify_site
from audit.storage import ledger, log
from audit.storage.engine import open_engine, read
from audit.storage.upgrade import upgrade
from tests.clinic import below_zero, start_clinic

CHEAP = Cost(memory_kib=8, passes=1, lanes=1)
NOW_MS = 1_795_597_200_000
"""2026-11-25 09:00 UTC, a Wednesday; still the night before in New York."""
SESSIONS = 210
"""A little over a block of 200, so that everything that goes wrong has gone wrong."""


def ground_at(home: Path) -> Ground:
    home.mkdir(parents=True, exist_ok=True)
    url = f"sqlite:///{home / 'audit.db'}"
    upgrade(url)
    source = random.Random(99)
    return Ground(
        engine=open_engine(url),
        keyring=open_keyring(home / "keys", source.randbytes),
        signer=KeptSigner(home / "signer", source.randbytes),
        host="localhost",
        scheme="http",
        port=8000,
        clock=lambda: NOW_MS,
        random=source.randbytes,
    )


def make(home: Path, *, sessions: int = 12, seed: int = 1, start: date | None = None) -> Made:
    wish = Wish(sessions=sessions, seed=seed, start=start, cost=CHEAP)
    told: list[int] = []
    made = make_demo(ground_at(home), wish, home=home, tell=lambda done, _: told.append(done))
    assert told[-1] == sessions
    return made


def bodies(made: Made) -> list[bytes]:
    with read(made.ground.engine) as conn:
        return [entry.body for entry in log.entries(conn, made.register.site)]


@dataclass(frozen=True)
class Lived:
    """A demo clinic with its whole book."""

    made: Made
    home: Path
    book: Book
    kinds: Counter[str]

    def events_of(self, *kinds: type) -> Iterator[events.Event]:
        return (entry.event for entry in self.book.entries.values() if isinstance(entry.event, kinds))


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    home = tmp_path_factory.mktemp("demo")
    made = make(home, sessions=SESSIONS)
    with read(made.ground.engine) as conn:
        stored = list(log.entries(conn, made.register.site))
    book = fold(map(ledger.read_entry, stored))
    return Lived(made, home, book, Counter(entry.kind for entry in stored))


def test_the_same_seed_and_start_give_the_same_bytes(tmp_path):
    start = date(2026, 9, 7)
    first = bodies(make(tmp_path / "a", start=start))
    second = bodies(make(tmp_path / "b", start=start))
    assert first == second
    assert first != bodies(make(tmp_path / "c", seed=2, start=start))


def test_without_a_start_the_days_end_on_the_last_working_day_before_today(tmp_path):
    # 2026-11-25 is not over yet in New York: it is still 04:00 of that Wednesday.
    assert make(tmp_path).last_day == date(2026, 11, 24)


def test_a_demo_does_not_reach_into_the_future(tmp_path):
    with pytest.raises(Refused) as refused:
        make(tmp_path, start=date(2026, 11, 24))
    assert refused.value.code == "demo_in_future"
    assert find_register(ground_at(tmp_path)) is None


def test_a_real_clinics_log_is_never_touched(tmp_path):
    clinic = start_clinic(f"sqlite:///{tmp_path / 'audit.db'}", tmp_path)
    before = clinic.book("log:site")
    with pytest.raises(Refused) as refused:
        make(tmp_path)
    assert refused.value.code == "real_log_exists"
    assert clinic.book("log:site") == before
    assert not (tmp_path / "demo-keys").exists()


def test_a_second_demo_is_refused(tmp_path):
    first = bodies(made := make(tmp_path))
    with pytest.raises(Refused) as refused:
        make(tmp_path)
    assert refused.value.code == "demo_exists"
    assert bodies(made) == first


def test_only_a_demo_log_takes_the_factor_demo(tmp_path):
    clinic = start_clinic(f"sqlite:///{tmp_path / 'audit.db'}", tmp_path)
    (vial,) = clinic.receive(count=1)
    with pytest.raises(Refused) as refused:
        clinic.act("A", events.PasswordSet(person=clinic.people["A"], password_sha256="0" * 64), with_factors("demo"))
    assert refused.value.code == "demo_factor"
    assert vial in clinic.book(f"container:{vial}").containers


def test_a_demos_keys_are_never_a_clinics(lived, tmp_path):
    ground = lived.made.ground
    assert keys_folder(ground.engine, lived.home) == lived.home / "demo-keys"
    assert open_keyring(lived.home / "keys", random.Random(5).randbytes) != ground.keyring
    assert keys_folder(ground_at(tmp_path).engine, tmp_path) == tmp_path / "keys"


def test_a_clinic_opened_after_a_lost_demo_has_keys_of_its_own(tmp_path):
    made = make(tmp_path)
    made.ground.engine.dispose()
    (tmp_path / "audit.db").unlink()
    ground = ground_at(tmp_path)
    folder = keys_folder(ground.engine, tmp_path)
    facts = ClinicFacts(
        clinic="Example Clinic",
        address="1 Sample Street",
        telephone=None,
        registration="EX-1",
        registration_expires=None,
        licence=None,
        responsible="Dr A. Example",
        pack="us-dea",
        zone="America/New_York",
    )
    first = FirstPerson(
        person="p_00000000",
        name="Dr A. Example",
        sign_in="a.example",
        profession="physician",
        licence=None,
        roles=("administrator",),
        password_hash="synthetic-hash",
    )
    open_log(ground, facts, first, nonce="0" * 32, offset_min=0)
    assert folder == keys_folder(ground.engine, tmp_path) == tmp_path / "keys"


def test_the_record_of_a_demo_verifies(lived):
    made = lived.made
    installation = Installation(keyring=made.ground.keyring, signer=made.ground.signer, reports=lived.home / "reports")
    verdict = verify_site(made.ground.engine, made.register.site, installation, now_ms=NOW_MS)
    assert verdict.holds, verdict.findings


def test_every_session_is_closed_with_nothing_left_in_custody(lived):
    assert lived.kinds["session_opened"] == SESSIONS
    assert all(session.closed_ms is not None for session in lived.book.sessions.values())
    assert {lived.book.session_total(one, Account.CUSTODY) for one in lived.book.sessions} == {0}
    assert lived.book.by_container
    assert below_zero(lived.book) == []


def test_the_log_says_that_it_is_a_demo_and_every_signature_is_the_demos(lived):
    acts = [json.loads(body) for body in bodies(lived.made)]
    assert acts[0]["act"]["facts"]["demo"] is True
    factors = {tuple(one["signature"].get("factors", ())) for one in acts}
    assert factors == {(), ("demo",)}


def test_everybody_signs_in_with_the_password_that_is_printed(lived):
    for member in STAFF:
        checked = check_password(
            lived.made.ground.engine, lived.made.register.site, member.sign_in, PASSWORD, now_ms=NOW_MS
        )
        assert isinstance(checked, Checked)
        assert checked.account.person == member.person


def test_honest_errors_are_in_it(lived):
    wastes = list(lived.events_of(events.WasteRecorded))
    stops = Counter(one.reason for one in lived.events_of(events.InfusionStopped))
    late = [one for one in lived.book.entries.values() if one.recorded_ms - one.occurred_ms > 60 * 60_000]
    causes = {one.cause for one in lived.events_of(events.CaseOpened)}
    assert stops["side_effect"] + stops["patient_asked"] >= 6
    assert sum(one.alone for one in wastes) >= 1
    assert sum(one.from_hold for one in wastes) >= 1
    assert lived.kinds["entry_struck"] >= 1
    assert late
    assert {"unwitnessed", "variance", "short", "expired"} <= causes
    assert lived.kinds["case_closed"] >= lived.kinds["case_opened"] - 4
    assert any(source.overfill_ug for one in lived.events_of(events.DoseDrawn) for source in one.sources)
    assert any(one.expired_used for one in lived.events_of(events.DoseDrawn))
    assert any(len(one.sources) > 1 for one in lived.events_of(events.DoseDrawn))


def test_every_working_day_ends_with_a_count_two_people_agree_on(lived):
    days = {entry.occurred_ms // 86_400_000 for entry in lived.book.entries.values()}
    confirmed = list(lived.events_of(events.CountConfirmed))
    assert len(confirmed) == lived.kinds["count_started"]
    assert len(days) - 1 <= len(confirmed) <= len(days)
    assert all(one.agrees for one in confirmed)


def test_the_opening_inventory_is_confirmed_by_a_second_person(lived):
    (taken,) = lived.book.inventories.values()
    confirmed = lived.book.confirmations[taken.index]
    assert confirmed.actor != taken.actor
    assert isinstance(confirmed.event, events.InventoryConfirmed)
    assert confirmed.event.agrees


def test_waste_is_a_plausible_share_of_what_was_drawn(lived):
    drawn = sum(one.mass_ug for one in lived.events_of(events.DoseDrawn))
    wasted = sum(one.mass_ug for one in lived.events_of(events.WasteRecorded))
    assert 0.08 < wasted / drawn < 0.35


def test_doses_and_weights_are_those_of_ketamine_clinics():
    # regulation.md section 8: 48-130 kg, 0.3-0.8 mg/kg.
    rng = random.Random(3)
    products = tuple(
        Product(product=f"pr_{name}", code=name, ug_per_ul=strength, volume_ul=volume, stock_level=1)
        for name, strength, volume in (("main", 50, 10_000), ("weak", 10, 20_000), ("strong", 100, 5_000))
    )
    usual = 0
    for visit in (visit for day in plan_visits(rng, 400) for visit in day):
        dosing = dosing_of(rng, visit, products)
        assert 48_000 <= dosing.weight_g <= 130_000
        assert 300 <= dosing.dose_ug_per_kg <= 800
        assert dosing.dose_ug <= dosing.drawn_ul * dosing.product.ug_per_ul
        usual += dosing.dose_ug_per_kg == 500
    assert usual > 200


def test_a_course_of_six_takes_two_to_three_weeks():
    days = plan_visits(random.Random(4), 300)
    seen: dict[int, list[int]] = {}
    for number, day in enumerate(days):
        for visit in day:
            seen.setdefault(visit.patient.number, []).append(number)
    spans = [visits[5] - visits[0] for visits in seen.values() if len(visits) >= 6]
    assert sum(len(visits) for visits in seen.values()) == 300
    assert spans
    # Working days; a full day moves a visit to the next one.
    assert all(5 <= span <= 18 for span in spans)


def test_things_go_wrong_at_the_stated_rates():
    visits = [visit for day in plan_visits(random.Random(5), 400) for visit in day]
    courses = Counter(visit.course for visit in visits)
    assert courses[Course.STOPPED_EARLY] == 12
    assert courses[Course.WASTED_ALONE] + courses[Course.HELD] == 4
    assert courses[Course.MISTYPED] + courses[Course.WRONG_VIAL] == 2


def test_the_clinic_rests_at_weekends():
    friday = date(2026, 11, 20)
    assert calendar_from(friday, 2) == [friday, date(2026, 11, 23)]
    assert last_working_day(date(2026, 11, 23)) == friday
    assert start_for(date(2026, 11, 23), 2) == friday


def test_the_command_prints_what_it_made_and_who_signs_in(tmp_path):
    machine = Machine(environ={"AUDIT_HOME": str(tmp_path)}, clock=lambda: NOW_MS, random=random.Random(1).randbytes)
    done = CliRunner().invoke(demo, ["--sessions", "4", "--json"], obj=machine)
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["sessions"] == 4
    assert told["end"] == "2026-11-24"
    assert {one["sign_in"] for one in told["sign_ins"]} == {member.sign_in for member in STAFF}
    again = CliRunner().invoke(demo, ["--sessions", "4"], obj=machine)
    assert again.exit_code == 2
    assert "demo clinic is here already" in again.stderr


def test_a_patient_is_known_only_by_a_pseudonym(lived):
    everything = b"".join(bodies(lived.made))
    assert b"Placeholder" in everything  # RN C. Placeholder is staff
    assert b"Patient " not in everything
