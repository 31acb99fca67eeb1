"""The signer's keys: one file for each log, and beside it a key made ready to follow; owner-only, flushed to disk."""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from audit.services.keyring import SECRET_BYTES, flush_folder, read_secret, write_secret
from audit.services.signing.signer import SignerRefused
from audit.tlog.keys import SigningKey

MOST_LOGS = 256
"""Nobody who reaches the signer can fill its disk with keys."""
_FOLDER = 0o700


@dataclass(frozen=True, slots=True)
class KeyFiles:
    """The folder of a signer's keys."""

    folder: Path

    def present(self, origin: str) -> SigningKey | None:
        """Return the key that signs a log; None where there is none."""
        return _read(origin, self._file(origin, "seed"))

    def following(self, origin: str) -> SigningKey | None:
        """Return the key made ready to follow it."""
        return _read(origin, self._file(origin, "next"))

    def make(self, origin: str, random: Callable[[int], bytes]) -> SigningKey:
        """Return the key that signs a log, made now where there is none."""
        return self._make(origin, "seed", random)

    def make_following(self, origin: str, random: Callable[[int], bytes]) -> SigningKey:
        """Return the key to follow it, made now where there is none."""
        return self._make(origin, "next", random)

    def replace(self, origin: str, seed: bytes) -> None:
        """Put a given key in the place of whatever key a log has that nothing was signed with."""
        self._file(origin, "seed").unlink(missing_ok=True)
        self._make(origin, "seed", lambda _size: seed)

    def follow(self, origin: str) -> None:
        """Let the key made ready take the place of the present one, which is no more."""
        self._file(origin, "next").replace(self._file(origin, "seed"))
        flush_folder(self.folder)

    def _make(self, origin: str, suffix: str, random: Callable[[int], bytes]) -> SigningKey:
        path = self._file(origin, suffix)
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True, mode=_FOLDER)
            if sum(1 for _ in self.folder.iterdir()) >= MOST_LOGS:
                raise SignerRefused(f"this signer keeps {MOST_LOGS} keys and no more")
            # Whole under another name first: a crash leaves no half of a key where one is looked for.
            draft = path.with_suffix(f".{os.getpid()}.draft")
            draft.unlink(missing_ok=True)
            write_secret(draft, random(SECRET_BYTES))
            with suppress(FileExistsError):
                os.link(draft, path)  # unlike a rename, this never replaces what another process just made
            draft.unlink()
            flush_folder(self.folder)
        return SigningKey(origin, read_secret(path))

    def _file(self, origin: str, suffix: str) -> Path:
        return self.folder / f"{quote(origin, safe='')}.{suffix}"


def _read(origin: str, path: Path) -> SigningKey | None:
    return SigningKey(origin, read_secret(path)) if path.exists() else None
