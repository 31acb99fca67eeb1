"""The public verifier: what it is made from, and how it is served."""

import os
import re

import pytest

from audit.web.verify_page import verify_page, verify_page_html
from audit.web.verify_page.kinds import FORMAT_PAGE, KINDS_FILE, format_kinds, read_kinds, write_kinds
from tests.web.house import HOST, House


def test_the_golden_tables_of_the_page_are_those_of_the_format() -> None:
    if os.environ.get("WRITE_GOLDEN"):
        write_kinds()
    assert KINDS_FILE.read_text("utf-8") == format_kinds(read_kinds(FORMAT_PAGE.read_text("utf-8")))


def test_a_table_that_is_not_understood_is_an_error() -> None:
    page = FORMAT_PAGE.read_text("utf-8")
    for wrong in (
        page.replace("| day |", "| week |", 1),
        page.replace("| required |", "| maybe |", 1),
        page.replace("- Who may: ", "- Who: ", 1),
        page.replace("## 13.", "## 14."),
        page.replace("| `clinic` |", "| clinic |", 1).replace("| clinic |", "| `` |", 1),
    ):
        assert wrong != page
        with pytest.raises(ValueError, match=r"understood|not said|no section|no name|invalid"):
            read_kinds(wrong)


def test_the_page_is_one_file_that_allows_no_request() -> None:
    page = verify_page_html().decode()
    assert not re.search(r"""(?:src|href)=["'](?!#)""", page)
    assert not re.search(r"\burl\((?!data:font/woff2;base64,)", page)
    assert not re.search(r"\b(?:fetch|XMLHttpRequest|WebSocket|sendBeacon|EventSource|innerHTML|eval)\b", page)
    assert "http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'sha256-" in page
    assert "<!--" not in page


def test_anybody_gets_the_page_of_the_bundles_under_its_own_policy(house: House) -> None:
    stranger = house.service.app.test_client()
    answer = stranger.get("/verify", base_url=HOST)
    assert (answer.status_code, answer.data) == (200, verify_page_html())
    assert answer.headers["Content-Security-Policy"] == f"{verify_page().policy}; frame-ancestors 'none'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "'self'" in stranger.get("/sign-in", base_url=HOST).headers["Content-Security-Policy"]


def test_whoever_comes_to_check_a_file_finds_the_page_from_the_sign_in_and_from_the_reports(house: House) -> None:
    assert 'href="/verify"' in house.browser("").get("/sign-in")
    for who in ("M", "I"):
        assert 'href="/verify"' in house.browser(who).get("/reports")
