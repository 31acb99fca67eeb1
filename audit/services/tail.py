"""The entries past the head that the signer holds: whether the service and its people wrote them, under which keys.

A row put in by SQL has no valid `attest` and no passkey's assertion; nothing is signed over one. Entries before the
head were judged when it was signed. Not here: the full judgement of a log (`verify`).
"""

import hashlib
from dataclasses import dataclass, field

from audit.domain.credential import Trust
from audit.domain.keys import LOG, credential_key
from audit.services.signing.signer import SignerRefused
from audit.storage import ledger, log
from audit.storage.engine import Connection
from audit.tlog import webauthn
from audit.tlog.attestation import challenge_of, is_attested
from audit.tlog.canonical import NotCanonical
from audit.tlog.entry import FIRST_PREV, Entry, EntryRefused, decode_entry
from audit.tlog.keys import KeyRefused, VerifierKey
from audit.tlog.spelling import parse_base64url

_FOR_THE_SIGNER = frozenset({"log_key_changed", "signer_row_stated"})


@dataclass(slots=True, kw_only=True)
class Tail:
    """What was found past a head: the log's key at its end, and the entries that a signer must see."""

    log_key: str
    service_key: str
    recovery_sha256: str
    signing_origins: tuple[str, ...]
    rp_id: str
    marked: list[Entry] = field(default_factory=list)

    def take(self, entry: Entry) -> None:
        """Let one entry take effect on the keys in force."""
        facts = entry.facts
        match entry.kind:
            case "service_key_changed":
                self.service_key = str(facts["service_key"])
            case "log_key_changed":
                self.log_key = str(facts["log_key"])
            case "signing_domain_changed":
                origins = facts["signing_origins"]
                self.signing_origins = tuple(map(str, origins)) if isinstance(origins, list) else ()
                self.rp_id = str(facts["rp_id"])
            case _:
                pass
        if entry.kind in _FOR_THE_SIGNER:
            self.marked.append(entry)


def read_tail(conn: Connection, site: str, origin: str, start: int, size: int) -> Tail:
    """Read the entries from `start` to `size` and return what they leave in force.

    Raises:
        SignerRefused: one does not read, does not follow, or nobody stands for it.
    """
    before = log.entry(conn, site, start - 1) if start else None
    try:
        tail = _in_force(conn, site, start)
        prev, expected = before.leaf.hex() if before else FIRST_PREV, start
        for stored in log.entries(conn, site, start, size):
            entry = decode_entry(stored.body)
            placed = (entry.log, entry.index, entry.prev) == (origin, expected, prev)
            if not placed or not _stands(conn, site, entry, tail):
                raise SignerRefused(f"entry {expected} was not written by the service")
            tail.take(entry)
            prev, expected = entry.leaf.hex(), expected + 1
    except (NotCanonical, EntryRefused, KeyRefused, KeyError) as refused:
        raise SignerRefused(f"an entry past {start} does not read: {refused}") from refused
    if expected != size:
        raise SignerRefused(f"entries are missing from {expected} on")
    return tail


def check_recovery(tail: Tail, entry: Entry) -> None:
    """Refuse a change of key by another recovery key than the one that the log was opened with.

    Raises:
        SignerRefused: it is another, or there is none.
    """
    if entry.facts.get("reason") == "rotation":
        return
    try:
        recovery = VerifierKey.from_string(str(entry.facts.get("recovery_key")))
    except KeyRefused as refused:
        raise SignerRefused(f"entry {entry.index} names no recovery key: {refused}") from refused
    if hashlib.sha256(recovery.public_key).hexdigest() != tail.recovery_sha256:
        raise SignerRefused(f"entry {entry.index} names another recovery key than log_opened")


def _in_force(conn: Connection, site: str, start: int) -> Tail:
    """Return the keys in force before entry `start`; those of entry 0 where it begins there."""
    book = ledger.load_book(conn, site, {LOG}, before=max(start, 1))
    opened, trust = book.log, book.trust
    if opened is None or trust is None:
        raise SignerRefused("entry 0 opens no log")
    return Tail(
        log_key=trust.log_key,
        service_key=trust.service_key,
        recovery_sha256=opened.recovery_sha256,
        signing_origins=trust.signing_origins,
        rp_id=trust.rp_id,
    )


def trust_of(conn: Connection, site: str) -> Trust | None:
    """Return the keys in force by all entries; None where no log is open."""
    return ledger.load_book(conn, site, {LOG}).trust


def _stands(conn: Connection, site: str, entry: Entry, tail: Tail) -> bool:
    """Say whether the service, or the actor's own passkey, stands for an entry."""
    if entry.method == "passkey":
        return _passkey_holds(conn, site, entry, tail)
    return is_attested(entry, VerifierKey.from_string(tail.service_key))


def _passkey_holds(conn: Connection, site: str, entry: Entry, tail: Tail) -> bool:
    credential = str(entry.signature["credential"])
    book = ledger.load_book(conn, site, {credential_key(credential)}, before=entry.index)
    known, evidence = book.credentials.get(credential), webauthn.read_evidence(entry.signature)
    if known is None or evidence is None or known.person != entry.actor or not known.is_active:
        return False
    expected = webauthn.Expected(
        challenge=challenge_of(entry),
        public_key=parse_base64url(known.public_key) or b"",
        algorithm=known.algorithm,
        rp_id=tail.rp_id,
        origins=tail.signing_origins,
    )
    return webauthn.fault(evidence, expected) is None
