"""The register as a process of its own: started on a free port, its clock turned, stopped when told.

Not here: people and their browsers (people.py).
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

ROOT = Path(__file__).resolve().parents[2]
ZONE = ZoneInfo("America/New_York")
STARTS_WITHIN_S = 60
MINUTE_MS = 60_000


@dataclass
class Served:
    """A service that answers: its address, the one-time link it printed, its database and its clock."""

    address: str
    link: str
    home: Path
    url: str
    clock: Path | None
    process: subprocess.Popen[str]

    def pass_minutes(self, minutes: int) -> None:
        """Let time pass for the service."""
        beside = self.clock.with_suffix(".new")
        beside.write_text(str(int(self.clock.read_text()) + minutes * MINUTE_MS))
        beside.replace(self.clock)

    def today(self) -> str:
        """Return the clinic's day by the service's clock, as a report names it."""
        now_s = int(self.clock.read_text()) // 1000 if self.clock else time.time()
        return datetime.fromtimestamp(now_s, UTC).astimezone(ZONE).date().isoformat()

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the product beside the service, on the same home and database."""
        return subprocess.run(
            _command(self.clock, *arguments),
            cwd=ROOT,
            env=_environment(self.home, self.url),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )


@contextmanager
def served(folder: Path, *, url: str = "", hour: int | None = None) -> Iterator[Served]:
    """Serve an empty register; with `hour` its clock starts yesterday at that hour of the clinic's zone."""
    home, clock = folder / "var", folder / "clock"
    if hour is not None:
        clock.write_text(str(_yesterday_ms(hour)))
    turned = clock if hour is not None else None
    port = _free_port()
    log = (folder / "service.log").open("w")
    process = subprocess.Popen(
        _command(turned, "serve"),
        cwd=ROOT,
        env=_environment(home, url) | {"AUDIT_BIND": f"127.0.0.1:{port}", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
    try:
        link = _printed_link(process)
        address = f"http://localhost:{port}"
        _wait_for(link)
        yield Served(address, link, home, url or f"sqlite:///{home / 'audit.db'}", turned, process)
    finally:
        process.send_signal(signal.SIGTERM)
        left = process.wait(timeout=15)
        process.stdout.close()
        log.close()
    said = (folder / "service.log").read_text()
    assert left == 0, said[-2000:]
    assert "Traceback" not in said, said[-4000:]


def _command(clock: Path | None, *arguments: str) -> list[str]:
    if clock is None:
        return [sys.executable, "-m", "audit", *arguments]
    return [sys.executable, str(Path(__file__).with_name("clocked.py")), str(clock), *arguments]


def _environment(home: Path, url: str) -> dict[str, str]:
    found = {"PATH": os.environ["PATH"], "AUDIT_HOME": str(home)}
    return found | ({"AUDIT_DATABASE_URL": url} if url else {})


def _yesterday_ms(hour: int) -> int:
    start = (datetime.now(ZONE) - timedelta(days=1)).replace(hour=hour, minute=2, second=0, microsecond=0)
    return int(start.timestamp()) * 1000


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _printed_link(process: subprocess.Popen[str]) -> str:
    for line in process.stdout:
        if found := re.search(r"(http://localhost:\d+/set-up/\S+)", line):
            return found[1]
    raise AssertionError("the service ended before it printed its link")


def _wait_for(address: str) -> None:
    until = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"{address} does not answer")
