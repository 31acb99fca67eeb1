"""The service's word on an act covers every part of the act and the log it stands in."""

import hashlib

import pytest
import rfc8785

from audit.tlog.attestation import attest, challenge, challenge_of, is_attested
from audit.tlog.canonical import NotCanonical
from audit.tlog.entry import FIRST_PREV, decode_entry, encode_entry
from audit.tlog.keys import SigningKey

ORIGIN = "audit.example.org/log/broadview"
KEY = SigningKey(ORIGIN, bytes(range(32)))
ACT = {"actor": "p_7q2m", "facts": {"volume_ul": 1300}, "kind": "remainder_read", "v": 1}
FULL = ACT | {"nonce": "ab" * 16, "occurred_ms": 1_795_442_591_000, "offset_min": -300}


def test_a_challenge_is_the_hash_of_tag_act_and_log():
    expected = hashlib.sha256(b"ketamine-audit/act/v1\x00" + rfc8785.dumps({"act": ACT, "log": ORIGIN})).digest()
    assert challenge(ACT, ORIGIN) == expected
    # The same by `printf 'ketamine-audit/act/v1\0{"act":{"actor":…},"log":"…"}' | openssl dgst -sha256`.
    assert expected.hex() == "747898525c9b886b550237bb24ea952f34f3bea4ccfd55e2996b3eb1f197ed0c"


def entry_of(act=ACT, *, log=ORIGIN, attested=None, spelled=None):
    """An entry of an act, with the attestation of `attested` (the same act where nothing else is said)."""
    word = attest(FULL | (attested if attested is not None else act), ORIGIN, KEY) if spelled is None else spelled
    return decode_entry(
        encode_entry(
            log=log,
            index=0,
            prev=FIRST_PREV,
            recorded_ms=1_795_442_593_210,
            act=FULL | act,
            signature={"attest": word, "method": "service"},
        )
    )


def test_an_attestation_is_128_lower_case_hexadecimal_digits_and_holds():
    word = attest(ACT, ORIGIN, KEY)
    assert len(word) == 128
    assert word == word.lower()
    assert is_attested(entry_of(), KEY.verifier)


def test_the_challenge_of_an_entry_is_that_of_its_act_whatever_its_text_looks_like():
    tricky = FULL | {"facts": {"a": 'x","index":7,"log":"', "index": 5, "z": {"index": 1, "leaf": ',"index":'}}}
    assert challenge_of(entry_of(tricky)) == challenge(tricky, ORIGIN)
    assert entry_of(tricky).act_bytes == rfc8785.dumps(tricky)


@pytest.mark.parametrize(
    "changed",
    [
        {"actor": "p_7q2n"},
        {"facts": {"volume_ul": 1301}},
        {"facts": {"volume_ug": 1300}},
        {"kind": "remainder_reread"},
        {"v": 2},
        {"session": "s_01hz"},
    ],
)
def test_no_part_of_an_attested_act_can_be_changed(changed):
    assert not is_attested(entry_of(ACT | changed, attested=ACT), KEY.verifier)


def test_an_act_attested_in_one_log_is_not_attested_in_another():
    assert not is_attested(entry_of(log="audit.example.org/log/lakeside"), KEY.verifier)
    assert not is_attested(entry_of(), SigningKey(ORIGIN, bytes(32)).verifier)


def test_an_attestation_that_is_not_this_keys_does_not_hold():
    assert not is_attested(entry_of(spelled="0" * 128), KEY.verifier)


def test_an_act_outside_the_profile_has_no_challenge():
    with pytest.raises(NotCanonical, match=r"act\.facts\.dose: expected"):
        challenge({**ACT, "facts": {"dose": 0.5}}, ORIGIN)
