"""A zip that nobody vouches for, opened so that it can do no harm: every size is bounded before it is read.

Members are never unpacked to disk and never trusted about their length. What is wrong with the zip as a zip is a
refusal in one sentence; what is wrong with what it says is a finding (`check`).
"""

import io
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

MAX_ZIP_BYTES: Final = 8 << 30
MAX_DIRECTORY_BYTES: Final = 8 << 20
"""Room for the names of some 100,000 tiles, which is a log of 13 million entries."""
MAX_MEMBERS: Final = 120_000
MAX_RATIO: Final = 64
"""Entries shrink to a fifth or so; a zip that says it is so many times larger inside is made to do harm."""
_SLACK_BYTES: Final = 1 << 20
_CHUNK: Final = 1 << 16
_SAFE_NAME: Final = re.compile(
    r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,80}(?:/[A-Za-z0-9_-][A-Za-z0-9._-]{0,80}){0,12}", re.ASCII
)
_ENCRYPTED: Final = 0x41  # APPNOTE.TXT 4.4.4: bit 0 encrypted, bit 6 strongly so
_FAULTS: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    LookupError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


class BundleRefused(Exception):
    """A file that is no bundle at all, or that is made to do harm; `sentence` says why, for a person."""

    def __init__(self, sentence: str) -> None:
        """Keep the sentence."""
        super().__init__(sentence)
        self.sentence = sentence


class OpenBundle:
    """The members of a zip by name. Raises BundleRefused when it is made and whenever a member does not read."""

    def __init__(self, path: Path) -> None:
        """Open the file and look at its directory alone."""
        try:
            size = path.stat().st_size
            self._file = _Bounded(path)
        except OSError as error:
            raise BundleRefused(f"The file cannot be read: {error.strerror}.") from error
        try:
            self._members = self._open(size)
        except BundleRefused:
            self.close()
            raise
        except _FAULTS as fault:
            self.close()
            raise BundleRefused("The file is not a readable zip; it may be cut off or damaged.") from fault

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    @property
    def names(self) -> frozenset[str]:
        """The names of all members."""
        return frozenset(self._members)

    def size_of(self, name: str) -> int:
        """Return what a member says its length is; reading it never gives more."""
        return self._members[name].file_size

    def read(self, name: str, *, most: int) -> bytes:
        """Return a whole member. Raises BundleRefused where it is longer than `most` bytes or does not read."""
        if self.size_of(name) > most:
            raise BundleRefused(f"{name} in the bundle is larger than {most:,} bytes.")
        return b"".join(self._parts(name))

    def lines(self, name: str, *, longest: int) -> Iterator[bytes]:
        """Yield the lines of a member without their newlines.

        Raises BundleRefused for a line longer than `longest` bytes, a last one without newline, and where the member
        does not read.
        """
        rest = b""
        for part in self._parts(name):
            *whole, rest = (rest + part).split(b"\n")
            for line in whole:
                if len(line) > longest:
                    break
                yield line
            else:
                if len(rest) <= longest:
                    continue
            raise BundleRefused(f"{name} in the bundle has a line longer than {longest:,} bytes.")
        if rest:
            raise BundleRefused(f"{name} in the bundle ends in the middle of a line.")

    def _parts(self, name: str) -> Iterator[bytes]:
        try:
            with self._archive.open(self._members[name]) as member:
                while part := member.read(_CHUNK):
                    yield part
        except _FAULTS as fault:
            raise BundleRefused(f"{name} in the bundle does not unpack; the file may be damaged.") from fault
        except OSError as fault:
            raise BundleRefused(f"{name} in the bundle cannot be read.") from fault

    def _open(self, size: int) -> dict[str, zipfile.ZipInfo]:
        if size > MAX_ZIP_BYTES:
            raise BundleRefused(f"The file is larger than {MAX_ZIP_BYTES >> 30} GiB.")
        self._archive = zipfile.ZipFile(self._file)
        infos = self._archive.infolist()
        if len(infos) > MAX_MEMBERS:
            raise BundleRefused(f"The bundle holds more than {MAX_MEMBERS:,} files.")
        members: dict[str, zipfile.ZipInfo] = {}
        for info in infos:
            _check_member(info)
            if info.filename in members:
                raise BundleRefused(f"The bundle holds {info.filename} twice.")
            members[info.filename] = info
        if sum(info.file_size for info in infos) > MAX_RATIO * size + _SLACK_BYTES:
            raise BundleRefused(f"The bundle would unpack to more than {MAX_RATIO} times its size.")
        return members


class _Bounded(io.FileIO):
    """A file that gives no more at once than a directory may be long, whatever the zip says about itself."""

    def __init__(self, path: Path) -> None:
        super().__init__(os.fspath(path), "rb")

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = MAX_DIRECTORY_BYTES + 1 if size is None or size < 0 else size
        parts: list[bytes] = []
        while wanted and wanted <= MAX_DIRECTORY_BYTES + 1 and (part := super().read(wanted)):
            parts.append(part)
            wanted -= len(part)
        found = b"".join(parts)
        if wanted > MAX_DIRECTORY_BYTES + 1 or len(found) > MAX_DIRECTORY_BYTES:
            raise BundleRefused(f"The bundle's directory is longer than {MAX_DIRECTORY_BYTES >> 20} MiB.")
        return found


def _check_member(info: zipfile.ZipInfo) -> None:
    if not _SAFE_NAME.fullmatch(info.filename) or info.orig_filename != info.filename:
        raise BundleRefused("The bundle holds a file with a name that is not safe.")
    if info.flag_bits & _ENCRYPTED:
        raise BundleRefused("The bundle is encrypted; a bundle of this register never is.")
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise BundleRefused(f"{info.filename} in the bundle is packed in a way this program does not read.")


__all__ = ["BundleRefused", "OpenBundle"]
