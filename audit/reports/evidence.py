"""The evidence inside a report.

`evidence.zip` made, attached and taken out again, and `report.json` from the printed model.

Same files, same bytes: names sorted, dates fixed. Reading trusts nothing that the file says about its own size.
Deliberately not here: what belongs into the evidence (log-format section 9, `services`) and whether it verifies.
Built to PDF/A-3 as far as output intent, XMP, dates and the attachment's relationship go; no conformance is claimed.
"""

from __future__ import annotations

import json
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from html import escape
from io import BytesIO

import pikepdf
from PIL import ImageCms

from audit.reports.model import InspectionReport, Ledger, SessionBalance, Statement, StockLine, Wastage
from audit.reports.refused import PDF_FAULTS, PdfRefused
from audit.reports.sections.verification import EVIDENCE_NAME
from audit.reports.sums import sum_ledger, sum_rows

MAX_PDF_BYTES = 256 << 20
MAX_ZIP_BYTES = 128 << 20
MAX_FILES = 4_096
MAX_FILE_BYTES = 256 << 20
MAX_TOTAL_BYTES = 384 << 20
_CHUNK = 1 << 20
_SAFE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
_DOS_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_ZIP_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)


def evidence_zip(files: Mapping[str, bytes]) -> bytes:
    """A zip of the files, the same bytes for the same files.

    Raises PdfRefused("unsafe_name") for a name that `read_evidence` would not take back.
    """
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in sorted(files):
            _require_safe(name)
            entry = zipfile.ZipInfo(name, _DOS_EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = _UNIX
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name])
    return out.getvalue()


def embed(pdf: bytes, evidence: bytes) -> bytes:
    """The PDF with the zip as associated file (`AFRelationship` Data), XMP like its properties, sRGB as intent."""
    with pikepdf.open(BytesIO(pdf)) as document:
        spec = pikepdf.AttachedFileSpec(
            document,
            evidence,
            filename=EVIDENCE_NAME,
            mime_type="application/zip",
            description="Checkpoint, keys, entries and every printed figure",
            relationship=pikepdf.Name.Data,
        )
        document.attachments[EVIDENCE_NAME] = spec
        document.Root.AF = pikepdf.Array([document.attachments[EVIDENCE_NAME].obj])
        document.Root.OutputIntents = pikepdf.Array([_srgb_intent(document)])
        document.Root.Metadata = _xmp(document)
        out = BytesIO()
        # No object streams: a reader that bounds what it unpacks then needs to bound one stream only.
        document.save(
            out,
            min_version="1.7",
            deterministic_id=True,
            object_stream_mode=pikepdf.ObjectStreamMode.disable,
            compress_streams=True,
        )
    return out.getvalue()


def _srgb_intent(document: pikepdf.Pdf) -> pikepdf.Object:
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    # ICC.1 7.2.8: bytes 24 to 35 are the date the profile was made, which would change every report.
    profile[24:36] = bytes(12)
    stream = document.make_stream(bytes(profile), N=3, Alternate=pikepdf.Name.DeviceRGB)
    intent = pikepdf.Dictionary(
        Type=pikepdf.Name.OutputIntent,
        S=pikepdf.Name.GTS_PDFA1,
        OutputConditionIdentifier="sRGB IEC61966-2.1",
        RegistryName="http://www.color.org",
        Info="sRGB IEC61966-2.1",
        DestOutputProfile=stream,
    )
    return document.make_indirect(intent)


def _xmp(document: pikepdf.Pdf) -> pikepdf.Stream:
    info = {name: escape(str(value)) for name, value in document.docinfo.items()}
    language = escape(str(document.Root.get("/Lang", "en")))
    text = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/">
<dc:format>application/pdf</dc:format>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{info.get("/Title", "")}</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>{info.get("/Author", "")}</rdf:li></rdf:Seq></dc:creator>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{info.get("/Subject", "")}</rdf:li></rdf:Alt></dc:description>
<dc:language><rdf:Bag><rdf:li>{language}</rdf:li></rdf:Bag></dc:language>
<pdf:Producer>{info.get("/Producer", "")}</pdf:Producer><xmp:CreatorTool>{info.get("/Creator", "")}</xmp:CreatorTool>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""
    stream = document.make_stream(text.encode())
    stream.Type, stream.Subtype = pikepdf.Name.Metadata, pikepdf.Name.XML
    return stream


def read_evidence(pdf: bytes) -> dict[str, bytes]:
    """The files of the one `evidence.zip` inside a report, by name.

    Raises PdfRefused where the PDF cannot be read, carries no or more than one attachment, or the zip is unsafe or
    too large.
    """
    return unzip_evidence(_attached(pdf))


def _attached(pdf: bytes) -> bytes:
    if len(pdf) > MAX_PDF_BYTES:
        raise PdfRefused("too_large", f"The file is larger than {MAX_PDF_BYTES >> 20} MiB.")
    try:
        with pikepdf.open(BytesIO(pdf), attempt_recovery=False, suppress_warnings=True) as document:
            return _only_attachment(document)
    except PDF_FAULTS as fault:
        raise PdfRefused("not_readable", "The file is not a readable PDF; it may be cut off or damaged.") from fault


