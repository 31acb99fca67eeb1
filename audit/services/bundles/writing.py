"""A bundle as a zip: written member by member from streams, the same bytes for the same contents.

Every tile and the root are made anew from the entries' bytes while they are written; where these do not lead to the
checkpoint's root, there is no bundle. Names fixed, dates fixed, no extra fields. Not here: reading one.
"""

import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Final

from audit.domain.errors import Refused
from audit.services.bundles.contents import Contents
from audit.services.bundles.readme import readme_of
from audit.tlog.merkle import Frontier
from audit.tlog.tile import Tile, TileMaker

README, CHECKPOINT, VKEY, PAGE = "README.txt", "checkpoint", "vkey", "verify.html"
ENTRIES, SEALED, MANIFEST, CERTIFICATES = "entries.jsonl", "sealed.jsonl", "manifest.json", "time/certificates.pem"
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_UNIX: Final = 3
_LEVEL: Final = 6
_LONGEST_LINE: Final = 16_385
"""An entry of 16,384 bytes and its newline: how large a member may become must be known when it is begun."""


def write_bundle(
    out: IO[bytes], contents: Contents, *, page: bytes | None = None, certificates: bytes | None = None
) -> None:
    """Write a bundle; `page` are the bytes of `verify.html`, `certificates` the time authority's in PEM.

    Raises:
        Refused: `entries_differ` where the entries do not lead to the checkpoint's root, `seal_broken`.
    """
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
        _put(archive, README, readme_of(contents, has_page=page is not None).encode())
        _put(archive, CHECKPOINT, contents.checkpoint.note.encode())
        _put(archive, VKEY, "".join(f"{key}\n" for key in contents.vkeys).encode())
        if page is not None:
            _put(archive, PAGE, page)
        counts = {"tiles": _write_tiles(archive, contents)}
        counts["entries"] = _write_lines(archive, ENTRIES, contents.entries(), most=contents.checkpoint.size)
        counts["sealed"] = _write_lines(archive, SEALED, contents.sealed(), most=contents.checkpoint.size)
        counts["tokens"] = _write_times(archive, contents, certificates)
        _put(archive, MANIFEST, contents.manifest(counts))


def _write_tiles(archive: zipfile.ZipFile, contents: Contents) -> int:
    count = 0

    def emit(tile: Tile, data: bytes) -> None:
        nonlocal count
        count += 1
        _put(archive, tile.path, data)

    maker, tree = TileMaker(emit), Frontier()
    for body in contents.entries():
        tree.push(maker.push(body))
    maker.finish()
    if (tree.size, tree.root()) != (contents.checkpoint.size, contents.checkpoint.root):
        raise Refused("entries_differ", "from", size=contents.checkpoint.size)
    return count


def _write_lines(archive: zipfile.ZipFile, name: str, lines: Iterable[bytes], *, most: int) -> int:
    count = 0
    with _member(archive, name, most_bytes=most * _LONGEST_LINE) as member:
        for line in lines:
            member.write(line + b"\n")
            count += 1
    return count


def _write_times(archive: zipfile.ZipFile, contents: Contents, certificates: bytes | None) -> int:
    count = 0
    for one in contents.times():
        _put(archive, f"time/{one.size}.tsr", one.reply)
        _put(archive, f"time/{one.size}.note", one.note.encode())
        count += 1
    if count and certificates is not None:
        _put(archive, CERTIFICATES, certificates)
    return count


def _put(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    archive.writestr(_info(name), data, compresslevel=_LEVEL)


@contextmanager
def _member(archive: zipfile.ZipFile, name: str, *, most_bytes: int) -> Iterator[IO[bytes]]:
    info = _info(name)
    info.file_size = most_bytes  # says beforehand whether sizes need 64 bits; the true size is written at the end
    with archive.open(info, "w") as member:
        yield member


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.create_system = _UNIX
    info.external_attr = 0o644 << 16
    return info
