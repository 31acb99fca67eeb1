"""The tests that may be skipped, and why. Any other skip or expected failure fails the whole run; a pytest plugin.

Each line: the start of a test's id, what its skip must say, and why we let it. Keep it short: a test that never
runs protects nobody.
"""

from typing import NamedTuple

import pytest


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


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run that skipped a test without a reason of this list."""
    skips = unreasoned(_skips(session.config))
    if skips and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Name the skips that made the run fail."""
    skips = unreasoned(_skips(config))
    if skips:
        terminalreporter.section("skipped without a reason of tests/skips.py", sep="!", red=True)
        for test, says in skips:
            terminalreporter.line(f"{test}: {says}")


def _skips(config: pytest.Config) -> list[tuple[str, str]]:
    """Test id and words of each skip and each expected failure. Empty in the workers of xdist, which report up."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return []
    found = [*reporter.stats.get("skipped", []), *reporter.stats.get("xfailed", [])]
    return [(report.nodeid, _words(report)) for report in found]


def _words(report: pytest.TestReport | pytest.CollectReport) -> str:
    # A skip carries (file, line, reason); an expected failure has its reason beside the traceback.
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2]
    return getattr(report, "wasxfail", "") or "no reason given"
