"""C2SP tlog-proof: one entry, its place and the signed head over it, in one file."""

import pytest

from audit.tlog.checkpoint import Checkpoint, sign
from audit.tlog.keys import SigningKey
from audit.tlog.merkle import ProofRefused, inclusion_proof, leaf_hash, root
from audit.tlog.note import NoteRefused
from audit.tlog.proof import EntryProof, format_proof, parse_proof, verify_proof

ORIGIN = "audit.example.org/log/broadview"
KEY = SigningKey(ORIGIN, bytes(range(32)))
ENTRIES = [f"entry {index}".encode() for index in range(5)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
NOTE = sign(Checkpoint(ORIGIN, 5, root(LEAVES)), KEY)

# The example of the specification, whose extra data and signatures are abbreviated there, with whole ones.
SPECIFIED = (
    "c2sp.org/tlog-proof@v1\nextra YWdlLXYxLjIuMQ==\nindex 73894\n"
    "gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\nB95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=\n"
    "EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=\nRoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=\n"
    "AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=\n\n"
    "example.com/fancylog\n109482\nsFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=\n\n"
    "— example.com/fancylog hI2DJ1roloI=\n— witness1.example mJirIklqY9v2B/5bgQ==\n"
)


def _read(level, index):
    return root(LEAVES[index << level : (index + 1) << level])


def _proof(index, extra=b""):
    return EntryProof(index, inclusion_proof(index, 5, _read), NOTE, extra)


def test_the_form_of_the_specification_is_read_and_written_the_same():
    proof = parse_proof(SPECIFIED)
    assert proof.extra == b"age-v1.2.1"
    assert proof.index == 73894
    assert len(proof.hashes) == 5
    assert proof.hashes[0].hex() == "8122b25e861952067a8ddb9662b9033804629ce30626f7978e032405371d3e54"
    assert proof.checkpoint.startswith("example.com/fancylog\n109482\n")
    assert format_proof(proof) == SPECIFIED


@pytest.mark.parametrize("index", range(5))
@pytest.mark.parametrize("extra", [b"", b"\x00"])
def test_an_entry_is_shown_by_its_proof_and_by_no_other(index, extra):
    proof = parse_proof(format_proof(_proof(index, extra)))
    assert proof == _proof(index, extra)
    checkpoint, signatures = verify_proof(proof, leaf=leaf_hash(ENTRIES[index]), keys=[KEY.verifier])
    assert checkpoint == Checkpoint(ORIGIN, 5, root(LEAVES))
    assert [signature.name for signature in signatures] == [ORIGIN]
    for other in range(5):
        if other != index:
            with pytest.raises(ProofRefused):
                verify_proof(proof, leaf=LEAVES[other], keys=[KEY.verifier])


def test_a_proof_needs_a_head_that_a_known_key_signed():
    with pytest.raises(NoteRefused):
        verify_proof(_proof(2), leaf=LEAVES[2], keys=[SigningKey(ORIGIN, bytes(32)).verifier])
    unsigned = EntryProof(2, _proof(2).hashes, "no note")
    with pytest.raises(NoteRefused):
        verify_proof(unsigned, leaf=LEAVES[2], keys=[KEY.verifier])


def test_no_character_of_a_proof_can_be_changed():
    text = format_proof(_proof(3))
    for place in range(len(text)):
        changed = text[:place] + chr(ord(text[place]) ^ 1) + text[place + 1 :]
        with pytest.raises((ProofRefused, NoteRefused)):
            verify_proof(parse_proof(changed), leaf=LEAVES[3], keys=[KEY.verifier])


GOOD = format_proof(_proof(2))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "c2sp.org/tlog-proof@v1",
        "c2sp.org/tlog-proof@v1\n\n" + NOTE,
        "c2sp.org/tlog-proof@v1\nextra AA==\n\n" + NOTE,
        "\n" + GOOD,
        GOOD.replace("@v1", "@v2"),
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("index 2", "index 02"),
        GOOD.replace("index 2", "index  2"),
        GOOD.replace("index 2", "index"),
        GOOD.replace("index 2", "2"),
        GOOD.replace("index 2", "index 2\nindex 2"),
        GOOD.replace("index 2", "extra \nindex 2"),
        GOOD.replace("index 2", "extra AB==\nindex 2"),
        GOOD.replace("index 2", "extra AA==\nextra AA==\nindex 2"),
        GOOD.replace("index 2", "index 2\nextra AA=="),
        GOOD.replace("index 2", "extra " + "AAAA" * 5462 + "\nindex 2"),
        GOOD.replace("index 2", "index 2\nAAAA"),
        GOOD.replace("index 2", "index 2\nnot base64"),
        GOOD.replace("index 2", "index 2" + ("\n" + "A" * 43 + "=") * 54),
    ],
)
def test_text_in_any_other_form_is_no_proof(text):
    with pytest.raises(ProofRefused):
        parse_proof(text)


@pytest.mark.parametrize(
    "proof", [EntryProof(-1, (), NOTE), EntryProof(0, (b"short",), NOTE), EntryProof(2**53, (), NOTE)]
)
def test_parts_that_would_not_come_back_make_no_proof(proof):
    with pytest.raises(ProofRefused):
        format_proof(proof)
