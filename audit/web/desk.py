"""What a view may reach: the register of the site served, its signer's state, its folders, its clock.

Made once by the composition root; `register` is None until a clinic is set up.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from flask import current_app
from werkzeug.exceptions import NotFound

from audit.services.cosigning.asking import Cosigners
from audit.services.opening import Ground
from audit.services.reconcile import offset_at
from audit.services.register import Register
from audit.services.timestamps import Timekeeper
from audit.services.watch import Watch

_EXTENSION = "audit_desk"


@dataclass(slots=True, kw_only=True)
class Desk:
    """The running service as its pages see it."""

    ground: Ground
    reports: Path
    setup_token: str | None = field(repr=False)
    """Opens the first-run pages, once; None when a log exists."""
    register: Register | None = None
    watch: Watch | None = None
    timekeeper: Timekeeper | None = None
    cosigners: Cosigners | None = None
    mirror: Path | None = None
    """Folder that the log is copied to; the composition root keeps it up to date."""
    clinic_name: str = ""
    zone: str = "UTC"
    on_opened: Callable[["Desk"], None] | None = None
    """Told when the first-run pages have opened a log."""
    explore: Callable[["Desk"], None] | None = None
    """Makes a demo clinic where there is no log, and serves it."""

    def now_ms(self) -> int:
        """Return the service's clock."""
        return self.ground.clock()

    def offset_min(self, moment_ms: int) -> int:
        """Return the minutes from UTC on the wall of the site at a moment."""
        return offset_at(moment_ms, self.zone)


def attach(app_extensions: dict[str, object], given: Desk) -> None:
    """Give an app its desk."""
    app_extensions[_EXTENSION] = given


def desk() -> Desk:
    """Return the desk of the app of this request."""
    found: Desk = current_app.extensions[_EXTENSION]
    return found


def register() -> Register:
    """Return the register served; before set-up there is none and no page of it."""
    found = desk().register
    if found is None:
        raise NotFound
    return found
