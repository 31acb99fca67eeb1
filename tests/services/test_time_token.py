"""What an authority answers, read strictly: a reply with a changed byte is refused in a sentence or says the same."""

import random

import pytest
from cryptography.utils import CryptographyDeprecationWarning

from audit.services.time_token import TimeRefused, build_request, load_authorities, read_reply
from tests.time_authority import TestAuthority


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TestAuthority:
    return TestAuthority(tmp_path_factory.mktemp("authority"))


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
def test_a_reply_with_any_byte_changed_is_refused_or_says_the_same(authority: TestAuthority) -> None:
    """Bytes that no signature covers, such as the certificates beside it, may change; what is signed may not."""
    assert issubclass(CryptographyDeprecationWarning, UserWarning)
    source = random.Random(8)
    right = read_reply(authority.answer(build_request(b"a head").query))
    known = load_authorities(authority.root.read_bytes())
    sentences = []
    for _ in range(1_500):
        changed = bytearray(right.reply)
        changed[source.randrange(len(changed))] = source.randrange(256)
        try:
            token = read_reply(bytes(changed))
            known.check(token)
        except TimeRefused as refusal:
            sentences.append(str(refusal))
            continue
        assert (token.gen_ms, token.imprint, token.nonce) == (right.gen_ms, right.imprint, right.nonce)
    assert len(sentences) > 1_200
    assert all(0 < len(one) < 300 and "\n" not in one for one in sentences)


@pytest.mark.parametrize("reply", [b"", b"0", b"\x30\x80", b"\x30\x84\xff\xff\xff\xff", b"0" * 70_000])
def test_bytes_that_are_no_reply_are_refused_in_a_sentence(reply: bytes) -> None:
    with pytest.raises(TimeRefused, match=r"^(bytes that are no reply of RFC 3161|a reply of more than 65536 bytes)$"):
        read_reply(reply)
