"""Passkeys in verification: each rule of log-format section 6 broken alone, in a log otherwise in good form."""

import dataclasses
from dataclasses import dataclass, field

import pytest

from audit.domain import events
from audit.domain.facts import Ref
from audit.domain.wire import VERSION, kind_of, to_facts
from audit.tlog.attestation import challenge
from audit.tlog.merkle import leaf_hash, root
from tests.authenticator import BACKED_UP, PRESENT, VERIFIED, Authenticator, Knobs
from tests.services.stated import ORIGIN, START_MS, A, B, C, Log, person, receipt, waste, witness

DAY_MS = 86_400_000


@dataclass
class Keyed(Log):
    """A log whose people hold passkeys."""

    seen_size: int | None = field(default=None)

    def enrol(self, who: str, key: Authenticator, by: str, **changes: object) -> Ref:
        """Enrol a passkey, vouched for by password."""
        more = {name: changes.pop(name) for name in ("reason",) if name in changes}
        return self.state(by, key.enrolled(who, ORIGIN, **changes), **more)

    def act(self, actor: str, event: events.Event, **more: object) -> dict[str, object]:
        """An act that saw the head of all entries so far."""
        size = self.size if self.seen_size is None else self.seen_size
        index = len(self.bodies)
        session = getattr(event, "session", None)
        made: dict[str, object] = {
            "actor": actor,
            "facts": to_facts(event),
            "kind": kind_of(event),
            "nonce": f"{index:032x}",
            "occurred_ms": START_MS + index * 1000,
            "offset_min": -300,
            "seen": {"root": self.root(size), "size": size},
            "v": VERSION,
        }
        return made | ({"session": session} if session else {}) | more

    def touch(
        self, actor: str, event: events.Event, key: Authenticator, knobs: Knobs | None = None, **more: object
    ) -> Ref:
        """State something by passkey; `more` overrides fields of the entry."""
        act = self.act(actor, event)
        return self.sealed_by(act, key, knobs, **more)

    def sealed_by(self, act: dict[str, object], key: Authenticator, knobs: Knobs | None = None, **more: object) -> Ref:
        """Append an act signed by a passkey."""
        signature = dataclasses.asdict(key.assertion(challenge(act, ORIGIN), knobs)) | {"method": "passkey"}
        return self.put(act, signature, **more)

    @property
    def size(self) -> int:
        """How many entries there are."""
        return len(self.bodies)

    def root(self, size: int) -> str:
        """The root over the first entries."""
        return root([leaf_hash(body) for body in self.bodies[:size]]).hex()


MINE, OTHERS = Authenticator(seed=1), Authenticator(seed=2, algorithm="EdDSA")


@pytest.fixture
def log() -> Keyed:
    """A (first person) holds a passkey that A enrolled (4), B one that C vouched for (5)."""
    made = Keyed()
    made.enrol(A, MINE, by=A)
    made.enrol(B, OTHERS, by=C)
    return made


def signatures(log: Log) -> list[tuple[int | None, str]]:
    """Entry and what was found, of each finding; all are of check 7."""
    assert {check for check, _, _ in log.faults()} <= {"signatures"}
    return [(index, found) for _, index, found in log.faults()]


def oddities(log: Log) -> list[tuple[int | None, str]]:
    """Entry and what was met, of each notice."""
    return [(one.index, one.found) for one in log.verdict().notices]


def test_an_entry_signed_by_its_actors_passkey_holds(log: Keyed) -> None:
    log.touch(A, receipt("c_0001"), MINE)
    verdict = log.verdict()
    assert verdict.findings == verdict.notices == verdict.unchecked == ()
    assert verdict.holds


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "RS256"])
def test_every_algorithm_that_may_sign_is_checked(algorithm: str) -> None:
    log, key = Keyed(), Authenticator(seed=3, algorithm=algorithm)  # type: ignore[arg-type]
    log.enrol(A, key, by=A)
    log.touch(A, receipt("c_0001"), key)
    assert log.verdict().holds
    act = log.act(A, receipt("c_0002"))
    signature = dataclasses.asdict(key.assertion(challenge(act, ORIGIN))) | {"method": "passkey"}
    log.put(act | {"occurred_ms": 1}, signature)
    assert signatures(log) == [(6, "a signature over something else")]


def test_another_persons_passkey_signs_nothing_for_one(log: Keyed) -> None:
    log.touch(A, receipt("c_0001"), OTHERS)
    assert signatures(log) == [(6, f"{OTHERS.credential} of {B}")]


def test_a_passkey_that_nobody_enrolled_signs_nothing(log: Keyed) -> None:
    stranger = Authenticator(seed=9)
    log.touch(A, receipt("c_0001"), stranger)
    assert signatures(log) == [(6, f"{stranger.credential}, enrolled by no entry before")]


