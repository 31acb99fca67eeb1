"""A sealed value shows nothing, and opens to the one value that was sealed."""

import hashlib
import hmac

import pytest
import rfc8785

from audit.tlog.canonical import NotCanonical
from audit.tlog.seal import password_commitment, seal, seal_opens

R = bytes(range(32))


@pytest.mark.parametrize(
    "value", ["Pat Placeholder", "two\nlines", "", 71_500, True, ["a", 1], {"name": "Pat", "born": [1]}]
)
def test_a_seal_is_the_hmac_of_tag_and_value(value):
    message = b"ketamine-audit/seal/v1\x00" + rfc8785.dumps({"v": value})
    assert seal(R, value) == hmac.new(R, message, hashlib.sha256).hexdigest()
    assert seal_opens(seal(R, value), r=R, value=value)


def test_a_seal_is_what_openssl_computes():
    # printf 'ketamine-audit/seal/v1\0{"v":"Pat Placeholder"}' | openssl dgst -sha256 -mac HMAC -macopt hexkey:0001…1f
    assert seal(R, "Pat Placeholder") == "ecea6b7b3dc00fd4cd25642776811abf6a7805eeda0b009245519352a7379171"


def test_another_value_or_another_key_does_not_open_a_seal():
    commitment = seal(R, "Pat Placeholder")
    assert not seal_opens(commitment, r=R, value="Pat Placeholders")
    assert not seal_opens(commitment, r=bytes(32), value="Pat Placeholder")
    assert not seal_opens(commitment.upper(), r=R, value="Pat Placeholder")
    assert not seal_opens("é", r=R, value="Pat Placeholder")
    assert seal(R, 1) != seal(R, "1") != seal(R, True)


def test_a_seal_needs_its_own_32_random_bytes():
    for length in (0, 31, 33):
        with pytest.raises(ValueError, match=f"expected 32 random bytes, met {length}"):
            seal(bytes(length), "Pat Placeholder")


def test_a_value_outside_the_profile_is_not_sealed():
    for value in (0.5, None, [], "e\u0301", "a\tb"):
        with pytest.raises(NotCanonical, match=r"^v: "):
            seal(R, value)


def test_a_password_commitment_is_the_hash_of_tag_and_stored_hash():
    # printf 'ketamine-audit/password/v1\0$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA' | openssl dgst -sha256
    stored = "$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA"
    assert password_commitment(stored) == "51ff023dbb09e62cd63ca1615f950b087b421eeb7d23f925552282a899402fe4"
    assert password_commitment(stored) != password_commitment(stored + "A")
