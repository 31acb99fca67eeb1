"""What the entries about passkeys, keys, cosigners and erasure do to the book; tolerant of states not loaded."""

from audit.domain import events
from audit.domain.book import Book, Recorded
from audit.domain.credential import Credential, Trust


def trust_at_opening(event: events.LogOpened) -> Trust:
    """Return the keys, hosts and cosigners that a log opens with."""
    return Trust(
        log_key=event.log_key,
        service_key=event.service_key,
        signing_origins=event.signing_origins,
        rp_id=event.rp_id,
        cosigners=event.cosigners,
        quorum=event.quorum,
    )


def on_trust(book: Book, entry: Recorded, stated: events.TrustEvent) -> None:
    """Change the states that one active entry about trust is about."""
    match stated:
        case events.CredentialEnrolled() as event:
            book.credentials[event.credential] = _credential(entry, event)
            book.public_keys.add(event.public_key)
        case events.CredentialRevoked(credential=credential) if credential in book.credentials:
            book.credentials[credential].revoked_index = entry.index
        case events.PatientErased(patient=patient):
            book.erased.add(patient)
        case _:
            if book.trust is not None:
                _change(book.trust, entry.index, stated)


def _change(trust: Trust, index: int, stated: events.TrustEvent) -> None:
    match stated:
        case events.SigningDomainChanged(signing_origins=origins, rp_id=rp_id):
            trust.signing_origins, trust.rp_id = origins, rp_id
        case events.ServiceKeyChanged(service_key=key):
            trust.service_key = key
        case events.LogKeyChanged(log_key=key):
            trust.log_key = key
            trust.log_key_changes.append((index, stated))
        case events.CosignersChanged(cosigners=cosigners, quorum=quorum):
            trust.cosigners, trust.quorum = cosigners, quorum
        case _:
            pass


def _credential(entry: Recorded, event: events.CredentialEnrolled) -> Credential:
    return Credential(
        credential=event.credential,
        person=event.person,
        public_key=event.public_key,
        algorithm=event.algorithm,
        rp_id=event.rp_id,
        attachment=event.attachment,
        transports=event.transports,
        backup_eligible=event.backup_eligible,
        index=entry.index,
        enrolled_ms=entry.recorded_ms,
    )
