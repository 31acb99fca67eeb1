"""The test's side of `writer.py`: starts writers, hears their acknowledgements, keeps them outside, kills."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.clinic import Clinic

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60


class Nursery:
    """Writers of one clinic. Acknowledgements are appended to a file and flushed to disk as they come."""

    def __init__(self, clinic: Clinic, url: str, home: Path) -> None:
        self._job = {"url": url, "home": str(home), "product": clinic.products["50"]}
        self._file = (home / "acknowledged").open("a")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.writer"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._rest, self._marks = b"", 0
        self.acknowledged: dict[int, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._process.stdin.close()
        self._process.wait(PATIENCE_S)
        self._process.stdout.close()
        self._file.close()

    def start(self, person: str, *, acts: int = 1_000_000, signs: bool = True) -> int:
        """Start a writer for a person; return its process id."""
        self._send(self._job | {"person": person, "acts": acts, "signs": signs})
        return int(self.until("started")[1])

    def kill(self, pid: int) -> None:
        """End a writer at once, wherever it is, and hear all that it had said."""
        os.kill(pid, signal.SIGKILL)
        self._marks += 1
        self._send({"mark": self._marks})
        while self.until("mark")[1] != str(self._marks):
            pass

    def until(self, what: str) -> list[str]:
        """Hear lines until one of this kind."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            words = self._line(deadline)
            if words[0] == "wrote":
                self._keep(words)
            if words[0] == what:
                return words

    def listen(self, seconds: float) -> None:
        """Hear whatever comes for so long."""
        deadline = time.monotonic() + seconds
        while (words := self._line(deadline, patient=False)) is not None:
            if words[0] == "wrote":
                self._keep(words)

    def _keep(self, words: list[str]) -> None:
        self._file.write(" ".join(words) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self.acknowledged[int(words[2])] = words[3]

    def _send(self, job: dict[str, object]) -> None:
        self._process.stdin.write(json.dumps(job).encode() + b"\n")
        self._process.stdin.flush()

    def _line(self, deadline: float, *, patient: bool = True) -> list[str] | None:
        while b"\n" not in self._rest:
            left = deadline - time.monotonic()
            ready = select.select([self._process.stdout], [], [], max(0, left))[0]
            if not ready:
                assert not patient, "no writer said anything in time"
                return None
            part = os.read(self._process.stdout.fileno(), 65_536)
            assert part, "the writers' process ended"
            self._rest += part
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode().split()
