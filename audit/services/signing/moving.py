"""Brings the log's key of an older installation, which kept it among the service's, to the signer's folder."""

from pathlib import Path

from audit.services.keyring import flush_folder, read_secret
from audit.services.signing.keeper import KeptSigner

_OLD = "log_seed"


def move_log_seed(keys: Path, signer: KeptSigner, origin: str | None) -> bool:
    """Move the old key where the signer has none of this log; say whether there was one to move.

    `origin` None is a database without a log: a key that never signed anything is no more then. The old file goes only
    after the new one is on disk, so a crash leaves both, and the next start goes on.

    Raises:
        Refused: the old key cannot be read.
        SignerAway: the signer's folder cannot be used.
    """
    old = keys / _OLD
    if not old.exists():
        return False
    if origin is not None and signer.known(origin).key is None:
        signer.adopt(origin, read_secret(old), is_new=False)
    old.unlink()
    flush_folder(keys)
    return True
