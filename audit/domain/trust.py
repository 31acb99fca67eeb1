"""Passkeys, keys, cosigners, disclosure and erasure: who may state what, of the acts that the record's trust stands on.

Not here: whether an assertion, a proof or a key's text holds (tlog), for the domain does no cryptography; when a
patient may be erased (`erasure`).
"""

from typing import assert_never

from audit.domain import commands, events
from audit.domain.book import Book
from audit.domain.commands import Said
from audit.domain.erasure import check_patient, decide_erase, decide_request
from audit.domain.errors import Refused
from audit.domain.policy import Policy


def decide_trust(book: Book, command: commands.AboutTrust, policy: Policy, said: Said) -> events.Event:
    """Return the event that an act about trust becomes.

    Raises:
        Refused: as the functions below.
    """
    match command:
        case events.CredentialEnrolled():
            _check_enrol(book, command, said)
        case events.CredentialRevoked():
            _check_revoke(book, command, said)
        case events.PatientsDisclosed(patients=patients):
            for patient in patients:
                check_patient(book, patient)
        case events.CosignersChanged():
            _check_cosigners(command)
        case events.LogKeyChanged():
            _check_log_key(command)
        case events.ErasureRequested():
            decide_request(book, command, policy, said)
        case events.PatientErased():
            decide_erase(book, command, policy, said)
        case (
            events.SigningDomainChanged() | events.ServiceKeyChanged() | events.SignerRowStated() | events.LogRestored()
        ):
            pass
        case _ as unreachable:
            assert_never(unreachable)
    return command


def _check_cosigners(command: events.CosignersChanged) -> None:
    if command.quorum > len(command.cosigners):
        raise Refused("quorum_too_high", "quorum", most=len(command.cosigners))
    if len(set(command.cosigners)) != len(command.cosigners):
        raise Refused("cosigner_twice", "cosigners")


def _check_log_key(command: events.LogKeyChanged) -> None:
    if (command.recovery_key is None) != (command.reason == "rotation"):
        raise Refused("recovery_key_missing", "recovery_key")
    if (command.cut_off is None) != (command.reason != "stolen"):
        raise Refused("cut_off_missing", "cut_off")


def _check_enrol(book: Book, command: events.CredentialEnrolled, said: Said) -> None:
    """Enrol a passkey; somebody else vouches for it, but for the first person's first one (log-format, section 6).

    Raises:
        Refused: `credential_known`, `own_credential`, `other_rp_id` or those of `Book.person`.
    """
    person = book.person(command.person, "person")
    if command.credential in book.credentials or command.public_key in book.public_keys:
        raise Refused("credential_known", "credential")
    if book.trust is not None and command.rp_id != book.trust.rp_id:
        raise Refused("other_rp_id", "credential", expected=book.trust.rp_id, met=command.rp_id)
    is_first = person.is_first and not any(one.person == person.person for one in book.credentials.values())
    if said.actor == command.person and not is_first:
        raise Refused("own_credential", "approver")


def _check_revoke(book: Book, command: events.CredentialRevoked, said: Said) -> None:
    """Revoke one's own passkey, or as an administrator anybody's.

    Raises:
        Refused: `unknown_credential` or `not_your_credential`.
    """
    known = book.credentials.get(command.credential)
    if known is None or known.person != command.person or known.revoked_index is not None:
        raise Refused("unknown_credential", "credential")
    if said.actor != command.person and "administrator" not in book.person(said.actor).roles:
        raise Refused("not_your_credential", "credential")
