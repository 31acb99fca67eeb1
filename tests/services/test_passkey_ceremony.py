"""Making a passkey in a browser, proving it and having it vouched for: both engines; the oracle re-checks."""

import dataclasses
import json

import pytest

from audit.domain import events
from audit.services import passkeys
from audit.services.passkeys import VALID_MS, Holder
from tests.authenticator import PRESENT, VERIFIED, Authenticator, Knobs, from_b64url
from tests.clinic import Clinic
from tests.services.touching import enrol, order, refused, revoke, touched


def holder(clinic: Clinic, who: str, **changes: object) -> Holder:
    """Somebody in a sign-in."""
    said = {"name": f"{who}. Example", "sign_in": f"{who.lower()}.example", "token": "tablet 1", "secret": b"s" * 32}
    return Holder(person=clinic.people[who], **(said | changes))  # type: ignore[arg-type]


def ceremony(clinic: Clinic, who: str, key: Authenticator, knobs: Knobs | None = None) -> events.CredentialEnrolled:
    """Make a passkey as a browser does."""
    options = passkeys.creation_options(clinic.register, holder(clinic, who))
    return passkeys.begin(clinic.register, holder(clinic, who), key.registration(options["challenge"], knobs))


def prove(clinic: Clinic, who: str, key: Authenticator, event: events.CredentialEnrolled) -> passkeys.Waiting:
    """Let the new passkey sign for itself."""
    asked = passkeys.question(clinic.register, event)
    proof = dataclasses.asdict(key.assertion(from_b64url(asked["challenge"])))
    return passkeys.prove(clinic.register, holder(clinic, who), event.credential, proof)


def test_a_browser_is_asked_for_a_verified_person_and_the_three_algorithms(clinic):
    options = passkeys.creation_options(clinic.register, holder(clinic, "B"))
    assert options["rp"]["id"] == "audit.example.org"
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["authenticatorSelection"]["residentKey"] == "preferred"
    assert [one["alg"] for one in options["pubKeyCredParams"]] == [-7, -8, -257]
    assert clinic.people["B"] not in json.dumps(options)


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "RS256"])
def test_a_passkey_made_proved_and_vouched_for_signs(clinic, algorithm):
    key = Authenticator(seed=1, algorithm=algorithm)
    waiting = prove(clinic, "B", key, ceremony(clinic, "B", key))
    assert [one.event for one in passkeys.waiting(clinic.register)] == [waiting.event]
    assert passkeys.holders(clinic.register) == frozenset()
    clinic.act("M", waiting.event)
    passkeys.drop(clinic.register, key.credential)
    assert passkeys.waiting(clinic.register) == ()
    assert passkeys.holders(clinic.register) == {clinic.people["B"]}
    wish = order(clinic, "B", revoke(clinic, "B", key))
    clinic.record(touched(clinic, [wish], {clinic.people["B"]: key}))
    assert passkeys.holders(clinic.register) == frozenset()


def test_a_passkey_already_there_is_not_asked_for_again(clinic):
    key = Authenticator(seed=1)
    enrol(clinic, "B", key, by="M")
    options = passkeys.creation_options(clinic.register, holder(clinic, "B"))
    assert [one["id"] for one in options["excludeCredentials"]] == [key.credential]
    assert refused(lambda: ceremony(clinic, "A", key)).code == "credential_known"


MADE_WRONG = [
    Knobs(type="webauthn.get"),
    Knobs(type="webauthn.create", origin="https://evil.example.org"),
    Knobs(type="webauthn.create", rp_id="login.example.org"),
    Knobs(type="webauthn.create", cross_origin=True),
    Knobs(type="webauthn.create", flags=PRESENT),
    Knobs(type="webauthn.create", flags=VERIFIED),
]


@pytest.mark.parametrize("knobs", MADE_WRONG, ids=lambda knobs: str(knobs)[6:80])
def test_a_passkey_made_otherwise_than_asked_is_refused(clinic, knobs):
    assert refused(lambda: ceremony(clinic, "B", Authenticator(seed=1), knobs)).code == "passkey_malformed"


def test_a_challenge_is_good_for_one_person_one_sign_in_and_ten_minutes(clinic):
    key, mine = Authenticator(seed=1), holder(clinic, "B")
    answer = key.registration(passkeys.creation_options(clinic.register, mine)["challenge"])
    for other in (holder(clinic, "A"), holder(clinic, "B", token="tablet 2"), holder(clinic, "B", secret=b"t" * 32)):
        assert refused(lambda: passkeys.begin(clinic.register, other, answer)).code == "passkey_late"  # noqa: B023
    clinic.clock.pass_minutes(VALID_MS // 60_000 + 1)
    assert refused(lambda: passkeys.begin(clinic.register, mine, answer)).code == "passkey_late"


@pytest.mark.parametrize("answer", [{}, {"response": []}, {"response": {"clientDataJSON": "AA"}}, {"id": 1}])
def test_an_answer_of_another_form_is_refused_in_words(clinic, answer):
    assert refused(lambda: passkeys.begin(clinic.register, holder(clinic, "B"), answer)).code == "passkey_malformed"


def test_a_proof_by_another_key_is_refused_and_nothing_waits(clinic):
    key = Authenticator(seed=1)
    event = ceremony(clinic, "B", key)
    assert refused(lambda: prove(clinic, "B", Authenticator(seed=2), event)).code == "proof_refused"
    assert refused(lambda: prove(clinic, "A", key, event)).code == "no_request"
    assert passkeys.waiting(clinic.register) == ()


# ---------------------------------------------------------------- enrolment


def test_nobody_vouches_for_themself_but_the_first_person_for_their_first(clinic):
    one, two = Authenticator(seed=1), Authenticator(seed=2)
    assert refused(lambda: enrol(clinic, "M", one, by="M")).code == "own_credential"
    enrol(clinic, "A", one, by="A")
    assert refused(lambda: enrol(clinic, "A", two, by="A", reason="passkey not at hand")).code == "own_credential"
    assert refused(lambda: enrol(clinic, "M", two, by="B")).code == "not_your_role"


def test_a_passkey_belongs_to_one_person(clinic):
    key = Authenticator(seed=1)
    enrol(clinic, "B", key, by="M")
    assert refused(lambda: enrol(clinic, "A", key, by="M")).code == "credential_known"
    twin = Authenticator(seed=1)
    twin._id = b"another id 12345"
    assert refused(lambda: enrol(clinic, "A", twin, by="M")).code == "credential_known"


def test_a_passkey_that_does_not_prove_itself_is_not_enrolled(clinic):
    key, origin = Authenticator(seed=1), clinic.register.origin
    for_another = dataclasses.replace(key.enrolled(clinic.people["A"], origin), person=clinic.people["B"])
    elsewhere = key.enrolled(clinic.people["B"], "audit.example.org/log/elsewhere")
    unread = key.enrolled(clinic.people["B"], origin, algorithm=-8)
    for event in (for_another, elsewhere, unread):
        assert refused(lambda: clinic.act("M", event)).code == "proof_refused"  # noqa: B023


def test_a_passkey_of_another_host_is_not_enrolled(clinic):
    key = Authenticator(seed=1, knobs=Knobs(rp_id="login.example.org"))
    assert refused(lambda: enrol(clinic, "B", key, by="M")).code == "other_rp_id"
