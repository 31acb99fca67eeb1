"""The secrets of one installation: files in a folder with owner-only rights, made once.

What each is for and what losing it means stands in docs/operating.md. Nothing here reads the environment;
the folder and the source of random bytes are arguments. The log's key is not among them: the signer keeps it.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from audit.domain.errors import Refused

SECRET_BYTES = 32
_OWNER_ONLY = 0o600
_OWNER_FOLDER = 0o700


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyring:
    """Seeds and keys, 32 bytes each, as read from their files."""

    folder: Path
    service_seed: bytes = field(repr=False)
    wrapping_key: bytes = field(repr=False)
    cookie_secret: bytes = field(repr=False)

    def service_seeds(self) -> tuple[bytes, ...]:
        """Return the service's seeds as they are on disk now: the present one, and one made ready to follow it."""
        return tuple(read_secret(path) for name in _SERVICE if (path := self.folder / name).exists())


_FILES = ("service_seed", "wrapping_key", "cookie_secret")
_NEXT = "service_seed.next"
_SERVICE = ("service_seed", _NEXT)


def open_keyring(folder: Path, random: Callable[[int], bytes]) -> Keyring:
    """Return the secrets of a folder, drawing those of a new one.

    Raises:
        Refused: `key_incomplete` when some but not all are there, `key_readable` when others may read one.
    """
    present = [name for name in _FILES if (folder / name).exists()]
    if present and len(present) < len(_FILES):
        raise Refused("key_incomplete", missing=", ".join(sorted(set(_FILES) - set(present))))
    if not present:
        folder.mkdir(parents=True, exist_ok=True, mode=_OWNER_FOLDER)
        for name in _FILES:
            write_secret(folder / name, random(SECRET_BYTES))
    service_seed, wrapping_key, cookie_secret = (read_secret(folder / name) for name in _FILES)
    return Keyring(folder=folder, service_seed=service_seed, wrapping_key=wrapping_key, cookie_secret=cookie_secret)


def prepare_service_seed(folder: Path, random: Callable[[int], bytes]) -> bytes:
    """Return the seed made ready to follow the service's present one, drawn now where there is none."""
    path = folder / _NEXT
    if not path.exists():
        write_secret(path, random(SECRET_BYTES))
    return read_secret(path)


def follow_service_seed(folder: Path) -> None:
    """Let the seed made ready take the place of the present one, which is no more."""
    (folder / _NEXT).replace(folder / "service_seed")
    flush_folder(folder)


def write_secret(path: Path, secret: bytes) -> None:
    """Write a new file that only its owner may read, durably; refuses to replace one."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    with os.fdopen(handle, "wb") as file:
        file.write(secret.hex().encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def flush_folder(folder: Path) -> None:
    """Have the names in a folder on disk before going on."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_secret(path: Path) -> bytes:
    """Return a secret of 32 bytes.

    Raises:
        Refused: `key_readable` when others may read the file, `key_malformed` when it is not 32 bytes of hex.
    """
    if path.stat().st_mode & 0o077:
        raise Refused("key_readable", path=path.name)
    try:
        secret = bytes.fromhex(path.read_text().strip())
    except ValueError:
        raise Refused("key_malformed", path=path.name) from None
    if len(secret) != SECRET_BYTES:
        raise Refused("key_malformed", path=path.name)
    return secret
