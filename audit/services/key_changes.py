"""New keys for the log and for the service: made ready first, put in force by an administrator's entry, then alone.

Each of these may be stopped anywhere and asked for again: what is done is found done. Not here: where keys are kept
(`signing.keyfiles`, `keyring`).
"""

import hashlib
from collections.abc import Sequence

from audit.domain import events
from audit.domain.errors import Refused
from audit.services.administering import Administrator
from audit.services.attesting import service_key_named
from audit.services.keyring import Keyring, follow_service_seed, prepare_service_seed
from audit.services.publish import publish
from audit.services.register import Register
from audit.services.row_statement import Learnt, state_row
from audit.services.signing.signer import Signer
from audit.services.tail import trust_of
from audit.storage import ledger, log, tree
from audit.storage.engine import read
from audit.tlog.keys import SigningKey, VerifierKey

TRIES = 3
"""How often a head is offered: the service beside may sign one in between."""


def rotate_log_key(register: Register, signer: Signer, by: Administrator) -> VerifierKey:
    """Put a new log key in force, signed over to by the old one; return it.

    Raises:
        Refused: `log_key_missing` where the signer has no key to sign over from, `key_not_followed`; those of the
            write path.
        SignerRefused, SignerAway: as `publish`.
    """
    known = signer.known(register.origin)
    if known.key is None or known.held is None:
        raise Refused("log_key_missing")
    following = signer.prepare(register.origin)
    if _log_key(register) != following.to_string():
        by.state(register, events.LogKeyChanged(log_key=following.to_string(), reason="rotation"), "log_key_changed")
    return _have_signed(register, signer, following, None)


def recover_log_key(
    register: Register,
    signer: Signer,
    by: Administrator,
    recovery_seed: bytes,
    *,
    cut_off: events.SeenHead | None = None,
    learnt: Sequence[Learnt] = (),
) -> VerifierKey:
    """Put a new log key in force by the recovery key, the old one being lost, or stolen where a cut-off is given.

    A signer that lost its memory too is told the highest head known, as an entry of its own.

    Raises:
        Refused: `not_recovery_key`, `cut_off_unknown`; those of `state_row` and of the write path.
        SignerRefused, SignerAway: as `publish`.
    """
    recovery = SigningKey(register.origin, recovery_seed)
    _check_recovery(register, recovery.verifier)
    if cut_off is not None:
        _check_cut_off(register, cut_off)
    if signer.held(register.origin) is None:
        state_row(register, signer, by, learnt)
    following = signer.prepare(register.origin)
    if _log_key(register) != following.to_string():
        changed = events.LogKeyChanged(
            log_key=following.to_string(),
            reason="lost" if cut_off is None else "stolen",
            recovery_key=recovery.verifier.to_string(),
            cut_off=cut_off,
        )
        by.state(register, changed, "log_key_changed")
    return _have_signed(register, signer, following, recovery)


def rotate_service_key(
    register: Register, keyring: Keyring, by: Administrator, reason: events.KeyReason
) -> VerifierKey:
    """Put a new service key in force and destroy the old one; return it. A service that runs takes it at its next act.

    Raises:
        Refused: those of the write path.
    """
    seed = prepare_service_seed(keyring.folder, register.random)
    following = SigningKey(f"{register.origin}/service", seed).verifier
    with read(register.engine) as conn:
        named = service_key_named(conn, register.site)
    if named != following.to_string():
        changed = events.ServiceKeyChanged(service_key=following.to_string(), reason=reason)
        by.state(register, changed, "service_key_changed")
    follow_service_seed(keyring.folder)
    return following


def _have_signed(
    register: Register, signer: Signer, following: VerifierKey, recovery: SigningKey | None
) -> VerifierKey:
    """Have a head signed that covers the change, so that the new key stands alone.

    Raises:
        Refused: `key_not_followed` where the signer still has the old one: ask again.
    """
    for _ in range(TRIES):
        publish(register.engine, register.site, register.origin, signer, recovery=recovery)
        if signer.known(register.origin).key == following:
            return following
    raise Refused("key_not_followed")


def _log_key(register: Register) -> str:
    with read(register.engine) as conn:
        trust = trust_of(conn, register.site)
    return trust.log_key if trust is not None else ""


def _check_recovery(register: Register, recovery: VerifierKey) -> None:
    with read(register.engine) as conn:
        opened = ledger.load_book(conn, register.site, {"log:site"}).log
    if opened is None or hashlib.sha256(recovery.public_key).hexdigest() != opened.recovery_sha256:
        raise Refused("not_recovery_key", "recovery")


def _check_cut_off(register: Register, cut_off: events.SeenHead) -> None:
    with read(register.engine) as conn:
        is_here = cut_off.size <= log.head(conn, register.site).size
        if not is_here or tree.root(conn, register.site, cut_off.size).hex() != cut_off.root:
            raise Refused("cut_off_unknown", "cut_off", size=cut_off.size)
