"""RFC 8785 in the profile of log-format section 3: one spelling for each value, and nothing else is read."""

import json
from base64 import b64decode
from pathlib import Path

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from audit.tlog.canonical import MAX_BYTES, MAX_INT, NotCanonical, decode, encode

VECTORS = Path(__file__).parents[2].parent / "shared" / "vectors" / "rfc8785.json"

_LETTERS = [chr(code) for code in range(0x20, 0x250) if not 0x7F <= code <= 0x9F and code != 0xAD]
_TEXT = st.text(st.sampled_from([*_LETTERS, *"\u20ac\u2013\u2019\u4e2d\U0001f600\U0001d11e"]), max_size=12)
_KEYS = st.sampled_from(["a", "b", "a0", "a_", "a_1", "aa", "z", "volume_ul", "volume_ug", "k" * 31, "k" * 32])
_SCALARS = _TEXT | st.integers(-MAX_INT, MAX_INT) | st.booleans()


def _nested(depth):
    inner = _SCALARS if depth == 1 else _nested(depth - 1) | _SCALARS
    return st.lists(inner, min_size=1, max_size=3) | st.dictionaries(_KEYS, inner, min_size=1, max_size=3)


OBJECTS = st.dictionaries(_KEYS, _nested(4), min_size=1, max_size=5)


@given(OBJECTS)
def test_bytes_are_those_of_the_reference_encoder_and_read_back_the_same(value):
    data = encode(value)
    assert data == rfc8785.dumps(value)
    assert decode(data) == value


@given(OBJECTS, st.data())
def test_a_changed_byte_reads_as_another_value_or_not_at_all(value, data):
    body = bytearray(encode(value))
    place = data.draw(st.integers(0, len(body) - 1))
    body[place] ^= data.draw(st.integers(1, 255))
    try:
        read = decode(bytes(body))
    except NotCanonical:
        return
    assert read != value
    assert encode(read) == body


@given(OBJECTS, st.data())
def test_a_removed_or_added_byte_reads_as_another_value_or_not_at_all(value, data):
    body = encode(value)
    place = data.draw(st.integers(0, len(body) - 1))
    added = bytes([data.draw(st.integers(0, 255))])
    for changed in (body[:place] + body[place + 1 :], body[:place] + added + body[place:]):
        try:
            read = decode(changed)
        except NotCanonical:
            continue
        assert read != value


def test_keys_are_sorted_and_blanks_left_out():
    # RFC 8785 section 3.2.3: sorted recursively; arrays keep their order.
    value = {"b": [3, 1, 2], "a": {"z": True, "y": False}, "a_1": 1, "a0": 2}
    assert encode(value) == b'{"a":{"y":false,"z":true},"a0":2,"a_1":1,"b":[3,1,2]}'


def test_text_is_spelled_as_rfc_8785_section_3_2_2_spells_it():
    # The string of the RFC's own example, less its two control characters.
    assert encode({"string": '\u20ac$A\'B"\\\\"/'}) == b'{"string":"\xe2\x82\xac$A\'B\\"\\\\\\\\\\"/"}'


def test_integers_reach_to_what_a_double_holds_exactly():
    # RFC 8785 appendix B: 9007199254740991 is the largest safe integer; the next is spelled as another is.
    assert encode({"n": [9007199254740991, -9007199254740991, 0]}) == b'{"n":[9007199254740991,-9007199254740991,0]}'
    for beyond in (9007199254740992, -9007199254740992, 2**64, -(2**70)):
        with pytest.raises(NotCanonical, match=r"^n: expected an integer of magnitude at most 2\^53-1$"):
            encode({"n": beyond})


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "expected an object, met list"),
        ("text", "expected an object, met str"),
        ({}, "an empty object or array states nothing; leave the key out"),
        ({"a": {}}, "a: an empty object or array states nothing; leave the key out"),
        ({"a": [1, []]}, "a[1]: an empty object or array states nothing; leave the key out"),
        ({"a": 1.0}, "a: expected an object, array, string, integer or boolean, met float"),
        ({"a": {"b": [None]}}, "a.b[0]: expected an object, array, string, integer or boolean, met NoneType"),
        ({"a": [{"b": b""}]}, "a[0].b: expected an object, array, string, integer or boolean, met bytes"),
        ({"a": (1, 2)}, "a: expected an object, array, string, integer or boolean, met tuple"),
        ({"A": 1}, "expected keys of the form [a-z][a-z0-9_]{0,31}"),
        ({"1a": 1}, "expected keys of the form [a-z][a-z0-9_]{0,31}"),
        ({"": 1}, "expected keys of the form [a-z][a-z0-9_]{0,31}"),
        ({"a": {"é": 1}}, "a: expected keys of the form [a-z][a-z0-9_]{0,31}"),
        ({"a" * 33: 1}, "expected keys of the form [a-z][a-z0-9_]{0,31}"),
        ({"a\n": 1}, "expected keys of the form [a-z][a-z0-9_]{0,31}"),
        ({1: 1}, "expected keys of the form [a-z][a-z0-9_]{0,31}"),
    ],
)
def test_what_lies_outside_the_profile_is_refused_by_its_place(value, message):
    with pytest.raises(NotCanonical) as refusal:
        encode(value)
    assert str(refusal.value) == message


