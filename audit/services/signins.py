"""Signing in and out for the web: from a name and a password to a token, and from a token to a person.

Not here: cookies and pages (`audit.web`), signing acts, anything that is an entry of the log.
"""

import dataclasses

from audit.services.one_time import Codes
from audit.services.passwords import STANDARD, Checked, Cost, Denied, check_password
from audit.storage import people, signins
from audit.storage.engine import Engine, read, write
from audit.storage.people import Account


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SignIns:
    """The sign-ins of one site; times are milliseconds since 1970 UTC and always given."""

    engine: Engine
    site: str
    cost: Cost = STANDARD
    codes: Codes | None = None

    def check(self, who: str, password: str, *, now_ms: int) -> Checked | Denied:
        """Check a password with the lockout; see `audit.services.passwords.check_password`."""
        return check_password(self.engine, self.site, who, password, now_ms=now_ms, cost=self.cost)

    def check_both(self, who: str, password: str, code: str, *, now_ms: int) -> Checked | Denied:
        """Check a password, and the one-time code of whoever uses codes; a wrong one counts as a wrong password."""

        def also(account: Account) -> bool:
            return not self.uses_codes(account.person) or self._take(account.person, code, now_ms)

        return check_password(self.engine, self.site, who, password, now_ms=now_ms, cost=self.cost, also=also)

    def uses_codes(self, person: str) -> bool:
        """Say whether a person's password alone does not do."""
        return self.codes is not None and self.codes.are_used_by(person)

    @property
    def any_codes(self) -> bool:
        """Say whether anybody here uses one-time codes."""
        return self.codes is not None and self.codes.are_used()

    def _take(self, person: str, code: str, now_ms: int) -> bool:
        return self.codes is not None and self.codes.take(person, code, now_ms=now_ms)

    def start(self, account: Account, *, token: str, now_ms: int) -> None:
        """Open a sign-in under a fresh, unguessable token."""
        with write(self.engine) as conn:
            signins.start(conn, self.site, person=account.person, token=token, now_ms=now_ms)

    def find(self, token: str, *, now_ms: int) -> Account | None:
        """Whose live sign-in the token is, noting its use; None for any that does not hold."""
        with read(self.engine) as conn:
            found = signins.live(conn, self.site, token=token, now_ms=now_ms)
        if found is None:
            return None
        if found.needs_touch:
            signins.touch(self.engine, token=token, now_ms=now_ms)
        return found.account

    def stop(self, token: str, *, now_ms: int) -> None:
        """End a sign-in."""
        with write(self.engine) as conn:
            signins.stop(conn, token=token, now_ms=now_ms)

    def mark_figures_seen(self, token: str, *, now_ms: int) -> None:
        """Note that stock figures were sent to this sign-in."""
        with write(self.engine) as conn:
            signins.mark_figures_seen(conn, token=token, now_ms=now_ms)

    def figures_seen_ms(self, person: str) -> int | None:
        """When stock figures were last sent to the person; None for never."""
        with read(self.engine) as conn:
            return signins.figures_seen_ms(conn, self.site, person)

    def account_of(self, person: str) -> Account | None:
        """The account of that person, ended or not."""
        with read(self.engine) as conn:
            return people.by_person(conn, self.site, person)
