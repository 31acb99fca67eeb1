"""Keeps the signer and the database in step while the service runs, and says how the record stands.

At start, after entries and once a minute: sign what came, and compare the database with the signer's row
(log-format, section 7). A database that is behind or tells another history makes the service read-only.
"""

import threading
from dataclasses import dataclass
from typing import Literal

from audit.domain.errors import Refused
from audit.services.publish import Signer, SignerRefused, Standing, publish, standing
from audit.services.register import Register
from audit.storage import checkpoints, log, tree
from audit.storage.engine import read

QUIET_MS = 60_000
"""Entries may wait this long for a checkpoint before the record is called late."""
PUBLISH_EVERY_MS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordState:
    """How the record stands, for the badge on every page."""

    state: Literal["intact", "late", "broken"]
    size: int
    root: str
    checkpoint_size: int
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What the signer remembers beside what the database holds; roots in hex, None where there is none."""

    standing: Standing
    held_size: int | None
    held_root: str | None
    size: int
    root: str
    newest_ms: int


class Watch:
    """Signs after batches, at most once a second; asks for nothing that the database could decide alone."""

    def __init__(self, register: Register, signer: Signer) -> None:
        """Watch one register with its signer."""
        self._register = register
        self._signer = signer
        self._lock = threading.Lock()
        self._published_ms = 0
        self._is_waiting = False
        self._broken: Standing | None = None

    @property
    def is_read_only(self) -> bool:
        """Say whether nothing may be written because the signer remembers more than the database holds."""
        return self._broken is not None

    def check_writable(self) -> None:
        """Refuse an act while the record is broken.

        Raises:
            Refused: `read_only`.
        """
        if self.is_read_only:
            raise Refused("read_only", "")

    def look(self) -> Standing:
        """Compare database and signer, sign what is new, and remember when they part."""
        register = self._register
        with read(register.engine) as conn:
            found = standing(conn, register.site, register.origin, self._signer)
            size = log.head(conn, register.site).size
        # A log opened a moment ago has no row yet; one with more in it than its opening must have had one.
        fresh = found is Standing.NO_ROW and size <= _OPENING_ENTRIES
        self._broken = None if found in {Standing.EQUAL, Standing.AHEAD} or fresh else found
        if self._broken is None:
            self.sign()
        return found

    def compared(self) -> Compared:
        """Return both sides of the comparison as they are now, for the alarm's page."""
        register = self._register
        held = self._signer.held(register.origin)
        with read(register.engine) as conn:
            found = standing(conn, register.site, register.origin, self._signer)
            head = log.head(conn, register.site)
            root = tree.root(conn, register.site, head.size).hex() if head.size else ""
        return Compared(
            standing=self._broken or found,
            held_size=held.size if held else None,
            held_root=held.root.hex() if held else None,
            size=head.size,
            root=root,
            newest_ms=head.recorded_ms,
        )

    def after_entry(self) -> None:
        """Sign the new head; within a second of the last signature leave it to `sign_waiting`."""
        if self._register.clock() - self._published_ms >= PUBLISH_EVERY_MS:
            self.sign()
        else:
            self._is_waiting = True

    def sign_waiting(self) -> None:
        """Sign what was left waiting; called once a second, and costs nothing while nothing waits."""
        if self._is_waiting:
            self.sign()

    def sign(self) -> None:
        """Sign the head now; a refusal of the signer makes the service read-only."""
        register = self._register
        with self._lock:
            self._published_ms = register.clock()
            self._is_waiting = False
            try:
                publish(register.engine, register.site, register.origin, self._signer)
            except SignerRefused:
                with read(register.engine) as conn:
                    found = standing(conn, register.site, register.origin, self._signer)
                # Ahead, and yet refused: entries that the service did not write.
                self._broken = Standing.BEHIND if found is Standing.BEHIND else Standing.FORKED

    def state(self) -> RecordState:
        """Return how the record stands now."""
        register = self._register
        with read(register.engine) as conn:
            head = log.head(conn, register.site)
            last = checkpoints.latest(conn, register.site)
        covered = last.size if last else 0
        waiting = head.size > covered and register.clock() - head.recorded_ms > QUIET_MS
        return RecordState(
            state="broken" if self._broken else "late" if waiting else "intact",
            size=head.size,
            root=head.leaf.hex(),
            checkpoint_size=covered,
            standing=self._broken or Standing.EQUAL,
        )


_OPENING_ENTRIES = 2
