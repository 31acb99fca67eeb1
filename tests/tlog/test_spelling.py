"""Bytes and sizes have one spelling as text."""

from base64 import b64encode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.tlog.spelling import format_base64, parse_base64, parse_base64url, parse_decimal, parse_hex


@given(st.binary(max_size=80))
def test_bytes_come_back_from_each_spelling(data):
    assert format_base64(data) == b64encode(data).decode()
    assert parse_base64(format_base64(data)) == data
    assert parse_base64url(urlsafe_b64encode(data).decode().rstrip("=")) == data
    assert parse_hex(data.hex()) == data


def test_base64_is_spelled_as_in_rfc_4648_section_10():
    pairs = {"": b"", "Zg==": b"f", "Zm8=": b"fo", "Zm9v": b"foo", "Zm9vYg==": b"foob", "Zm9vYmFy": b"foobar"}
    assert {text: parse_base64(text) for text in pairs} == pairs


@pytest.mark.parametrize(
    "text", ["Zg", "Zg=", "Zh==", "Zg==\n", " Zg==", "Zg==Zg==", "Zm9", "-_-_", "Zm 9v", "Zé==", "="]
)
def test_base64_in_any_other_spelling_is_not_read(text):
    assert parse_base64(text) is None


@pytest.mark.parametrize("text", ["Zg==", "Zh", "Zm9vYg\n", "+/+/", "Z", "Zé", "Zm 9v", "\ud800"])
def test_base64url_in_any_other_spelling_is_not_read(text):
    assert parse_base64url(text) is None


@pytest.mark.parametrize("text", ["a", "AB", "0x00", "a b", "00\n", "\u0661\u0661"])
def test_hexadecimal_in_any_other_spelling_is_not_read(text):
    assert parse_hex(text) is None


def test_decimals_have_no_leading_zero_and_fit_the_format():
    assert [parse_decimal(text) for text in ("0", "7", "10", "9007199254740991")] == [0, 7, 10, 9007199254740991]
    for text in ("", "00", "01", "+1", "-1", "1_0", " 1", "1\n", "1.0", "\u0661", "9007199254740992", "9" * 17):
        assert parse_decimal(text) is None
