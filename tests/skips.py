"""The tests that may be skipped, and why. Any other skip or expected failure fails the whole run.

Each line: the start of a test's id, what its skip must say, and why we let it. Keep it short: a test that never
runs protects nobody.
"""

from typing import NamedTuple


class AllowedSkip(NamedTuple):
    """One reasoned exception."""

    test: str
    says: str
    why: str


ALLOWED = (
    AllowedSkip(
        test="tests/tlog/",
        says="vectors absent",
        why="The large published vector sets are not committed; their literals are, and those tests always run.",
    ),
)


def unreasoned(skips: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those of (test id, what the skip says) that no line of the list allows."""
    return [
        (test, says)
        for test, says in skips
        if not any(test.startswith(line.test) and line.says in says for line in ALLOWED)
    ]
