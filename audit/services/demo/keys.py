"""The keys of a demo clinic: made from its seed, and so in a folder that no clinic's log ever uses."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

from audit.domain.errors import Refused
from audit.services.keyring import Keyring, open_keyring
from audit.services.signing.keeper import KeptSigner
from audit.services.signing.signer import Signer, SignerRefused
from audit.storage import ledger, registers
from audit.storage.engine import Engine, read

_DEMO = "demo-keys"
_CLINIC = "keys"


def keys_folder(engine: Engine, home: Path) -> Path:
    """Return the folder with the secrets of the log that the database holds: a demo's, else the clinic's."""
    with read(engine) as conn:
        site = registers.first_site(conn)
        opened = ledger.load_book(conn, site, {"log:site"}).log if site else None
    return home / (_DEMO if opened is not None and opened.demo else _CLINIC)


def make_demo_keyring(home: Path, seed: int, random: Callable[[int], bytes]) -> Keyring:
    """Make the keys of a demo from its seed, in place of an earlier demo's; what signs cookies is truly random."""
    folder = home / _DEMO
    if folder.exists():
        shutil.rmtree(folder)
    derived = iter([_derived(seed, name) for name in ("service_seed", "wrapping_key")])
    return open_keyring(folder, lambda size: next(derived, None) or random(size))


def give_demo_key(signer: Signer, origin: str, seed: int) -> None:
    """Have the signer keep the key of a demo's log that its seed makes; one in another process makes its own.

    Raises:
        Refused: `signer_ahead` where it signed for a demo that the database has lost.
    """
    if not isinstance(signer, KeptSigner):
        return
    try:
        signer.adopt(origin, _derived(seed, "log_seed"), is_new=True)
    except SignerRefused as refused:
        raise Refused("signer_ahead", why=str(refused)) from refused


def _derived(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"ketamine-audit/demo/v1/{seed}/{name}".encode()).digest()
