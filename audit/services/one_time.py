"""One-time codes (RFC 6238): six digits from a secret shared with a person's device, a new one every 30 seconds.

Each step counts once, and the step before and after the present one are taken too, for clocks that differ. Wrong codes
count towards the lockout of passwords (`passwords.check_password`), which asks here. Not here: pages.
"""

import hmac
from base64 import b32encode
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP

from audit.domain.errors import Refused
from audit.storage import one_time
from audit.storage.engine import Engine, read, write
from audit.storage.seals import Vault

STEP_MS: Final = 30_000
DIGITS: Final = 6
SECRET_BYTES: Final = 20  # RFC 4226 section 4, requirement 6: 160 bits
_AROUND: Final = (0, -1, 1)  # RFC 6238 section 5.2: one step to either side


@dataclass(frozen=True, slots=True)
class Codes:
    """The one-time codes of one site's people."""

    engine: Engine
    vault: Vault

    def are_used_by(self, person: str) -> bool:
        """Say whether a person confirmed their codes, so that their password alone does not do."""
        with read(self.engine) as conn:
            return one_time.is_confirmed(conn, self.vault.site, person)

    def are_used(self) -> bool:
        """Say whether anybody of the site uses codes."""
        with read(self.engine) as conn:
            return one_time.any_confirmed(conn, self.vault.site)

    def begin(self, person: str) -> bytes:
        """Draw a new secret, which counts once the person has shown a code of it."""
        secret = self.vault.random(SECRET_BYTES)
        with write(self.engine) as conn:
            one_time.put(conn, self.vault, person, secret)
        return secret

    def waiting(self, person: str) -> bytes | None:
        """Return a secret that was drawn and is not confirmed yet."""
        with write(self.engine) as conn:
            kept = one_time.find(conn, self.vault, person)
        return kept.secret if kept and not kept.confirmed else None

    def confirm(self, person: str, code: str, *, now_ms: int) -> None:
        """Let a person's codes count from here on.

        Raises:
            Refused: `code_wrong`.
        """
        if not self.take(person, code, now_ms=now_ms):
            raise Refused("code_wrong", "one_time")

    def take(self, person: str, code: str, *, now_ms: int) -> bool:
        """Say whether a code is right now, and use it up."""
        with write(self.engine) as conn:
            kept = one_time.find(conn, self.vault, person)
            if kept is None:
                return False
            counter = _counter_of(kept.secret, code, now_ms)
            return counter is not None and one_time.use(conn, self.vault.site, person, counter)

    def stop(self, person: str) -> None:
        """Forget a person's secret: their password alone does again."""
        with write(self.engine) as conn:
            one_time.drop(conn, self.vault.site, person)


def code_at(secret: bytes, counter: int) -> str:
    """Return the code of a step (RFC 4226 section 5.3; SHA-1, the one that every authenticator app knows)."""
    return HOTP(secret, DIGITS, SHA1(), enforce_key_length=False).generate(counter).decode()  # noqa: S303


def address_of(secret: bytes, *, clinic: str, sign_in: str) -> str:
    """Return what an authenticator app reads from a QR code (Google's key URI format)."""
    asked = urlencode({"secret": spelled(secret), "issuer": clinic, "digits": DIGITS, "period": STEP_MS // 1000})
    return f"otpauth://totp/{quote(f'{clinic}:{sign_in}')}?{asked}"


def spelled(secret: bytes) -> str:
    """Return a secret as people type it (RFC 4648 section 6)."""
    return b32encode(secret).decode().rstrip("=")


def _counter_of(secret: bytes, code: str, now_ms: int) -> int | None:
    typed = "".join(code.split())
    if len(typed) != DIGITS or not (typed.isascii() and typed.isdecimal()):
        return None
    now = now_ms // STEP_MS
    right = [now + step for step in _AROUND if hmac.compare_digest(code_at(secret, now + step), typed)]
    return right[0] if right else None
