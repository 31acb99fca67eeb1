"""Acts signed by passkey: what is to be signed, and whether what was signed is this act by this person's passkey.

Not here: the ceremony with the browser and the enrolment of passkeys (`passkeys`), and verifying a log (`verifying`).
"""

from dataclasses import dataclass, field

from audit.domain import events
from audit.domain.book import Book
from audit.domain.errors import Refused
from audit.services.acts import Assertion, Draft, act_of
from audit.services.register import Register
from audit.storage import log, tree
from audit.storage.engine import Connection
from audit.tlog import webauthn
from audit.tlog.attestation import challenge
from audit.tlog.canonical import encode
from audit.tlog.spelling import parse_base64url


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """A passkey that may sign: its id in base64url and how the browser reaches it."""

    credential: str
    transports: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An act that waits for its actor's passkey: its canonical bytes, whose it is, and which passkeys may sign."""

    nonce: str
    actor: str
    act: bytes = field(repr=False)
    allowed: tuple[Allowed, ...]


class SignaturesWanted(Exception):
    """Nothing was written: these acts are to be signed first, and the same request sent again with what was signed."""

    def __init__(self, wanted: tuple[Wanted, ...]) -> None:
        """Keep the acts in the order in which they would be written."""
        super().__init__(len(wanted))
        self.wanted = wanted


def wanted_of(book: Book, draft: Draft) -> Wanted:
    """Return what a draft's actor is to sign.

    Raises:
        Refused: `no_passkey` where they have none that may sign here.
    """
    rp_id = book.trust.rp_id if book.trust else ""
    usable = [one for one in book.passkeys(draft.actor) if one.rp_id == rp_id]
    if not usable:
        raise Refused("no_passkey", "passkey")
    allowed = tuple(Allowed(credential=one.credential, transports=one.transports) for one in usable)
    return Wanted(nonce=draft.nonce, actor=draft.actor, act=encode(act_of(draft)), allowed=allowed)


def check_seen(conn: Connection, register: Register, draft: Draft) -> None:
    """Refuse an act whose actor saw another history than the log holds (log-format, section 6).

    Raises:
        Refused: `seen_head_missing` or `seen_differs`.
    """
    if draft.seen is None:
        raise Refused("seen_head_missing", "passkey")
    if draft.seen.size > log.head(conn, register.site).size:
        raise Refused("seen_differs", "passkey", size=draft.seen.size)
    if tree.root(conn, register.site, draft.seen.size).hex() != draft.seen.root:
        raise Refused("seen_differs", "passkey", size=draft.seen.size)


def check_assertion(register: Register, book: Book, draft: Draft, assertion: Assertion) -> None:
    """Refuse an assertion that is not the actor's own passkey over this very act.

    Raises:
        Refused: `passkey_not_yours` or `passkey_refused`, with what it does not show.
    """
    known, trust = book.credentials.get(assertion.credential), book.trust
    if trust is None or known is None or known.person != draft.actor or not known.is_active:
        raise Refused("passkey_not_yours", "passkey")
    evidence = _evidence(assertion)
    if evidence is None:
        raise Refused("passkey_refused", "passkey", why="an answer that cannot be read")
    expected = webauthn.Expected(
        challenge=challenge(act_of(draft), register.origin),
        public_key=parse_base64url(known.public_key) or b"",
        algorithm=known.algorithm,
        rp_id=trust.rp_id,
        origins=trust.signing_origins,
    )
    found = webauthn.fault(evidence, expected)
    if found is not None:
        raise Refused("passkey_refused", "passkey", why=found)


def check_proof(register: Register, book: Book, event: events.CredentialEnrolled) -> None:
    """Refuse a passkey that has not signed for its own enrolment, here and in this log (log-format, section 6).

    Raises:
        Refused: `proof_refused`, with what it does not show.
    """
    trust, evidence = book.trust, _evidence(event.proof)
    if trust is None or evidence is None:
        raise Refused("proof_refused", "credential", why="an answer that cannot be read")
    expected = webauthn.Expected(
        challenge=webauthn.enrolment(
            actor=event.person, credential=event.credential, log=register.origin, public_key=event.public_key
        ),
        public_key=parse_base64url(event.public_key) or b"",
        algorithm=event.algorithm,
        rp_id=event.rp_id,
        origins=trust.signing_origins,
    )
    found = webauthn.fault(evidence, expected)
    if found is not None:
        raise Refused("proof_refused", "credential", why=found)


def _evidence(assertion: Assertion | events.Assertion) -> webauthn.Evidence | None:
    return webauthn.read_evidence(
        {
            "authenticator_data": assertion.authenticator_data,
            "client_data": assertion.client_data,
            "signature": assertion.signature,
        }
    )