def test_a_revoked_passkey_signs_until_its_revocation_and_not_after(log: Keyed) -> None:
    log.touch(A, receipt("c_0001"), MINE)
    log.touch(A, events.CredentialRevoked(person=A, credential=MINE.credential, reason="lost"), MINE)
    assert log.verdict().holds
    log.touch(A, receipt("c_0002"), MINE)
    assert signatures(log) == [(8, f"{MINE.credential}, revoked by entry 7")]


WRONG = [
    (Knobs(origin="https://evil.example.org"), "a signature made for another address"),
    (Knobs(rp_id="login.example.org"), "a passkey of another host"),
    (Knobs(cross_origin=True), "a signature made inside a page of another address"),
    (Knobs(flags=PRESENT), "a person who was not verified by the authenticator"),
    (Knobs(flags=VERIFIED), "nobody present at the authenticator"),
    (Knobs(flags=PRESENT | VERIFIED | BACKED_UP), "a backup of a passkey that allows none"),
    (Knobs(type="webauthn.create"), "an answer to another question than to sign"),
    (Knobs(challenge=bytes(32)), "a signature over something else"),
]


@pytest.mark.parametrize(("knobs", "found"), WRONG, ids=[found for _, found in WRONG])
def test_an_assertion_that_breaks_one_rule_is_named(log: Keyed, knobs: Knobs, found: str) -> None:
    log.touch(A, receipt("c_0001"), MINE, knobs)
    assert signatures(log) == [(6, found)]


def test_a_signature_of_one_act_under_another_is_named(log: Keyed) -> None:
    act = log.act(A, receipt("c_0001", mass_ug=500_000))
    signature = dataclasses.asdict(MINE.assertion(challenge(act, ORIGIN))) | {"method": "passkey"}
    log.put(act | {"facts": to_facts(receipt("c_0001", mass_ug=400_000))}, signature)
    assert signatures(log) == [(6, "a signature over something else")]


def test_a_signed_act_stands_once_and_in_its_own_log(log: Keyed) -> None:
    act = log.act(A, receipt("c_0001"))
    log.sealed_by(act, MINE)
    log.sealed_by(act, MINE)
    assert (7, "the nonce of entry 6") in signatures(log)


def test_a_key_of_another_algorithm_than_enrolled_is_named() -> None:
    log = Keyed()
    log.enrol(A, MINE, by=A, algorithm=-8)
    assert signatures(log) == [(4, "a key of another algorithm than enrolled")]


# ---------------------------------------------------------------- seen


def test_an_act_by_passkey_says_what_its_actor_had_seen(log: Keyed) -> None:
    act = log.act(A, receipt("c_0001"))
    del act["seen"]
    log.sealed_by(act, MINE)
    assert signatures(log) == [(6, "no seen in an act by passkey")]


def test_a_head_that_was_never_the_logs_is_named(log: Keyed) -> None:
    log.sealed_by(log.act(A, receipt("c_0001"), seen={"root": "ab" * 32, "size": 5}), MINE)
    assert signatures(log) == [(6, f"root {'ab' * 32}")]


def test_a_head_of_entries_still_to_come_is_named(log: Keyed) -> None:
    log.sealed_by(log.act(A, receipt("c_0001"), seen={"root": "ab" * 32, "size": 7}), MINE)
    assert signatures(log) == [(6, "size 7")]


def test_a_head_without_the_actors_last_act_is_an_oddity_and_proves_nothing_wrong(log: Keyed) -> None:
    log.touch(A, receipt("c_0001"), MINE)
    log.seen_size = 6
    log.touch(A, receipt("c_0002"), MINE)
    assert log.verdict().holds
    assert oddities(log) == [(7, "size 6")]


def test_acts_signed_in_one_form_share_the_head_seen_before_all_of_them(log: Keyed) -> None:
    log.seen_size = 6
    now_ms = START_MS + 60_000
    log.touch(A, receipt("c_0001"), MINE, recorded_ms=now_ms)
    log.touch(A, receipt("c_0002"), MINE, recorded_ms=now_ms)
    assert oddities(log) == []


def test_a_head_a_day_behind_the_record_is_an_oddity(log: Keyed) -> None:
    log.seen_size = 5
    log.touch(A, receipt("c_0001"), MINE, recorded_ms=START_MS + DAY_MS + 5_001)
    assert log.verdict().holds
    assert oddities(log) == [(6, "size 5, a day behind or more")]


def test_a_quiet_weekend_is_no_lag(log: Keyed) -> None:
    log.touch(A, receipt("c_0001"), MINE, recorded_ms=START_MS + 3 * DAY_MS)
    assert oddities(log) == []


