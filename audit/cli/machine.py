"""What the edge hands to every command: settings, the clock and random bytes; and how a command says it cannot run."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import click

from audit.config import ConfigRefused, Settings, from_environment
from audit.domain.errors import Refused

WRONG = 1
"""Exit status: something is wrong with the record."""
COULD_NOT_RUN = 2
"""Exit status: the command could not run."""


class CouldNotRun(click.ClickException):
    """A command that cannot run: no database, an unreadable key, a file that is not what it should be."""

    exit_code = COULD_NOT_RUN


@dataclass(frozen=True, slots=True, kw_only=True)
class Servable:
    """A service ready to serve: its WSGI application, the one-time token while there is no log, its minute's look."""

    wsgi: object
    setup_token: str | None = field(repr=False)
    watch: Callable[[threading.Event], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The environment, the clock (ms since 1970 UTC) and the random bytes of the machine a command runs on."""

    environ: Mapping[str, str] = field(repr=False)
    clock: Callable[[], int]
    random: Callable[[int], bytes] = field(repr=False)
    service: Callable[[Settings], Servable] | None = None
    """Makes the web service; only the edge knows how, so that other commands start without it."""
    verify_page: Callable[[], bytes] | None = None
    """Makes the page that goes with a bundle; only the edge knows how, as above."""

    def settings(self) -> Settings:
        """Return the settings. Raises CouldNotRun."""
        try:
            return from_environment(self.environ)
        except ConfigRefused as refused:
            raise CouldNotRun(str(refused)) from refused


def read_file(path: Path, *, most_bytes: int) -> bytes:
    """Return a file's bytes. Raises CouldNotRun where it cannot be read or is larger than that."""
    try:
        with path.open("rb") as file:
            data = file.read(most_bytes + 1)
    except OSError as error:
        raise CouldNotRun(f"{path}: {error.strerror}") from error
    if len(data) > most_bytes:
        raise CouldNotRun(f"{path}: expected at most {most_bytes} bytes")
    return data


def in_words(refused: Refused) -> str:
    """Return a refusal as one line: its code and its values."""
    values = ", ".join(f"{name} {value}" for name, value in refused.values.items())
    return f"{refused.code}: {values}" if values else refused.code
