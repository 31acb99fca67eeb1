"""Times told falsely by whoever owns the database and the service's own key: a token from outside names them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from audit.domain import events
from audit.domain.wire import to_facts
from audit.services.verify import Verdict
from audit.tlog.attestation import attest
from audit.tlog.entry import decode_entry, encode_entry
from tests.clinic import Clinic, start_clinic
from tests.faults.lived import as_administrator, check_in, date
from tests.faults.test_forgery import body_of, put_entry, size_of

DAY_MS = 86_400_000


@pytest.fixture
def clinic(database_url: str, tmp_path: Path) -> Iterator[Clinic]:
    """A clinic whose head was dated once, with an act after it."""
    started = start_clinic(database_url, tmp_path)
    started.checkpoint()
    started.clock.now_ms += DAY_MS
    date(started, tmp_path / "authority")
    started.enrol("C", "nurse")
    started.checkpoint()
    yield started
    started.register.engine.dispose()


def stamped_at(conn: Connection) -> int:
    return int(conn.execute(text("SELECT min(idx) FROM log_entry WHERE kind = 'time_stamped'")).scalar_one())


def forge(clinic: Clinic, conn: Connection, recorded_ms: int, event: events.Event | None = None) -> int:
    """Append an act of a person, or of the service, with the stolen service key; as of any time."""
    index = size_of(conn)
    last = decode_entry(body_of(conn, index - 1))
    act = dict(last.act) | {"nonce": f"{index:032x}", "occurred_ms": recorded_ms}
    method: dict[str, object] = {"method": last.method, "factors": ["password"]}
    if event is not None:
        act |= {"actor": "service", "kind": "clock_stepped", "facts": to_facts(event)}
        method = {"method": "service"}
    else:
        act["facts"] = dict(act["facts"]) | {"person": f"p_{index:08d}", "sign_in": f"forged.{index}"}
    method["attest"] = attest(act, clinic.register.origin, clinic.register.service_key)
    body = encode_entry(
        log=last.log, index=index, prev=last.leaf.hex(), recorded_ms=recorded_ms, act=act, signature=method
    )
    put_entry(conn, clinic.register.site, body)
    return index


def told(verdict: Verdict, check: str = "time") -> list[tuple[int | None, str]]:
    return [(one.index, one.found) for one in verdict.findings if one.check == check]


def gen_ms(conn: Connection) -> int:
    facts = decode_entry(body_of(conn, stamped_at(conn))).facts
    return int(str(facts["gen_ms"]))


def test_an_entry_dated_back_to_before_the_token_is_found_by_the_token(clinic):
    with as_administrator(clinic) as conn:
        before = gen_ms(conn) - 3_600_000
        index = forge(clinic, conn, before)
        verdict = check_in(clinic, conn)
    assert told(verdict) == [(index, f"{before} ms")]


def test_an_entry_told_anew_under_a_dated_head_no_longer_fits_its_token(clinic):
    with as_administrator(clinic) as conn:
        stamped = stamped_at(conn)
        entry = decode_entry(body_of(conn, stamped - 1))
        forged = encode_entry(
            log=entry.log, index=stamped - 1, prev=entry.prev, recorded_ms=entry.recorded_ms - 1, act=entry.act,
            signature=entry.signature,
        )  # fmt: skip
        conn.execute(text("UPDATE log_entry SET body = :b WHERE idx = :i"), {"b": forged, "i": stamped - 1})
        verdict = check_in(clinic, conn)
    ((index, met),) = told(verdict)
    assert (index, met[:5]) == (stamped, "root ")


def test_a_clock_stepped_to_before_the_token_is_found_with_what_follows(clinic):
    with as_administrator(clinic) as conn:
        last = decode_entry(body_of(conn, size_of(conn) - 1)).recorded_ms
        back = gen_ms(conn) - 3_600_000
        after = forge(clinic, conn, last)
        step = forge(clinic, conn, back, events.ClockStepped(from_ms=last, to_ms=back))
        verdict = check_in(clinic, conn)
    assert (step, f"a step to {back} ms") in told(verdict)
    assert after < step
    assert told(verdict, "clock") == []


def test_a_clock_stepped_back_after_the_token_is_a_notice_over_its_stretch(clinic):
    with as_administrator(clinic) as conn:
        last = decode_entry(body_of(conn, size_of(conn) - 1)).recorded_ms
        ahead = forge(clinic, conn, last + DAY_MS)
        back = last + 60_000
        forge(clinic, conn, back, events.ClockStepped(from_ms=last + DAY_MS, to_ms=back))
        verdict = check_in(clinic, conn)
    assert told(verdict) == []
    notices = [(one.index, one.found) for one in verdict.notices if one.check == "time"]
    assert notices == [(ahead, f"entry {ahead} by a clock stated as wrong")]


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM time_token",
        "UPDATE time_token SET size = size - 1",
        "UPDATE time_token SET site = 'elsewhere'",
        "UPDATE time_token SET reply = substr(reply, 1, length(reply) - 1)",
    ],
)
def test_a_token_deleted_moved_or_changed_is_named_with_the_entry_that_names_it(clinic, change):
    with as_administrator(clinic) as conn:
        assert conn.execute(text(change)).rowcount == 1
        verdict = check_in(clinic, conn)
        assert [index for index, _ in told(verdict)] == [stamped_at(conn)]


def test_the_checkpoint_that_a_token_dates_deleted_is_named(clinic):
    with as_administrator(clinic) as conn:
        index = stamped_at(conn)
        conn.execute(text("DELETE FROM checkpoint WHERE size = :n"), {"n": index})
        verdict = check_in(clinic, conn)
    assert told(verdict) == [(index, "no such checkpoint")]
