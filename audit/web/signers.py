"""Who at this tablet holds a passkey or uses one-time codes, for the part of a form where it is signed.

Asked of the log once a request, and only by pages that ask for a signature.
"""

from flask import g, request

from audit.domain.credential import Trust
from audit.services.passkeys import can_have_passkeys, holders, owners, trust_of
from audit.web.desk import register
from audit.web.security import access, person_or_none


class Signers:
    """What the macros of a signature ask."""

    @property
    def people(self) -> frozenset[str]:
        """Everyone who holds a passkey that signs here."""
        if "passkey_holders" not in g:
            g.passkey_holders = frozenset() if self.why_not else holders(register())
        found: frozenset[str] = g.passkey_holders
        return found

    @property
    def owners(self) -> frozenset[str]:
        """Everyone with a passkey in force, wherever it signs: a password of theirs needs a reason."""
        if "passkey_owners" not in g:
            g.passkey_owners = owners(register())
        found: frozenset[str] = g.passkey_owners
        return found

    @property
    def asks_reason(self) -> bool:
        """Say whether a password of the person signed in needs a reason."""
        me = person_or_none()
        return me is not None and me.person in self.owners

    @property
    def has_mine(self) -> bool:
        """Say whether the person signed in holds one."""
        me = person_or_none()
        return me is not None and me.person in self.people

    @property
    def asks_code(self) -> bool:
        """Say whether the person signed in uses one-time codes."""
        me = person_or_none()
        return me is not None and access().sign_ins().uses_codes(me.person)

    @property
    def any_codes(self) -> bool:
        """Say whether anybody here uses one-time codes."""
        return access().sign_ins().any_codes

    @property
    def why_not(self) -> str:
        """Say why no passkey works at this address; nothing where they do."""
        return why_no_passkeys(trust_of(register()), request.host_url.rstrip("/"))


def why_no_passkeys(trust: Trust, here: str) -> str:
    """Return in words why a browser at an address can have no passkeys for this log; "" where it can."""
    where = ", ".join(trust.signing_origins)
    if not can_have_passkeys(trust.rp_id, trust.signing_origins):
        return (
            f"Passkeys need a host name with TLS, or localhost; this register is at {where}. "
            "Everybody signs with a password here. The operator's guide says how to change it."
        )
    if here not in trust.signing_origins:
        return f"Passkeys of this register work at {where} only. Open it there."
    return ""
