"""C2SP signed-note, with the notes of golang.org/x/mod and of the specification as literals."""

from base64 import b64decode

import pytest

from audit.tlog.keys import SigningKey, VerifierKey
from audit.tlog.note import (
    MAX_NOTE_BYTES,
    Note,
    NoteRefused,
    Signature,
    format_note,
    parse_note,
    sign_text,
    verify_note,
)

PETER = VerifierKey.from_string("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
ENOCH = VerifierKey.from_string("EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop")
PETER_SEED = b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
ENOCH_LINE = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
)
BOTH = TEXT + "\n" + PETER_LINE + ENOCH_LINE
SALVATORE = (
    "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n"
    "— quasimodo.example/salvatore "
    "NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n"
)


def test_the_note_of_the_go_library_is_signed_byte_for_byte():
    note = sign_text(TEXT, [SigningKey("PeterNeumann", PETER_SEED)])
    assert format_note(note) == TEXT + "\n" + PETER_LINE


def test_each_known_key_is_verified_and_the_lines_of_others_are_kept():
    note = parse_note(BOTH)
    assert note.text == TEXT
    assert [signature.name for signature in note.signatures] == ["PeterNeumann", "EnochRoot"]
    assert [signature.line() for signature in note.signatures] == [PETER_LINE, ENOCH_LINE]
    assert verify_note(note, [PETER]) == note.signatures[:1]
    assert verify_note(note, [ENOCH]) == note.signatures[1:]
    assert verify_note(note, [ENOCH, PETER, ENOCH]) == note.signatures
    assert format_note(note) == BOTH


def test_text_may_hold_blank_lines_and_the_last_one_ends_it():
    note = parse_note(SALVATORE)
    assert note.text.endswith("sole:\n\ned è subito sera.\n")
    assert note.signatures[0].key_id.hex() == "367ba04b"
    assert len(note.signatures[0].signature) == 64
    assert format_note(note) == SALVATORE
    assert parse_note(SALVATORE.encode()) == note


def test_a_note_that_no_known_key_signed_is_refused():
    other = SigningKey("PeterNeumann", bytes(32)).verifier  # the name is known, the key id is not
    for keys in ([], [other]):
        with pytest.raises(NoteRefused, match="none of the known keys"):
            verify_note(parse_note(BOTH), keys)


def test_one_line_of_a_known_key_that_does_not_hold_spoils_the_note():
    note = parse_note(BOTH)
    for changed in (Note(TEXT.replace("problem", "solution"), note.signatures), parse_note(_flipped(BOTH))):
        with pytest.raises(NoteRefused, match=r"signature of PeterNeumann\+c74f20a3 does not hold"):
            verify_note(changed, [ENOCH, PETER])
    twice = parse_note(TEXT + "\n" + PETER_LINE + _flipped(PETER_LINE))
    with pytest.raises(NoteRefused, match="does not hold"):
        verify_note(twice, [PETER])


def _flipped(text):
    return text.replace("x08go/ZJ", "x08go/ZK")


def test_a_key_that_signed_twice_counts_once():
    note = parse_note(TEXT + "\n" + PETER_LINE + PETER_LINE)
    assert verify_note(note, [PETER]) == note.signatures[:1]


def test_two_known_keys_that_a_line_cannot_tell_apart_are_refused():
    class Colliding(VerifierKey):
        """A key whose id was made to collide; finding a real one takes 2^32 tries."""

    other = Colliding("PeterNeumann", bytes(32))
    object.__setattr__(other, "key_id", PETER.key_id)
    with pytest.raises(NoteRefused, match=r"two different keys are known as PeterNeumann\+c74f20a3"):
        verify_note(parse_note(BOTH), [PETER, other])


@pytest.mark.parametrize(
    "note",
    [
        "",
        TEXT,
        TEXT + "\n",
        "\n\n" + PETER_LINE,
        PETER_LINE,
        TEXT + PETER_LINE,
        TEXT + "\n" + PETER_LINE[:-1],
        TEXT + "\n" + PETER_LINE + "\n",
        TEXT + "\n" + PETER_LINE + "Unexpected line.\n",
        "\x01" + BOTH,
        BOTH.replace("\n", "\r\n"),
        BOTH.replace("you", "you\t"),
        "\ud800" + BOTH,
        b"\xff" + BOTH.encode(),
        TEXT + "\n" + PETER_LINE.replace("PeterNeumann", "Bad Name"),
        TEXT + "\n" + PETER_LINE.replace("PeterNeumann", "Bad+Name"),
        TEXT + "\n" + PETER_LINE.replace("PeterNeumann", ""),
        TEXT + "\n" + PETER_LINE.replace("\u2014", "-"),
        TEXT + "\n" + PETER_LINE.replace("\u2014 ", "\u2014"),
        TEXT + "\n" + PETER_LINE.replace("AM=", "AN="),
        TEXT + "\n" + PETER_LINE.replace("AM=", "AM"),
        TEXT + "\n" + PETER_LINE.replace("AM=", "AM= "),
        TEXT + "\n— PeterNeumann\n",
        TEXT + "\n— PeterNeumann \n",
        TEXT + "\n— PeterNeumann x08gow==\n",
        TEXT + "\n" + PETER_LINE * 65,
        "x" * MAX_NOTE_BYTES + "\n" + BOTH,
    ],
)
def test_text_in_any_other_form_is_no_note(note):
    with pytest.raises(NoteRefused):
        parse_note(note)


def test_sixteen_signatures_and_long_ones_are_read():
    # C2SP asks readers for at least 16 signatures, and some are nearly 5 kB long.
    long = Signature("example.org/cosigner", b"\x00\x00\x00\x06", b"\xff" * 5000)
    note = Note(TEXT, (long,) * 16)
    assert parse_note(format_note(note)) == note


@pytest.mark.parametrize(
    ("text", "signatures"),
    [
        ("no newline", (Signature("a", b"1234", b"x"),)),
        ("", (Signature("a", b"1234", b"x"),)),
        (TEXT, ()),
        (TEXT, (Signature("a b", b"1234", b"x"),)),
        (TEXT, (Signature("a", b"1234", b""),)),
        (TEXT, (Signature("a", b"123", b"xy"),)),
        (TEXT + "\n" + PETER_LINE, (Signature("a\n— b", b"1234", b"x"),)),
    ],
)
def test_parts_that_would_not_come_back_make_no_note(text, signatures):
    with pytest.raises(NoteRefused):
        format_note(Note(text, signatures))
