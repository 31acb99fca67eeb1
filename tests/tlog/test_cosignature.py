"""C2SP tlog-cosignature, with RFC 8032's third test key and the checkpoint of the specification as literals.

Key id and line were computed from the specification's formulas with hashlib and a plain Ed25519, not by our code.
"""

import pytest

from audit.tlog.cosignature import CosignerKey, CosigningKey, cosigned, message
from audit.tlog.keys import KeyRefused, VerifierKey
from audit.tlog.note import Note, NoteRefused, Signature, parse_note

SEED = bytes.fromhex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7")
NAME = "pharmacy.example.org/cosigner"
KEY = "pharmacy.example.org/cosigner+927b3bd0+BPxRzY5iGKGjjaR+0AIw8FgIFu0TujMDrF3rkRVIkIAl"
TEXT = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
TIME_S = 1_679_315_147
LINE = (
    "— pharmacy.example.org/cosigner kns70AAAAABkGFDLBrQRsEaDhcXPFOeg6IvpW03KqJpfEXpc+i/9Xezb8NHFPw52jM1XKZM2zz76xGI7"
    "23ctKrve+KTdEQv2vtDHDA==\n"
)
# The lines under the specification's example: a log's and another cosigner's, whose keys nobody here knows.
OTHERS = (
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xe"
    "McTOAYQ8=\n"
    "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+"
    "mbIUBkBIfZ+qnA==\n"
)


def line_of(note: str) -> Signature:
    return parse_note(note).signatures[-1]


def test_the_message_has_the_header_the_time_and_the_whole_note_text() -> None:
    assert message(TEXT, TIME_S) == (
        b"cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\n"
        b"CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    )


def test_a_cosigner_writes_its_line_byte_for_byte() -> None:
    assert CosigningKey(NAME, SEED).cosign(TEXT, time_s=TIME_S).line() == LINE


def test_a_cosigners_key_reads_and_writes_the_same() -> None:
    key = CosignerKey.from_string(KEY)
    assert (key.name, key.key_id.hex(), key.to_string()) == (NAME, "927b3bd0", KEY)
    assert CosigningKey(NAME, SEED).verifier == key


def test_the_time_of_a_line_that_holds_is_read_and_lines_of_others_are_not_judged() -> None:
    note = parse_note(f"{TEXT}\n{OTHERS}{LINE}")
    (found,) = cosigned(note, [CosignerKey.from_string(KEY)])
    assert (found.key.name, found.time_s, found.signature.line()) == (NAME, TIME_S, LINE)
    assert cosigned(parse_note(f"{TEXT}\n{OTHERS}"), [CosignerKey.from_string(KEY)]) == ()


def test_a_cosigner_counts_once_however_many_lines_it_has() -> None:
    later = CosigningKey(NAME, SEED).cosign(TEXT, time_s=TIME_S + 60).line()
    note = parse_note(f"{TEXT}\n{LINE}{later}")
    key = CosignerKey.from_string(KEY)
    assert [one.time_s for one in cosigned(note, [key, key])] == [TIME_S]


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("20852163", "20852164"),
        TEXT.replace("behind", "beside"),
        TEXT.replace("CsUY", "DsUY"),
        TEXT + "an extension\n",
    ],
)
def test_a_line_holds_on_its_own_checkpoint_alone(text: str) -> None:
    with pytest.raises(NoteRefused, match="does not hold"):
        CosignerKey.from_string(KEY).time_of(text, line_of(f"{TEXT}\n{LINE}"))


def test_the_time_is_signed_too() -> None:
    line = line_of(f"{TEXT}\n{LINE}")
    moved = Signature(line.name, line.key_id, (TIME_S + 1).to_bytes(8) + line.signature[8:])
    with pytest.raises(NoteRefused, match="does not hold"):
        CosignerKey.from_string(KEY).time_of(TEXT, moved)


def test_a_time_above_what_the_standard_allows_is_refused_though_it_was_signed() -> None:
    line = CosigningKey(NAME, SEED).cosign(TEXT, time_s=2**63)
    with pytest.raises(NoteRefused, match="does not hold"):
        CosignerKey.from_string(KEY).time_of(TEXT, line)
    assert CosignerKey.from_string(KEY).time_of(TEXT, CosigningKey(NAME, SEED).cosign(TEXT, time_s=2**63 - 1)) > 0


@pytest.mark.parametrize("length", [1, 64, 71, 73])
def test_a_line_of_another_length_is_refused(length: int) -> None:
    key = CosignerKey.from_string(KEY)
    with pytest.raises(NoteRefused, match="72 bytes"):
        key.time_of(TEXT, Signature(key.name, key.key_id, bytes(length)))


def test_a_line_that_names_the_cosigner_and_does_not_hold_is_refused_in_a_note() -> None:
    key = CosignerKey.from_string(KEY)
    note = Note(TEXT, (Signature(key.name, key.key_id, bytes(72)),))
    with pytest.raises(NoteRefused, match="does not hold"):
        cosigned(note, [key])


def test_a_logs_key_is_no_cosigners_key_and_the_reverse() -> None:
    log = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
    with pytest.raises(KeyRefused, match="type 0x04, met 0x01"):
        CosignerKey.from_string(log)
    with pytest.raises(KeyRefused, match="type 0x01"):
        VerifierKey.from_string(KEY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        NAME,
        KEY.replace("927b3bd0", "927b3bd1"),
        KEY.replace("927b3bd0", "927B3BD0"),
        KEY + "=",
        KEY[:-4],
        "a name+927b3bd0+BPxRzY5iGKGjjaR+0AIw8FgIFu0TujMDrF3rkRVIkIAl",
    ],
)
def test_any_other_spelling_of_a_key_is_refused(text: str) -> None:
    with pytest.raises(KeyRefused):
        CosignerKey.from_string(text)
