"""Who issues something at the command line: a manager's name and password, as typed there or read from a file."""

import sys
from pathlib import Path

import click

from audit.cli.machine import CouldNotRun, read_file
from audit.services.acts import Standing, with_factors
from audit.services.passkeys import holders
from audit.services.passwords import Checked
from audit.services.register import Register
from audit.services.signins import SignIns

_MOST_PASSWORD_BYTES = 4_096
_NO_PASSKEY = "issued at the command line"


def issuer(register: Register, sign_in: str, password_file: Path | None, *, now_ms: int) -> tuple[str, Standing]:
    """Return the person who signs in with this name and password, and how they stand for what they issue.

    Whoever holds a passkey cannot use it here, and the entry says why.

    Raises:
        CouldNotRun: the two do not sign in, or the file cannot be read.
    """
    answer = SignIns(engine=register.engine, site=register.site).check(sign_in, _password(password_file), now_ms=now_ms)
    if not isinstance(answer, Checked):
        raise CouldNotRun("this name and password do not sign in here")
    person = answer.account.person
    return person, with_factors("password", reason=_NO_PASSKEY if person in holders(register) else None)


def _password(file: Path | None) -> str:
    if file is None:
        typed: str = click.prompt("Password", hide_input=True, err=True)
        return typed
    if str(file) == "-":
        return sys.stdin.readline().rstrip("\n")
    return read_file(file, most_bytes=_MOST_PASSWORD_BYTES).decode("utf-8", "replace").rstrip("\n")
