"""The clinic's PDF certificate, and finished reports as files: made at first need, written whole or not at all.

A key and certificate put in the folder before (`pdf_key.pem`, `pdf_cert.pem`) are used as they are. Not here: what a
report says, and the log.
"""

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from audit.domain.errors import Refused
from audit.reports.sign import fingerprint, make_certificate
from audit.services.register import Register

KEY, CERTIFICATE = "pdf_key.pem", "pdf_cert.pem"
VALID_DAYS = 3650
_OWNER_ONLY = 0o600
_SERIAL_BYTES = 16


@dataclass(frozen=True, slots=True)
class Press:
    """Where reports and the keys that sign them are kept."""

    reports: Path
    keys: Path

    def file_of(self, report: str) -> Path:
        """Return where a report's file is, by its identifier."""
        return self.reports / f"{report}.pdf"

    def bundle_of(self, report: str) -> Path:
        """Return where a bundle's file waits to be fetched."""
        return self.reports / f"{report}.zip"


@dataclass(frozen=True, slots=True)
class PdfIdentity:
    """A key and its certificate, both PEM."""

    key_pem: bytes
    cert_pem: bytes

    @property
    def sha256(self) -> str:
        """Return the certificate's fingerprint, 64 hex digits."""
        return fingerprint(self.cert_pem)


def identity(press: Press, register: Register, clinic: str) -> PdfIdentity:
    """Return what signs the clinic's reports, made now where there is none.

    Raises:
        Refused: `key_incomplete` when one of the two files is missing, `key_readable` when others may read the key.
    """
    key, certificate = press.keys / KEY, press.keys / CERTIFICATE
    there = [path for path in (key, certificate) if path.exists()]
    if not there:
        _make(press, register, clinic)
    elif len(there) == 1:
        raise Refused("key_incomplete", missing=CERTIFICATE if key.exists() else KEY)
    if key.stat().st_mode & 0o077:
        raise Refused("key_readable", path=KEY)
    return PdfIdentity(key.read_bytes(), certificate.read_bytes())


def write_whole(path: Path, content: bytes) -> None:
    """Write a new file durably: it is there whole under its name, or not at all."""
    part = path.with_name(f".{path.name}.part")
    try:
        _write(part, content)
        part.replace(path)
        _sync_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)


def _make(press: Press, register: Register, clinic: str) -> None:
    now = datetime.fromtimestamp(register.clock() // 1000, UTC)
    key_pem, cert_pem = make_certificate(
        clinic,
        not_before=now - timedelta(days=1),
        not_after=now + timedelta(days=VALID_DAYS),
        serial=int.from_bytes(register.random(_SERIAL_BYTES)) >> 1 | 1,
    )
    press.keys.mkdir(parents=True, exist_ok=True, mode=0o700)
    _write(press.keys / KEY, key_pem)
    _write(press.keys / CERTIFICATE, cert_pem)
    _sync_folder(press.keys)


def _write(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
