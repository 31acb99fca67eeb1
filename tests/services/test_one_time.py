"""One-time codes: the numbers of RFC 6238, each used once, and the lockout they share with passwords."""

import pytest

from audit.domain.errors import Refused
from audit.services.one_time import Codes, address_of, code_at, spelled
from audit.services.passwords import Checked, Denied, Why, hash_password
from audit.services.signins import SignIns
from audit.storage import one_time, people
from audit.storage.engine import write
from audit.storage.schema import one_time as table
from audit.storage.seals import SealBroken
from tests.accounts import QUICK, RIGHT
from tests.clinic import Clinic

RFC_SECRET = b"12345678901234567890"
# RFC 6238, appendix B, SHA-1, the last six of eight digits: seconds since 1970 and code.
RFC_CODES = [
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
]
STEP_MS = 30_000


@pytest.mark.parametrize(("seconds", "code"), RFC_CODES)
def test_codes_are_those_of_rfc_6238(seconds, code):
    assert code_at(RFC_SECRET, seconds // 30) == code


def test_an_app_reads_secret_issuer_digits_and_period():
    made = address_of(RFC_SECRET, clinic="Example Clinic", sign_in="b.example")
    assert made == (
        "otpauth://totp/Example%20Clinic%3Ab.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
        "&issuer=Example+Clinic&digits=6&period=30"
    )


@pytest.fixture
def codes(clinic: Clinic) -> Codes:
    """The clinic's codes."""
    return Codes(clinic.register.engine, clinic.register.vault)


@pytest.fixture
def secret(clinic: Clinic, codes: Codes) -> bytes:
    """B's secret, confirmed by a code of long ago."""
    drawn = codes.begin(clinic.people["B"])
    now_ms = clinic.clock.now_ms - 10 * STEP_MS
    codes.confirm(clinic.people["B"], code_at(drawn, now_ms // STEP_MS), now_ms=now_ms)
    return drawn


def test_a_secret_counts_once_its_person_showed_a_code(clinic, codes):
    me = clinic.people["B"]
    drawn = codes.begin(me)
    assert not codes.are_used_by(me)
    assert codes.waiting(me) == drawn
    with pytest.raises(Refused, match="code_wrong"):
        codes.confirm(me, "000000", now_ms=59_000)
    codes.confirm(me, code_at(drawn, 1), now_ms=59_000)
    assert codes.are_used_by(me)
    assert codes.waiting(me) is None
    codes.stop(me)
    assert not codes.are_used_by(me)


def test_each_step_counts_once_and_none_before_it_any_more(clinic, codes, secret):
    me, now_ms = clinic.people["B"], clinic.clock.now_ms
    step = now_ms // STEP_MS
    assert codes.take(me, code_at(secret, step), now_ms=now_ms)
    assert not codes.take(me, code_at(secret, step), now_ms=now_ms)
    assert not codes.take(me, code_at(secret, step - 1), now_ms=now_ms)
    assert codes.take(me, code_at(secret, step + 1), now_ms=now_ms)


def test_one_step_to_either_side_is_taken_and_no_more(clinic, codes, secret):
    me, now_ms = clinic.people["B"], clinic.clock.now_ms
    step = now_ms // STEP_MS
    assert not codes.take(me, code_at(secret, step - 2), now_ms=now_ms)
    assert not codes.take(me, code_at(secret, step + 2), now_ms=now_ms)
    assert codes.take(me, code_at(secret, step - 1), now_ms=now_ms)


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12345a", "１２３４５６", "-12345"])
def test_what_is_no_code_is_no_code(clinic, codes, secret, typed):
    assert not codes.take(clinic.people["B"], typed, now_ms=clinic.clock.now_ms)


def test_a_secret_is_kept_sealed_and_opens_for_nobody_else(clinic, codes, secret):
    register = clinic.register
    with write(register.engine) as conn:
        assert secret not in conn.scalar(table.select().with_only_columns(table.c.secret))
        conn.execute(table.update().values(person=clinic.people["M"]))
    with write(register.engine) as conn, pytest.raises(SealBroken):
        one_time.find(conn, register.vault, clinic.people["M"])
    assert spelled(RFC_SECRET) == "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


@pytest.fixture
def sign_ins(clinic: Clinic, codes: Codes, secret: bytes) -> SignIns:
    """B has a password that can be checked, and uses codes."""
    register = clinic.register
    with write(register.engine) as conn:
        stored = hash_password(RIGHT, QUICK)
        people.set_password(conn, register.site, clinic.people["B"], password_hash=stored, at_ms=0)
    return SignIns(engine=register.engine, site=register.site, cost=QUICK, codes=codes)


@pytest.mark.parametrize("engine_kind", ["sqlite"], indirect=False)
def test_a_password_goes_with_the_code_of_whoever_uses_codes(clinic, sign_ins, secret, engine_kind):
    now_ms = clinic.clock.now_ms
    right = code_at(secret, now_ms // STEP_MS)
    for wrong in ("", "000000"):
        answer = sign_ins.check_both("b.example", RIGHT, wrong, now_ms=now_ms)
        assert isinstance(answer, Denied)
        assert answer.why is Why.CODE
    # a wrong password never uses the code up, nor says whether the code was right
    answer = sign_ins.check_both("b.example", "not the password at all", right, now_ms=now_ms)
    assert answer == Denied(why=Why.WRONG)
    assert isinstance(sign_ins.check_both("b.example", RIGHT, right, now_ms=now_ms), Checked)


@pytest.mark.parametrize("engine_kind", ["sqlite"], indirect=False)
def test_wrong_codes_lock_like_wrong_passwords_although_the_password_is_right(clinic, sign_ins, secret, engine_kind):
    now_ms = clinic.clock.now_ms
    whys = [sign_ins.check_both("b.example", RIGHT, "000000", now_ms=now_ms).why for _ in range(6)]
    assert whys == [Why.CODE] * 4 + [Why.LOCKED] * 2
    right = code_at(secret, now_ms // STEP_MS)
    assert sign_ins.check_both("b.example", RIGHT, right, now_ms=now_ms).why is Why.LOCKED
