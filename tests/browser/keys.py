"""Virtual authenticators of Chromium: a key in one's pocket, held to whichever tablet signs.

A security key is its credentials: taking it to another tablet is exporting them there and bringing back their counts.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from playwright.sync_api import CDPSession, Page

Transport = Literal["usb", "internal"]


@dataclass
class Key:
    """One authenticator of a person; plugged into one page at a time."""

    transport: Transport = "usb"
    credentials: list[dict[str, Any]] = field(default_factory=list)
    touches: int = 0
    """How often it signed or made a passkey, by what Chromium says."""

    @contextmanager
    def at(self, page: Page) -> Iterator["Plugged"]:
        """Hold the key to a page's tablet."""
        session = session_of(page)
        options = {
            "protocol": "ctap2",
            "ctap2Version": "ctap2_1",
            "transport": self.transport,
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        added = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]
        for one in self.credentials:
            session.send("WebAuthn.addCredential", {"authenticatorId": added, "credential": one})
        asserted = self._count_from(session, added)
        yield Plugged(session, added)
        session.remove_listener("WebAuthn.credentialAsserted", asserted)
        self.credentials = session.send("WebAuthn.getCredentials", {"authenticatorId": added})["credentials"]
        session.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": added})

    def _count_from(self, session: CDPSession, authenticator: str) -> Any:
        def asserted(event: dict[str, Any]) -> None:
            self.touches += event["authenticatorId"] == authenticator

        session.on("WebAuthn.credentialAsserted", asserted)
        return asserted


@dataclass
class Plugged:
    """A key at a tablet."""

    session: CDPSession
    authenticator: str

    def verify(self, *, person: bool) -> None:
        """Let the person be verified by the key, or not: a wrong finger."""
        said = {"authenticatorId": self.authenticator, "isUserVerified": person}
        self.session.send("WebAuthn.setUserVerified", said)

    def touched(self, *, at_once: bool) -> None:
        """Let somebody touch the key as soon as it asks, or nobody."""
        said = {"authenticatorId": self.authenticator, "enabled": at_once}
        self.session.send("WebAuthn.setAutomaticPresenceSimulation", said)


_SESSIONS: dict[Page, CDPSession] = {}


def session_of(page: Page) -> CDPSession:
    """The page's one session of DevTools, in which its virtual authenticators live."""
    if page not in _SESSIONS:
        _SESSIONS[page] = page.context.new_cdp_session(page)
        _SESSIONS[page].send("WebAuthn.enable", {"enableUI": False})
    return _SESSIONS[page]