def test_a_subclass_of_a_plain_type_is_no_plain_value():
    class Word(str):
        __slots__ = ()

    for value in ({"a": Word("b")}, {Word("a"): 1}, {"a": type("Number", (int,), {})(1)}):
        with pytest.raises(NotCanonical):
            encode(value)


def test_a_key_has_at_most_32_characters():
    assert encode({"a" * 32: 1}) == b'{"' + b"a" * 32 + b'":1}'


def test_depth_is_at_most_six_and_the_outermost_object_is_the_first():
    assert encode({"a": [[[[[1]]]]]}) == b'{"a":[[[[[1]]]]]}'
    with pytest.raises(NotCanonical, match="at most 6 levels"):
        encode({"a": [[[[[[1]]]]]]})
    with pytest.raises(NotCanonical, match="at most 6 levels"):
        decode(b'{"a":[[[[[{"b":1}]]]]]}')
    endless = {}
    endless["a"] = endless
    with pytest.raises(NotCanonical, match="at most 6 levels"):
        encode(endless)


def test_an_entry_has_at_most_16384_bytes():
    body = encode({"a": "x" * (16_384 - 8)})
    assert len(body) == 16_384 == MAX_BYTES
    assert decode(body) == {"a": "x" * 16_376}
    with pytest.raises(NotCanonical, match="at most 16384 bytes, met 16385"):
        encode({"a": "x" * (16_384 - 7)})
    with pytest.raises(NotCanonical, match="at most 16384 bytes, met 16385"):
        decode(b'{"a":"' + b"x" * (16_384 - 7) + b'"}')
    with pytest.raises(NotCanonical, match="at most 7 bytes, met 8"):
        encode({"a": 10}, max_bytes=7)


def test_line_feeds_are_for_sealed_text_only():
    assert (
        encode({"v": "one\ntwo é"}, line_feeds=True)
        == b'{"v":"one\\ntwo \xc3\xa9"}'
        == rfc8785.dumps({"v": "one\ntwo é"})
    )
    assert decode(b'{"v":"one\\ntwo"}', line_feeds=True) == {"v": "one\ntwo"}
    for refuse in (lambda: encode({"v": "one\ntwo"}), lambda: decode(b'{"v":"one\\ntwo"}')):
        with pytest.raises(NotCanonical, match="v: expected text"):
            refuse()
    with pytest.raises(NotCanonical, match="v: expected text"):
        encode({"v": "one\r\ntwo"}, line_feeds=True)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"1",
        b'"a"',
        b"[1]",
        b"{}",
        b'{"a":1',
        b'{"a":1}\n',
        b' {"a":1}',
        b'{"a": 1}',
        b'\xef\xbb\xbf{"a":1}',
        b'{"a":1,"a":1}',
        b'{"a":2,"a":1}',
        b'{"b":1,"a":1}',
        b'{"\\u0061":1}',
        b'{"a":"\\u0062"}',
        b'{"a":"\\/"}',
        b'{"a":"\\u00e9"}',
        b'{"a":"\\ud83d\\ude00"}',
        b'{"a":"\\ud83d"}',
        b'{"a":"\xff"}',
        b'{"a":"\xc0\x80"}',
        b'{"a":"\xed\xa0\x80"}',
        b'{"a":-0}',
        b'{"a":01}',
        b'{"a":1.0}',
        b'{"a":1e3}',
        b'{"a":9007199254740992}',
        b'{"a":18446744073709551616}',
        b'{"a":null}',
        b'{"a":NaN}',
        b'{"a":1,}',
        b'{"a":1}{"a":1}',
        b"{'a':1}",
        b'{"a":"tab\there"}',
        b"[" * 2000,
    ],
)
def test_bytes_in_any_other_spelling_are_refused(data):
    with pytest.raises(NotCanonical):
        decode(data)


def test_a_refusal_never_repeats_the_text_it_met():
    with pytest.raises(NotCanonical) as refusal:
        encode({"note": "Pat Placeholder\x00"})
    assert "Placeholder" not in str(refusal.value)
    assert refusal.value.path == "note"


@pytest.mark.skipif(not VECTORS.exists(), reason="vectors absent: cyberphone/json-canonicalization")
def test_documents_of_the_rfc_author_lie_outside_the_profile_and_match_the_reference_encoder():
    documents = json.loads(VECTORS.read_text())
    assert len(documents) == 6
    for document in documents:
        canonical = b64decode(document["output_base64"])
        assert rfc8785.dumps(json.loads(b64decode(document["input_base64"]))) == canonical
        with pytest.raises(NotCanonical):
            decode(canonical)
