"""The service's word on an act covers every part of the act and the log it stands in."""

import hashlib

import pytest
import rfc8785

from audit.tlog.attestation import attest, attest_holds, challenge
from audit.tlog.canonical import NotCanonical
from audit.tlog.keys import SigningKey

ORIGIN = "audit.example.org/log/broadview"
KEY = SigningKey(ORIGIN, bytes(range(32)))
ACT = {"actor": "p_7q2m", "facts": {"volume_ul": 1300}, "kind": "remainder_read", "v": 1}


def test_a_challenge_is_the_hash_of_tag_act_and_log():
    expected = hashlib.sha256(b"ketamine-audit/act/v1\x00" + rfc8785.dumps({"act": ACT, "log": ORIGIN})).digest()
    assert challenge(ACT, ORIGIN) == expected
    # The same by `printf 'ketamine-audit/act/v1\0{"act":{"actor":…},"log":"…"}' | openssl dgst -sha256`.
    assert expected.hex() == "747898525c9b886b550237bb24ea952f34f3bea4ccfd55e2996b3eb1f197ed0c"


def test_an_attestation_is_128_lower_case_hexadecimal_digits_and_holds():
    word = attest(ACT, ORIGIN, KEY)
    assert len(word) == 128
    assert word == word.lower()
    assert attest_holds(ACT, origin=ORIGIN, attest=word, key=KEY.verifier)


@pytest.mark.parametrize(
    "changed",
    [
        {**ACT, "actor": "p_7q2n"},
        {**ACT, "facts": {"volume_ul": 1301}},
        {**ACT, "facts": {"volume_ug": 1300}},
        {**ACT, "kind": "remainder_reread"},
        {**ACT, "v": 2},
        {**ACT, "session": "s_01hz"},
        {key: value for key, value in ACT.items() if key != "v"},
    ],
)
def test_no_part_of_an_attested_act_can_be_changed(changed):
    assert not attest_holds(changed, origin=ORIGIN, attest=attest(ACT, ORIGIN, KEY), key=KEY.verifier)


def test_an_act_attested_in_one_log_is_not_attested_in_another():
    word = attest(ACT, ORIGIN, KEY)
    assert not attest_holds(ACT, origin="audit.example.org/log/lakeside", attest=word, key=KEY.verifier)
    other = SigningKey(ORIGIN, bytes(32))
    assert not attest_holds(ACT, origin=ORIGIN, attest=word, key=other.verifier)


def test_an_attestation_in_another_spelling_does_not_hold():
    word = attest(ACT, ORIGIN, KEY)
    for other in (word.upper(), word + "\n", word[:-2], word + "00", "", "g" * 128):
        assert not attest_holds(ACT, origin=ORIGIN, attest=other, key=KEY.verifier)


def test_an_act_outside_the_profile_has_no_challenge():
    with pytest.raises(NotCanonical, match=r"act\.facts\.dose: expected"):
        challenge({**ACT, "facts": {"dose": 0.5}}, ORIGIN)
