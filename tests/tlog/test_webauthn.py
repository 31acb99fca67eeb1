"""What an assertion must show, rule by rule (log-format section 6; WebAuthn Level 2, section 7.2)."""

import dataclasses

import cbor2
import pytest

from audit.tlog import webauthn
from audit.tlog.webauthn import Evidence, Expected, KeyRefused, algorithm_of, enrolment, fault, read_evidence
from tests.authenticator import BACKED_UP, ELIGIBLE, ORIGIN, PRESENT, RP_ID, VERIFIED, Authenticator, Knobs, b64url

CHALLENGE = bytes(range(32))
ALGORITHMS = ("ES256", "EdDSA", "RS256")


def asked(authenticator: Authenticator, **changes: object) -> Expected:
    expected = Expected(
        challenge=CHALLENGE,
        public_key=authenticator.cose,
        algorithm=authenticator.cose_algorithm,
        rp_id=RP_ID,
        origins=(ORIGIN,),
    )
    return dataclasses.replace(expected, **changes)  # type: ignore[arg-type]


def answered(authenticator: Authenticator, **knobs: object) -> Evidence:
    return Evidence(**authenticator.answer(CHALLENGE, Knobs(**knobs)))  # type: ignore[arg-type]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_right_answer_holds(algorithm):
    key = Authenticator(algorithm=algorithm)
    assert fault(answered(key), asked(key)) is None


def test_client_data_may_leave_cross_origin_out():
    key = Authenticator()
    assert fault(answered(key, cross_origin=None), asked(key)) is None


def test_a_sign_count_is_not_judged():
    key = Authenticator()
    assert fault(answered(key, count=0), asked(key)) is None
    assert fault(answered(key, count=4_000_000_000), asked(key)) is None


def test_a_synced_passkey_may_be_backed_up():
    key = Authenticator()
    assert fault(answered(key, flags=PRESENT | VERIFIED | ELIGIBLE | BACKED_UP), asked(key)) is None


WRONG = [
    ({"type": "webauthn.create"}, "an answer to another question than to sign"),
    ({"challenge": bytes(32)}, "a signature over something else"),
    ({"origin": "https://evil.example.org"}, "a signature made for another address"),
    ({"origin": "http://audit.example.org"}, "a signature made for another address"),
    ({"origin": "https://audit.example.org:8443"}, "a signature made for another address"),
    ({"cross_origin": True}, "a signature made inside a page of another address"),
    ({"cross_origin": "no"}, "a signature made inside a page of another address"),
    ({"rp_id": "example.org"}, "a passkey of another host"),
    ({"flags": VERIFIED}, "nobody present at the authenticator"),
    ({"flags": PRESENT}, "a person who was not verified by the authenticator"),
    ({"flags": PRESENT | VERIFIED | BACKED_UP}, "a backup of a passkey that allows none"),
]


@pytest.mark.parametrize(("knobs", "found"), WRONG, ids=[found for _, found in WRONG])
def test_each_rule_refuses_what_breaks_it_alone(knobs, found):
    key = Authenticator()
    assert fault(answered(key, **knobs), asked(key)) == found


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_another_key_does_not_sign_for_this_one(algorithm):
    key, other = Authenticator(seed=1, algorithm=algorithm), Authenticator(seed=2, algorithm=algorithm)
    assert fault(answered(other), asked(key)) == "a signature that does not hold"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_bit_changed_anywhere_breaks_the_signature(algorithm):
    key = Authenticator(algorithm=algorithm)
    right = answered(key)
    flipped = right.authenticator_data[:-1] + bytes([right.authenticator_data[-1] ^ 1])
    assert fault(right._replace(authenticator_data=flipped), asked(key)) == "a signature that does not hold"
    # a space is JSON all the same, and other bytes
    spaced = right.client_data.replace(b'","', b'", "')
    assert fault(right._replace(client_data=spaced), asked(key)) == "a signature that does not hold"


def test_the_algorithm_is_the_one_enrolled():
    key = Authenticator(algorithm="EdDSA")
    assert fault(answered(key), asked(key, algorithm=-7)) == "a key of another algorithm than enrolled"


def test_what_cannot_be_read_is_a_fault_in_words_and_no_traceback():
    key = Authenticator()
    right = answered(key)
    assert fault(right._replace(client_data=b"\xff"), asked(key)) == "client data that is no JSON"
    assert fault(right._replace(client_data=b"[]"), asked(key)) == "client data that is no object"
    assert fault(right._replace(authenticator_data=bytes(36)), asked(key)) == "authenticator data cut short"
    assert fault(right, asked(key, public_key=b"\xa0")) == "a public key that cannot be read"
    for signature in (b"\x00", b"\x30\x06\x02\x01\x00\x02\x01\x00", bytes(64)):
        assert fault(right._replace(signature=signature), asked(key)) == "a signature that does not hold"


def test_an_assertion_in_parts_is_unpadded_base64url_and_whole():
    parts = {"authenticator_data": "AAAA", "client_data": "AAAA", "signature": "AAAA"}
    assert read_evidence(parts) == Evidence(b"\0\0\0", b"\0\0\0", b"\0\0\0")
    assert read_evidence(parts | {"signature": "AA=="}) is None
    assert read_evidence(parts | {"signature": ""}) is None
    assert read_evidence({"client_data": "AAAA"}) is None


def test_a_key_has_one_encoding_and_a_known_algorithm():
    for algorithm, number in (("ES256", -7), ("EdDSA", -8), ("RS256", -257)):
        assert algorithm_of(Authenticator(algorithm=algorithm).cose) == number  # type: ignore[arg-type]
    right = cbor2.loads(Authenticator().cose)
    spelled_otherwise = cbor2.dumps(dict(reversed(list(right.items()))))
    for wrong in (spelled_otherwise, cbor2.dumps(right | {3: -35}, canonical=True), b"", b"\x80", bytes(9000)):
        with pytest.raises(KeyRefused):
            algorithm_of(wrong)


def test_a_point_off_the_curve_and_a_short_rsa_key_are_no_keys():
    point = cbor2.loads(Authenticator().cose) | {-3: bytes(32)}
    short = {1: 3, 3: -257, -1: b"\xff" * 128, -2: b"\x01\x00\x01"}
    for wrong in (point, short):
        with pytest.raises(KeyRefused):
            algorithm_of(cbor2.dumps(wrong, canonical=True))


def test_the_enrolment_is_sha_256_over_its_tag_and_canonical_fields():
    # printf '<tag>\0{"actor":…}' | sha256sum, with the fields below
    made = enrolment(actor="p_1", credential="AAAA", log="h/log/s", public_key="AQID")
    assert made.hex() == "25fc642eb7ee98a95d79237a8f8c2421c34eebddac9cbfb63a134f7cbef71305"
    assert webauthn.ALGORITHMS == (-7, -8, -257)
    assert b64url(made) != b64url(enrolment(actor="p_2", credential="AAAA", log="h/log/s", public_key="AQID"))
