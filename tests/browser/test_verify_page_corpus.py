"""Every log that the tests of our own verification state, judged a second time by the page's script.

A rule that only one implementation has, or that the two read differently, shows here by the name of the test.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from audit.tlog.checkpoint import Checkpoint, sign
from audit.tlog.merkle import leaf_hash, root
from tests.browser.forging import judge, offline_page, open_parts, zipped
from tests.services.stated import LOG_KEY, ORIGIN

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
RULES = ("verify", "verify_passkeys", "verify_second_persons", "verify_time")
COMPARED = {1, 2, 3, 7, 10}
"""Checks of the entries alone: these logs have no checkpoint of their own and no tokens."""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> list[dict]:
    kept = tmp_path_factory.mktemp("corpus") / "logs.jsonl"
    names = [f"tests/services/test_{name}.py" for name in RULES]
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.browser.corpus", *names],
        cwd=ROOT,
        env={**os.environ, "CORPUS": str(kept)},
        capture_output=True,
        check=False,
        timeout=300,
    )
    return [json.loads(line) for line in kept.read_text().splitlines()]


def head_and_entries(bodies: list[bytes]) -> dict[str, bytes]:
    """The least that evidence holds: a signed head and its entries."""
    head = Checkpoint(origin=ORIGIN, size=len(bodies), root=root([leaf_hash(body) for body in bodies]))
    lines = b"".join(body + b"\n" for body in bodies)
    vkey = LOG_KEY.verifier.to_string().encode() + b"\n"
    return {"checkpoint": sign(head, LOG_KEY).encode(), "entries.jsonl": lines, "vkey": vkey}


def test_both_implementations_find_fault_with_the_same_logs(
    corpus: list[dict], browser: Browser, tmp_path: Path
) -> None:
    assert len(corpus) > 100
    differ = []
    with offline_page(browser, tmp_path) as page:
        open_parts(page)
        for log in corpus:
            theirs = judge(page, zipped(head_and_entries([body.encode() for body in log["bodies"]])))
            ours = COMPARED.intersection(log["failed"])
            if min(ours, default=None) != min(COMPARED & theirs.failed, default=None):
                differ.append((log["test"], ours, theirs.failed, theirs.findings[:2]))
    assert differ == []
