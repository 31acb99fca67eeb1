"""The keys of a demo clinic: made from its seed, and so in a folder that no clinic's log ever uses."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

from audit.services.keyring import Keyring, open_keyring
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
    derived = iter([_derived(seed, name) for name in ("log_seed", "service_seed", "wrapping_key")])
    return open_keyring(folder, lambda size: next(derived, None) or random(size))


def _derived(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"ketamine-audit/demo/v1/{seed}/{name}".encode()).digest()
