"""A head typed from paper: forgiven where one reading is left, else told what is wrong and where."""

import pytest

from audit.tlog.paper import HeadRefused, PaperHead, parse_head

ORIGIN = "audit.example.org/log/example-clinic"
ROOT = "5d8a0c1b" * 8
BASE64 = "XYoMG12KDBtdigwbXYoMG12KDBtdigwbXYoMG12KDBs="  # the same 32 bytes, by coreutils' base64
HEAD = PaperHead(ORIGIN, 1417, ROOT)


@pytest.mark.parametrize(
    "typed",
    [
        f"{ORIGIN} 1417 {ROOT}",
        f"  {ORIGIN}\n1,417\n{ROOT}\n",
        f"{ORIGIN} · 1,417 · {' '.join([ROOT[:8]] * 8)}",
        f"{ORIGIN.upper()} 1417 {ROOT.upper()}",
        f"{ORIGIN} 1\u202f417 {ROOT}",
        f"{ORIGIN} 1417 {ROOT.replace('0', 'O').replace('1', 'l')}",
        f"{ORIGIN} 1417 {BASE64}",
        f"{ORIGIN} 1417 {BASE64[:-1]}",
        f"{ORIGIN}\n1417\n{BASE64[:20]} {BASE64[20:]}",
    ],
)
def test_spaces_capitals_and_lookalikes_are_forgiven_where_one_reading_is_left(typed: str) -> None:
    assert parse_head(typed) == HEAD


@pytest.mark.parametrize("dots", ["…", "...", " … "])
def test_the_shortened_root_at_the_foot_of_a_page_is_read_as_its_two_ends(dots: str) -> None:
    head = parse_head(f"{ORIGIN} · 1,417 · {ROOT[:12]}{dots}{ROOT[-8:]}")
    assert head == PaperHead(ORIGIN, 1417, "5d8a0c1b5d8a", "5d8a0c1b")
    assert head.is_short
    assert head.is_root(bytes.fromhex(ROOT))
    assert not head.is_root(bytes.fromhex("6" + ROOT[1:]))
    assert not head.is_root(bytes.fromhex(ROOT[:-1] + "c"))


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "met 0 of these three parts"),
        (f"{ORIGIN} 1417", "met 2 of these three parts"),
        (f"example-clinic 1417 {ROOT}", "expected an origin such as clinic.example/log/main first, met example-clinic"),
        (f"{ORIGIN} many {ROOT}", "after the origin; met many"),
        (f"{ORIGIN} 0 {ROOT}", "above 0"),
        (f"{ORIGIN} 0417 {ROOT}", "met 0417"),
        (f"{ORIGIN} 1 417 {ROOT}", "expected a root of 64 hexadecimal digits, met 67"),
        (f"{ORIGIN} 1417 {ROOT[:-1]}", "expected a root of 64 hexadecimal digits, met 63"),
        (f"{ORIGIN} 1417 {ROOT[:11]}g{ROOT[12:]}", "in the root; digit 12 is g"),
        (f"{ORIGIN} 1417 {ROOT[:11]}…{ROOT[-8:]}", "met 11 and 8"),
        (f"{ORIGIN} 1417 {ROOT[:12]}…{ROOT[-8:]}…", "one gap"),
        (f"{ORIGIN} 1417 {BASE64[:-3]}=", "capitals and small letters as printed; met 42 characters"),
        ("x" * 2_000, "met 2000 characters"),
    ],
)
def test_what_is_wrong_is_said_at_its_place(typed: str, said: str) -> None:
    with pytest.raises(HeadRefused) as refused:
        parse_head(typed)
    assert said in str(refused.value)


def test_base64_typed_in_the_wrong_case_is_refused_and_never_read_as_another_root() -> None:
    with pytest.raises(HeadRefused):
        parse_head(f"{ORIGIN} 1417 {BASE64.lower()[:-2]}")
