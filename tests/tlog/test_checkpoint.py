"""C2SP tlog-checkpoint: three lines, signed under the origin's name."""

from hashlib import sha256

import pytest

from audit.tlog.checkpoint import Checkpoint, open_note, parse, sign
from audit.tlog.keys import SigningKey
from audit.tlog.merkle import EMPTY
from audit.tlog.note import NoteRefused, format_note, parse_note, sign_text

ORIGIN = "audit.example.org/log/broadview"
ROOT = sha256(b"a root").digest()
KEY = SigningKey(ORIGIN, bytes(range(32)))
NEW_KEY = SigningKey(ORIGIN, bytes(range(1, 33)))
COSIGNER = SigningKey("cosigner.example.net", bytes(range(2, 34)))
HEAD = Checkpoint(ORIGIN, 412, ROOT)


def test_the_example_of_the_specification_is_read_and_written_the_same():
    note = parse_note(
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
        "— example.com/behind-the-sofa "
        "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    )
    checkpoint = parse(note.text)
    assert checkpoint.origin == "example.com/behind-the-sofa"
    assert checkpoint.size == 20852163
    assert checkpoint.root.hex() == "0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62"
    assert checkpoint.text() == note.text


def test_a_signed_checkpoint_opens_with_the_key_of_its_log():
    note = sign(HEAD, KEY)
    checkpoint, signatures = open_note(note, [KEY.verifier, COSIGNER.verifier])
    assert checkpoint == HEAD
    assert [signature.name for signature in signatures] == [ORIGIN]
    assert open_note(note.encode(), [KEY.verifier]) == (checkpoint, signatures)


def test_where_a_key_is_replaced_the_old_and_the_new_one_sign():
    note = sign(HEAD, NEW_KEY, KEY)
    for keys, lines in (([NEW_KEY], 1), ([KEY], 1), ([KEY, NEW_KEY], 2)):
        checkpoint, signatures = open_note(note, [key.verifier for key in keys])
        assert checkpoint == HEAD
        assert len(signatures) == lines


def test_a_key_of_another_name_does_not_sign_for_the_log():
    for keys in ((COSIGNER,), (KEY, COSIGNER)):
        with pytest.raises(ValueError, match=f"expected a key named {ORIGIN}, met cosigner.example.net"):
            sign(HEAD, *keys)


def test_a_checkpoint_without_the_word_of_its_own_log_is_refused():
    note = format_note(sign_text(HEAD.text(), [KEY, COSIGNER]))
    assert open_note(note, [KEY.verifier, COSIGNER.verifier])[0] == HEAD
    with pytest.raises(NoteRefused, match=f"no known key has signed under the name {ORIGIN}"):
        open_note(note, [COSIGNER.verifier])
    with pytest.raises(NoteRefused, match="none of the known keys"):
        open_note(note, [NEW_KEY.verifier])


def test_no_character_of_a_signed_checkpoint_can_be_changed():
    note = sign(HEAD, KEY)
    for place in range(len(note)):
        changed = note[:place] + chr(ord(note[place]) ^ 1) + note[place + 1 :]
        with pytest.raises(NoteRefused):
            open_note(changed, [KEY.verifier])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "exactly three lines"),
        (HEAD.text()[:-1], "exactly three lines"),
        (HEAD.text() + "extension\n", "exactly three lines"),
        (HEAD.text() + "\n", "exactly three lines"),
        (HEAD.text().replace("412", "0412"), "a size in decimal digits"),
        (HEAD.text().replace("412", "+412"), "a size in decimal digits"),
        (HEAD.text().replace("412", "9007199254740992"), "a size in decimal digits"),
        (HEAD.text().replace("412", ""), "a size in decimal digits"),
        (HEAD.text().replace("=", ""), "the root in canonical base64"),
        (f"{ORIGIN}\n412\nAAAA\n", "a root of 32 bytes, met 3"),
        (HEAD.text().replace(ORIGIN, ""), "an origin without spaces"),
        (HEAD.text().replace("/log/", " log "), "an origin without spaces"),
        (HEAD.text().replace("412", "0"), "SHA-256 of nothing as the root of an empty log"),
    ],
)
def test_text_in_any_other_form_is_no_checkpoint(text, message):
    with pytest.raises(NoteRefused, match=message):
        parse(text)


def test_an_empty_log_has_a_head_and_none_is_smaller():
    assert parse(Checkpoint(ORIGIN, 0, EMPTY).text()) == Checkpoint(ORIGIN, 0, EMPTY)
    with pytest.raises(NoteRefused, match=r"a size from 0 to 2\^53-1, met -1"):
        Checkpoint(ORIGIN, -1, ROOT)
