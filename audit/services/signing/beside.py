"""The embedded signer: a child process beside the service, with a folder of its own, started again when it dies.

It ends with the service however that ends, for it reads a pipe that the service holds open.
"""

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from audit.services.signing.address import SOCKET, Address
from audit.services.signing.remote import RemoteSigner
from audit.services.signing.signer import SignerAway

START_WITHIN_S = 10.0
STOP_WITHIN_S = 5.0
AGAIN_AFTER_S = 1.0
_NAP_S = 0.05
_ANY_LOG = "localhost/log/none"
logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Beside:
    """A signer process kept running until `stop`."""

    folder: Path
    environ: Mapping[str, str] = field(repr=False)
    process: subprocess.Popen[bytes] | None = None
    _stop: threading.Event = field(default_factory=threading.Event, repr=False)
    _keeping: threading.Thread | None = field(default=None, repr=False)

    @property
    def address(self) -> Address:
        """Return where it listens."""
        return Address(path=self.folder / SOCKET)

    def start(self) -> None:
        """Start it, and wait until it answers.

        Raises:
            SignerAway: it does not within ten seconds; what it says is on standard error.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._launch()
        try:
            self._await_answer()
        except SignerAway:
            self.stop()
            raise
        self._keeping = threading.Thread(target=self._keep, name="signer", daemon=True)
        self._keeping.start()

    def stop(self) -> None:
        """End it, and wait until it has ended."""
        self._stop.set()
        if self._keeping is not None:
            self._keeping.join(STOP_WITHIN_S)
        if self.process is not None:
            _end(self.process)

    def _launch(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "audit", "signer", "--beside"],
            env={**self.environ, "AUDIT_SIGNER_HOME": str(self.folder), "AUDIT_SIGNER": str(self.address)},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # what the terminal interrupts is the service, which then ends the signer
        )

    def _await_answer(self) -> None:
        until = time.monotonic() + START_WITHIN_S
        while True:
            try:
                RemoteSigner(self.address).known(_ANY_LOG)
            except SignerAway:
                ended = self.process is not None and self.process.poll() is not None
                if ended or time.monotonic() > until:
                    raise
                time.sleep(_NAP_S)
            else:
                return

    def _keep(self) -> None:
        """Start it again whenever it has died, a second later, until told to stop."""
        while not self._stop.wait(AGAIN_AFTER_S):
            if self.process is not None and self.process.poll() is not None:
                logger.warning("the signer ended with status %s and is started again", self.process.returncode)
                _close(self.process)
                self._launch()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    _close(process)


def _close(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
