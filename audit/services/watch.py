"""Keeps the signer and the database in step while the service runs, and says how the record stands.

At start, after entries and once a minute: sign what came, and compare the database with the signer's row
(log-format, section 7). A database that is behind or tells another history makes the service read-only.
"""

import logging
import threading
from dataclasses import dataclass
from typing import Literal

from audit.domain.errors import Refused
from audit.services.publish import (
    RecoveryWanted,
    Signer,
    SignerAway,
    SignerRefused,
    Standing,
    compare,
    publish,
    root_kept,
    standing,
    statement_of,
)
from audit.services.register import Register
from audit.storage import checkpoints, log
from audit.storage.engine import read

logger = logging.getLogger(__name__)

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
        self._is_away = False
        self._broken: Standing | None = None

    @property
    def is_away(self) -> bool:
        """Say whether the signer did not answer when it was asked last; entries are recorded all the same."""
        return self._is_away

    @property
    def is_read_only(self) -> bool:
        """Say whether nothing may be written because the signer and the database do not agree."""
        return self._broken is not None

    def check_writable(self) -> None:
        """Refuse an act while the record is broken.

        Raises:
            Refused: `read_only`.
        """
        if self.is_read_only:
            raise Refused("read_only", "")

    def look(self) -> Standing:
        """Compare database and signer, sign what is new, and remember when they part.

        While the signer is away what was known before goes on being so.
        """
        register = self._register
        try:
            with read(register.engine) as conn:
                found = standing(conn, register.site, register.origin, self._signer)
        except SignerAway as away:
            self._note_away(away)
            return Standing.AWAY
        self._is_away = False
        if found is Standing.NO_ROW and self._is_stated():
            found = Standing.AHEAD
        self._broken = None if found in {Standing.EQUAL, Standing.AHEAD} else found
        if self._broken is None:
            self.sign()
        return found

    def compared(self) -> Compared:
        """Return both sides of the comparison as they are now, for the alarm's page."""
        register = self._register
        try:
            known = self._signer.known(register.origin)
        except SignerAway as away:
            self._note_away(away)
            known = None
        with read(register.engine) as conn:
            found = Standing.AWAY if known is None else compare(conn, register.site, known)
            head = log.head(conn, register.site)
            root = root_kept(conn, register.site, head.size) if head.size else None
        held = known.held if known is not None else None
        return Compared(
            standing=self._broken or found,
            held_size=held.size if held else None,
            held_root=held.root.hex() if held else None,
            size=head.size,
            root=root.hex() if root else "",
            newest_ms=head.recorded_ms,
        )

    def after_entry(self) -> None:
        """Sign the new head; within a second of the last signature, or while the signer is away, leave it waiting."""
        if self._register.clock() - self._published_ms >= PUBLISH_EVERY_MS and not self._is_away:
            self.sign()
        else:
            self._is_waiting = True

    def sign_waiting(self) -> None:
        """Sign what was left waiting; called once a second, and costs nothing while nothing waits."""
        if self._is_waiting:
            self.sign()

    def sign(self) -> None:
        """Sign the head now; a refusal of the signer makes the service read-only, its absence only late."""
        register = self._register
        with self._lock:
            self._published_ms = register.clock()
            self._is_waiting = False
            try:
                publish(register.engine, register.site, register.origin, self._signer)
                self._is_away = False
            except SignerAway as away:
                self._is_waiting = True
                self._note_away(away)
            except RecoveryWanted:
                self._is_waiting = True
            except SignerRefused as refused:
                logger.warning("the signer refused: %s", refused)
                self._broken = self._why_refused()

    def _why_refused(self) -> Standing:
        register = self._register
        try:
            with read(register.engine) as conn:
                found = standing(conn, register.site, register.origin, self._signer)
        except SignerAway:
            return Standing.FORKED
        # Ahead, and yet refused: entries that the service did not write.
        return Standing.FORKED if found in {Standing.EQUAL, Standing.AHEAD} else found

    def _is_stated(self) -> bool:
        """Say whether an administrator has stated the head that a signer without memory goes on from."""
        register = self._register
        with read(register.engine) as conn:
            return statement_of(conn, register.site) is not None

    def _note_away(self, away: SignerAway) -> None:
        if not self._is_away:
            logger.warning("%s", away)
        self._is_away = True

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
