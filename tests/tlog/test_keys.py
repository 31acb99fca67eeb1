"""Keys of RFC 8032 and C2SP signed-note, with the published literals."""

import pytest

from audit.tlog.keys import KeyRefused, SigningKey, VerifierKey, is_key_name

# Published verifier keys: Go's checksum database, the tests of golang.org/x/mod, the tests of transparency-dev/formats.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PUBLISHED = {
    "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8": "sum.golang.org",
    PETER: "PeterNeumann",
    "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop": "EnochRoot",
    "TEST+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6": "TEST",
}


@pytest.mark.parametrize(("text", "name"), PUBLISHED.items())
def test_published_verifier_keys_read_and_write_the_same(text, name):
    key = VerifierKey.from_string(text)
    assert key.name == name
    assert key.key_id.hex() == text.split("+")[1]
    assert key.to_string() == text


@pytest.mark.parametrize(
    ("seed", "public", "message", "signature"),
    [  # RFC 8032 section 7.1, tests 1 to 3
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            (
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
                "d25bf5f0595bbe24655141438e7a100b"
            ),
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            (
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
                "387b2eaeb4302aeeb00d291612bb0c00"
            ),
        ),
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            (
                "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
                "4a7c15e9716ed28dc027beceea1ec40a"
            ),
        ),
    ],
)
def test_signatures_are_those_of_rfc_8032(seed, public, message, signature):
    key = SigningKey("example.org/log/test", bytes.fromhex(seed))
    assert key.name == "example.org/log/test"
    assert key.verifier.public_key.hex() == public
    assert key.sign(bytes.fromhex(message)).hex() == signature
    assert key.verifier.verify(bytes.fromhex(message), bytes.fromhex(signature))
    assert not key.verifier.verify(bytes.fromhex(message) + b"\x00", bytes.fromhex(signature))
    assert not key.verifier.verify(bytes.fromhex(message), bytes.fromhex(signature)[:63])
    assert not key.verifier.verify(bytes.fromhex(message), b"")


def test_no_part_of_a_verifier_key_and_no_changed_character_reads():
    parts = [PETER[first:last] for first in range(len(PETER)) for last in range(first, len(PETER) + 1)]
    changed = [PETER[:place] + chr(ord(PETER[place]) + 1) + PETER[place + 1 :] for place in range(len(PETER))]
    for text in [part for part in parts if part != PETER] + changed:
        with pytest.raises(KeyRefused):
            VerifierKey.from_string(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==", "name.hex.base64"),
        ("PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "of type 0x01 .Ed25519., met 0x65"),
        ("PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "key id c74f20a3, met c74f20a4"),
        ("PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "name.hex.base64"),
        ("Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "without spaces"),
        ("PeterNeumann+c74f20a3", "name.hex.base64"),
        ("PeterNeumann", "name.hex.base64"),
        ("PeterNeumann++ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "name.hex.base64"),
        ("PeterNeumann+c74f20a3+", "name.hex.base64"),
        (PETER + "\n", "name.hex.base64"),
    ],
)
def test_a_wrong_verifier_key_is_refused_with_what_was_expected(text, message):
    with pytest.raises(KeyRefused, match=message):
        VerifierKey.from_string(text)


def test_a_public_key_has_32_bytes():
    for length in (0, 31, 33):
        with pytest.raises(KeyRefused, match=f"a public key of 32 bytes, met {length}"):
            VerifierKey("example.org/log/test", bytes(length))


def test_a_seed_has_32_bytes():
    with pytest.raises(KeyRefused, match="a seed of 32 bytes, met 31"):
        SigningKey("example.org/log/test", bytes(31))


def test_keys_of_one_name_and_one_public_key_are_equal_and_do_not_show_their_seed():
    one, two = (SigningKey("example.org/log/test", bytes(32)) for _ in range(2))
    assert one.verifier == two.verifier
    assert hash(one.verifier) == hash(two.verifier)
    assert one.verifier != SigningKey("example.org/log/other", bytes(32)).verifier


@pytest.mark.parametrize(
    "name", ["", "a b", "a+b", "a\tb", "a\nb", "a\x00b", "a\u00a0b", "a\u2003b", "\ud800", "x" * 256]
)
def test_a_name_has_no_space_no_plus_and_no_control_character(name):
    assert not is_key_name(name)
    with pytest.raises(KeyRefused, match="expected a key name"):
        SigningKey(name, bytes(32))


def test_a_name_may_be_any_other_text():
    for name in ("PeterNeumann", "example.com/foo", "clinique-montréal.example", "x" * 255):
        assert is_key_name(name)