def _only_attachment(document: pikepdf.Pdf) -> bytes:
    names = list(document.attachments)
    if names != [EVIDENCE_NAME]:
        found = f"{len(names)} attachments" if len(names) != 1 else "another attachment"
        raise PdfRefused(
            "attachment", f"The report must carry exactly one attachment, {EVIDENCE_NAME}; it carries {found}."
        )
    spec = document.attachments[EVIDENCE_NAME].obj
    # Readers find attachments by name or by association; both must lead to the same file.
    associated = document.Root.get("/AF", pikepdf.Array())
    streams = [stream for stream in map(spec.EF.get, ("/F", "/UF")) if stream is not None]
    ids = {stream.objgen for stream in streams}
    if len(associated) != 1 or associated[0].objgen != spec.objgen or len(ids) != 1:
        raise PdfRefused("attachment", f"Two different files stand for {EVIDENCE_NAME}.")
    return _raw_stream(streams[0])


def _raw_stream(stream: pikepdf.Object) -> bytes:
    kind = stream.get("/Filter")
    kinds = [str(item) for item in kind] if isinstance(kind, pikepdf.Array) else [str(kind)] if kind is not None else []
    raw = stream.read_raw_bytes()
    if kinds not in ([], ["/FlateDecode"]) or stream.get("/DecodeParms") is not None:
        raise PdfRefused("attachment", f"{EVIDENCE_NAME} is stored in a way this program does not write.")
    if not kinds:
        return _bounded(raw)
    unpack = zlib.decompressobj()
    return _bounded(unpack.decompress(raw, MAX_ZIP_BYTES + 1))


def _bounded(data: bytes) -> bytes:
    if len(data) > MAX_ZIP_BYTES:
        raise PdfRefused("too_large", f"{EVIDENCE_NAME} is larger than {MAX_ZIP_BYTES >> 20} MiB.")
    return data


def unzip_evidence(data: bytes) -> dict[str, bytes]:
    """Files of an evidence zip; sizes are counted while unpacking, never believed.

    Raises PdfRefused for a broken or encrypted zip, doubled or unsafe names, too many or too large files.
    """
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            return _unzip(archive)
    except _ZIP_FAULTS as fault:
        raise PdfRefused("zip", f"{EVIDENCE_NAME} is not a readable zip file.") from fault


def _unzip(archive: zipfile.ZipFile) -> dict[str, bytes]:
    entries = archive.infolist()
    if len(entries) > MAX_FILES:
        raise PdfRefused("too_large", f"{EVIDENCE_NAME} holds more than {MAX_FILES:,} files.")
    files: dict[str, bytes] = {}
    total = 0
    for entry in entries:
        _require_safe(entry.filename)
        if entry.filename in files:
            raise PdfRefused("zip", f"{EVIDENCE_NAME} holds {entry.filename} twice.")
        room = min(MAX_FILE_BYTES, MAX_TOTAL_BYTES - total)
        files[entry.filename] = _read_bounded(archive, entry, room)
        total += len(files[entry.filename])
    return files


def _read_bounded(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, room: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    with archive.open(entry) as source:
        while part := source.read(_CHUNK):
            size += len(part)
            if size > room:
                raise PdfRefused(
                    "too_large", f"{EVIDENCE_NAME} unpacks to more than {room >> 20} MiB at {entry.filename}."
                )
            parts.append(part)
    return b"".join(parts)


def _require_safe(name: str) -> None:
    if not _SAFE_NAME.fullmatch(name) or len(name) > 200:  # noqa: PLR2004 - far above any name of the format
        raise PdfRefused("unsafe_name", f"{EVIDENCE_NAME} holds a file with a name that is not safe.")


def figures(report: InspectionReport) -> dict[str, object]:
    """Every printed value of the report, sums included, from the object that is printed; units as in the model."""
    plain = _plain(report)
    if not isinstance(plain, dict):
        raise TypeError("a report is a dataclass")
    return plain


def figures_json(report: InspectionReport) -> bytes:
    """`report.json`: `figures` with sorted keys and no spaces, UTF-8; absent values have no key."""
    return json.dumps(figures(report), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        found = {item.name: getattr(value, item.name) for item in fields(value)} | _sums(value)
        return {name: _plain(item) for name, item in found.items() if item is not None}
    return value


def _sums(value: object) -> dict[str, object]:
    """What the page adds up itself; printed, so it belongs to the figures."""
    match value:
        case Statement():
            names = ("accountable", "accounted", "difference", "unexplained")
            return {name: getattr(value, name) for name in names}
        case StockLine():
            return {"difference": value.difference}
        case SessionBalance():
            return {"remaining": value.remaining}
        case Ledger():
            total = sum_ledger(value)
            closings = tuple(sum_rows(item.rows, opening=item.opening).balance for item in value.sections)
            return {"into": total.into, "out": total.out, "balance": total.balance, "closings": closings}
        case Wastage():
            return {"acts": len(value.lines), "total": value.total}
        case _:
            return {}