# ---------------------------------------------------------------- enrolment


def test_somebody_else_vouches_for_every_passkey_but_the_first_persons_first(log: Keyed) -> None:
    log.enrol(A, Authenticator(seed=4), by=A, reason="passkey not at hand")
    assert signatures(log) == [(6, f"{A} for themself")]


def test_a_manager_who_is_not_the_first_person_does_not_vouch_for_themself() -> None:
    log = Keyed()
    log.enrol(C, MINE, by=C)
    assert signatures(log) == [(4, f"{C} for themself")]


def test_a_clinician_vouches_for_nobody() -> None:
    log = Keyed()
    log.enrol(A, MINE, by=B)
    assert signatures(log) == [(4, "roles clinician")]


def test_no_passkey_id_and_no_key_belongs_to_two_people(log: Keyed) -> None:
    log.enrol(C, MINE, by=A, reason="passkey not at hand")
    assert signatures(log) == [(6, "an id or key enrolled before")]
    other = Keyed()
    other.enrol(A, MINE, by=A)
    twin = Authenticator(seed=1)
    twin._id = b"another id 12345"
    other.enrol(B, twin, by=C)
    assert signatures(other) == [(5, "an id or key enrolled before")]


def test_a_passkey_proves_itself_for_its_person_and_its_log() -> None:
    log, key = Keyed(), Authenticator(seed=5)
    log.state(A, dataclasses.replace(key.enrolled(B, ORIGIN), person=A))
    assert signatures(log) == [(4, "a signature over something else")]
    log = Keyed()
    log.state(A, key.enrolled(A, "audit.example.org/log/elsewhere"))
    assert signatures(log) == [(4, "a signature over something else")]


def test_a_passkey_of_another_host_is_not_enrolled() -> None:
    log = Keyed()
    log.enrol(A, Authenticator(seed=6, knobs=Knobs(rp_id="login.example.org")), by=A)
    assert (4, "one of login.example.org") in signatures(log)


def test_a_passkey_of_nobody_is_not_revoked(log: Keyed) -> None:
    revoked = events.CredentialRevoked(person=A, credential=OTHERS.credential, reason="lost")
    log.touch(A, revoked, MINE)
    assert signatures(log) == [(6, f"{OTHERS.credential}, which is none")]


def test_after_the_signing_domain_changed_only_the_new_one_signs(log: Keyed) -> None:
    changed = events.SigningDomainChanged(signing_origins=("https://sign.example.org",), rp_id="sign.example.org")
    log.touch(A, changed, MINE)
    log.touch(A, receipt("c_0001"), MINE)
    assert signatures(log) == [(7, "a signature made for another address")]


# ---------------------------------------------------------------- the password beside a passkey


def test_who_holds_a_passkey_says_why_a_password_signs(log: Keyed) -> None:
    log.state(A, receipt("c_0001"))
    assert signatures(log) == [(6, "a password without a reason")]


def test_a_password_with_its_reason_is_listed_in_the_verdict(log: Keyed) -> None:
    log.state(A, receipt("c_0001"), reason="passkey not at hand")
    verdict = log.verdict()
    assert verdict.holds
    assert verdict.password_despite_passkey == (6,)


def test_a_reason_of_somebody_without_a_passkey_is_not_listed(log: Keyed) -> None:
    log.state(C, person("p_dddd", "clinician"), reason="passkey not at hand")
    assert 6 not in log.verdict().password_despite_passkey


def test_a_revoked_passkey_asks_for_no_reason(log: Keyed) -> None:
    log.touch(A, events.CredentialRevoked(person=A, credential=MINE.credential, reason="lost"), MINE)
    log.state(A, receipt("c_0001"))
    assert log.verdict().holds
    assert log.verdict().password_despite_passkey == ()


# ---------------------------------------------------------------- two people


def test_two_people_on_what_is_built_into_a_device_are_an_oddity() -> None:
    log = Keyed()
    keys = {A: Authenticator(seed=7, attachment="platform"), B: Authenticator(seed=8, attachment="platform")}
    log.enrol(A, keys[A], by=A)
    log.enrol(B, keys[B], by=C)
    log.touch(A, receipt("c_0001"), keys[A])
    wasted = log.touch(A, dataclasses.replace(waste("c_0001"), session=None), keys[A])
    log.touch(B, witness(wasted, "c_0001", session=None), keys[B])
    assert oddities(log) == [(8, "both passkeys are built into a device, which may be one")]


def test_the_service_key_attests_nothing_that_a_passkey_signed(log: Keyed) -> None:
    log.touch(A, receipt("c_0001"), MINE)
    assert b'"attest"' not in log.bodies[6]
    assert log.verdict().holds
