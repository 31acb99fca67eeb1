"""Logs to measure on: demo clinics of about so many entries, made once and used by several measurements."""

import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from audit.services.demo.make import Made, Wish, make_demo
from audit.services.keyring import open_keyring
from audit.services.opening import Ground
from audit.services.passwords import Cost
from audit.services.signing.keeper import KeptSigner
from audit.storage.engine import open_engine
from audit.storage.upgrade import upgrade

CHEAP = Cost(memory_kib=8, passes=1, lanes=1)
_ENTRIES_PER_SESSION = 11


def clock_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass(frozen=True)
class Demo:
    """A demo clinic on SQLite, its home and its signer."""

    made: Made
    home: Path
    url: str
    signer: KeptSigner


def demo_of(home: Path, entries: int) -> Demo:
    """Make a demo clinic of at least about so many entries."""
    home.mkdir(parents=True)
    url = f"sqlite:///{home / 'audit.db'}"
    upgrade(url)
    signer = KeptSigner(home / "signer", secrets.token_bytes)
    ground = Ground(
        engine=open_engine(url),
        keyring=open_keyring(home / "keys", secrets.token_bytes),
        signer=signer,
        host="localhost",
        scheme="http",
        port=8000,
        clock=clock_ms,
        random=secrets.token_bytes,
    )
    wish = Wish(sessions=max(1, entries // _ENTRIES_PER_SESSION), seed=1, cost=CHEAP)
    made = make_demo(ground, wish, home=home, tell=lambda _done, _all: None)
    return Demo(made, home, url, signer)
