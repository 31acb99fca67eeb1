"""Text of an entry: Unicode 15.0 on every version of Python."""

import unicodedata

import pytest

from audit.tlog.canonical import NotCanonical, encode
from audit.tlog.unicode15 import is_nfc, is_plain

REFUSED = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def test_the_table_has_the_counts_of_unicode_15_0():
    # The Unicode Standard 15.0, appendix D: 149,186 graphic and format characters, of which 170 of category Cf and the
    # line and paragraph separators are refused.
    assert sum(map(is_plain, map(chr, range(0x110000)))) == 149_186 - 170 - 2


def test_the_table_agrees_with_python_on_every_code_point_both_know():
    version = tuple(map(int, unicodedata.unidata_version.split(".")))
    disagreed = [
        code for code in range(0x110000) if is_plain(chr(code)) != (unicodedata.category(chr(code)) not in REFUSED)
    ]
    if version < (15, 0, 0):  # 14.0 does not know the 4,489 characters of 15.0, of which 7 are format characters
        assert len(disagreed) == 4_489 - 7
        assert all(unicodedata.category(chr(code)) == "Cn" and is_plain(chr(code)) for code in disagreed)
    elif version == (15, 0, 0):
        assert disagreed == []
    else:  # later ones know more
        assert all(not is_plain(chr(code)) for code in disagreed)


@pytest.mark.parametrize(
    "text",
    [
        "Hôpital général, 0.5 mg/kg – ½ vial",
        "\u4e2d\u6587",
        "\U0001f600",
        "\u0cf3",  # a Kannada sign of 15.0
        "\U0001e030",  # a Cyrillic letter of 15.0
        "\U000323af",  # the last ideograph of 15.0
        "\ufdf0\ufffc\ufffd",
        "q\u0323\u0307",  # two marks in the order of their classes
        "\U00011f04\U00011f42",
        "x\U00010efd\u0301",  # class 220 before class 230
    ],
)
def test_text_of_any_assigned_script_is_kept(text):
    assert is_plain(text)
    assert is_nfc(text)
    assert encode({"a": text}) == b'{"a":"' + text.encode() + b'"}'


@pytest.mark.parametrize(
    "text",
    [
        "\x00",
        "a\tb",
        "a\nb",
        "\x7f",
        "\x85",
        "\xad",
        "\u200b",
        "\u200f",
        "\u2028",
        "\u2029",
        "\u202e",
        "\ud800",
        "\ue000",
        "\ufdd0",
        "\ufeff",
        "\ufffe",
        "\uffff",
        "\u0378",
        "\u2fff",  # assigned in 15.1
        "\U0002ebf0",  # assigned in 15.1
        "\U0001fae9",  # assigned in 16.0
        "\U000e0001",
        "\U000f0000",
        "\U00013439",  # a format character of 15.0
        "\U0010ffff",
    ],
)
def test_control_format_private_separator_and_unassigned_code_points_are_refused(text):
    assert not is_plain(text)
    with pytest.raises(NotCanonical, match="a: expected text in NFC"):
        encode({"a": text})


@pytest.mark.parametrize(
    "text",
    [
        "A\u030a",  # RFC 8785 section 3.1 keeps it; the profile wants one spelling
        "\u212b",
        "q\u0307\u0323",  # two marks out of order
        "\U0001f600A\u030a",
        "\u0344",
        "x\u0301\U00010efd",  # class 230 before a class 220 of 15.0
        "x\U0001e08f\U00011f42",  # class 230 before class 9, both of 15.0
        "x\U0001e4ed\U0001e4ee",  # class 232 before class 220, both of 15.0
        "A\U00010efd\u030a",  # composes across a mark of 15.0
    ],
)
def test_text_in_another_normal_form_is_refused(text):
    assert is_plain(text)
    assert not is_nfc(text)
    with pytest.raises(NotCanonical, match="a: expected text in NFC"):
        encode({"a": text})
