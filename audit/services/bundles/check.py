"""Verifies a bundle with nothing but its file, and what its reader has from elsewhere.

The checks of the log are those of `verify`, on the entries in the bundle; here the rest of its files is held against
them: tiles made anew, keys, opened seals, counts. Memory grows no more than that of `verify`. Not here: the zip as a
zip (`opening`).
"""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import orjson

from audit.domain.errors import Finding
from audit.services.bundles.contents import WHAT
from audit.services.bundles.keys import Keys
from audit.services.bundles.opening import BundleRefused, OpenBundle
from audit.services.bundles.tiles import BundledTiles
from audit.services.bundles.writing import (
    CERTIFICATES,
    CHECKPOINT,
    ENTRIES,
    MANIFEST,
    PAGE,
    README,
    SEALED,
    VKEY,
)
from audit.services.verify import Progress, verify
from audit.services.verifying.source import Anchor, Opened, Row, Source, TimeTokens
from audit.services.verifying.verdict import Verdict
from audit.storage.checkpoints import StoredCheckpoint
from audit.tlog.checkpoint import parse
from audit.tlog.merkle import EMPTY
from audit.tlog.note import MAX_NOTE_BYTES, NoteRefused, parse_note
from audit.tlog.spelling import parse_decimal, parse_hex
from audit.tlog.tile import TileRefused, parse_path

__all__ = ["BundleRefused", "BundleVerdict", "verify_bundle"]

BUNDLE = "bundle"
_NEEDED = (CHECKPOINT, VKEY, ENTRIES, SEALED, MANIFEST)
_KNOWN = frozenset({README, PAGE, CERTIFICATES, *_NEEDED})
_MOST_ENTRY_BYTES = 16_384
_MOST_SEALED_BYTES = 65_536
_MOST_SEALED = 200_000
_MOST_SMALL_BYTES = 1 << 20
_MOST_REPLY_BYTES = 65_536
_MOST_ASTRAY = 100
"""Lines that follow no line are findings, up to so many; a file of nothing else is not read to its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleVerdict:
    """What verifying a bundle came to: the log in it, None where there was none to read, and all its other files."""

    log: Verdict | None
    findings: tuple[Finding, ...]
    report: str = ""
    period: tuple[str, str] = ("", "")

    @property
    def holds(self) -> bool:
        """Say whether the log holds and every other file agrees with it."""
        return not self.findings and self.log is not None and self.log.holds

    @property
    def sentence(self) -> str:
        """The verdict in words."""
        if self.log is None or self.findings:
            number = "one fault" if len(self.findings) == 1 else f"{len(self.findings)} faults"
            return f"This bundle does not hold: {number} in its files." + (f" {self.log.sentence}" if self.log else "")
        if not self.log.holds:
            return f"This bundle does not hold. {self.log.sentence}"
        return f"All files of this bundle agree with its entries. {self.log.sentence}"


def verify_bundle(path: Path, *, anchor: Anchor | None = None, progress: Progress | None = None) -> BundleVerdict:
    """Verify a bundle's file; `anchor` is what its reader has from elsewhere.

    Raises:
        BundleRefused: the file is no bundle, does not unpack, or is made to do harm.
    """
    with closing(OpenBundle(path)) as bundle:
        missing = [name for name in _NEEDED if name not in bundle.names]
        if missing:
            raise BundleRefused(f"The file is no evidence bundle: it has no {missing[0]}.")
        return _Check(bundle).verdict(anchor, progress)


class _Check:
    """One verification of one bundle."""

    def __init__(self, bundle: OpenBundle) -> None:
        self.bundle = bundle
        self.findings: list[Finding] = []
        self.refused: BundleRefused | None = None
        self.keys = Keys()

    def verdict(self, anchor: Anchor | None, progress: Progress | None) -> BundleVerdict:
        self._check_names()
        manifest = self._json(MANIFEST)
        kept = self._checkpoint()
        if kept is None:
            return BundleVerdict(log=None, findings=tuple(self.findings))
        clear = self._sealed()
        tiles = BundledTiles(self.bundle)
        source = Source(
            rows=self._rows(tiles, kept.size),
            body_at=tiles.body_at,
            count=kept.size,
            checkpoints=[kept],
            clear=clear,
            time=self._tokens(),
        )
        log = verify(source, anchor=anchor, progress=progress)
        if self.refused is not None:
            raise self.refused
        self.findings += [self._fault(*one) for one in tiles.finish()]
        self._check_size(tiles.size, kept.size)
        self._check_keys()
        self._check_manifest(manifest, kept, {"entries": tiles.size, "sealed": len(clear), "tiles": tiles.count})
        return BundleVerdict(
            log=log,
            findings=tuple(self.findings),
            report=str(manifest.get("report", "")),
            period=(str(manifest.get("from", "")), str(manifest.get("to", ""))),
        )

    def _check_names(self) -> None:
        for name in sorted(self.bundle.names - _KNOWN):
            if not (_is_tile(name) or _time_size(name, "tsr") or _time_size(name, "note")):
                self._finding("files of an evidence bundle", f"another file, {name}")

    def _checkpoint(self) -> StoredCheckpoint | None:
        data = self.bundle.read(CHECKPOINT, most=MAX_NOTE_BYTES)
        try:
            head = parse(parse_note(data).text)
        except NoteRefused as refusal:
            self._finding("a checkpoint", str(refusal))
            return None
        return StoredCheckpoint(head.size, head.root, data.decode())

    def _rows(self, tiles: BundledTiles, size: int) -> Iterator[Row]:
        """Yield the entries, no more than the checkpoint covers; a file of other lines is soon given up on.

        What does not unpack ends them, and is told once the checks have come to their end.
        """
        before, astray = EMPTY, 0
        try:
            for index, body in enumerate(self.bundle.lines(ENTRIES, longest=_MOST_ENTRY_BYTES)):
                if index >= size:
                    self._finding(f"the {size} entries under the checkpoint", "more entries")
                    return
                astray += b'"prev":"%b"' % before.hex().encode() not in body
                if astray > _MOST_ASTRAY:
                    expected = f"entries in {ENTRIES}, each naming the one before it"
                    self._finding(expected, f"{astray} lines that do not; the rest was not read")
                    return
                before = tiles.push(body)
                self.keys.push(index, body)
                yield Row(index, body)
        except BundleRefused as refused:
            self.refused = refused

    def _sealed(self) -> dict[tuple[int, str], Opened]:
        clear: dict[tuple[int, str], Opened] = {}
        for number, line in enumerate(self.bundle.lines(SEALED, longest=_MOST_SEALED_BYTES), start=1):
            if number > _MOST_SEALED:
                self._finding(f"at most {_MOST_SEALED:,} opened values", "more; the rest was not read")
                break
            one = _object(line)
            index, name, r = (one.get(key) for key in ("index", "field", "r"))
            raw = parse_hex(r) if isinstance(r, str) else None
            if type(index) is not int or not isinstance(name, str) or not raw or "value" not in one:
                self._finding(f"{SEALED} of index, field, r and value", f"another form in line {number}")
                break
            if (index, name) in clear:
                self._finding(f"one opened value {name} of entry {index}", f"another in line {number}")
                break
            clear[index, name] = Opened(r=raw, value=one["value"])  # type: ignore[arg-type]  # judged by opening
        return clear

    def _tokens(self) -> TimeTokens:
        names = self.bundle.names
        sizes = sorted(size for name in names if (size := _time_size(name, "tsr")))
        has_certificates = CERTIFICATES in names

        def reply_at(size: int) -> bytes | None:
            return self._small(f"time/{size}.tsr", _MOST_REPLY_BYTES)

        def note_at(size: int) -> str | None:
            found = self._small(f"time/{size}.note", MAX_NOTE_BYTES)
            return found.decode("utf-8", "replace") if found is not None else None

        return TimeTokens(
            sizes=sizes,
            reply_at=reply_at,
            note_at=note_at,
            certificates=self.bundle.read(CERTIFICATES, most=_MOST_SMALL_BYTES) if has_certificates else None,
            is_own_word=has_certificates,
        )

    def _small(self, name: str, most: int) -> bytes | None:
        if name not in self.bundle.names:
            return None
        try:
            return self.bundle.read(name, most=most)
        except BundleRefused as refused:
            self._finding(f"{name}, whole", refused.sentence)
            return None

    def _check_size(self, met: int, expected: int) -> None:
        if met < expected:
            self._finding(f"the {expected} entries under the checkpoint", f"{met} entries")

    def _check_keys(self) -> None:
        lines = self.bundle.read(VKEY, most=_MOST_SMALL_BYTES).decode("utf-8", "replace").splitlines()
        if lines != self.keys.in_force:
            expected = "the verifier keys in force by the entries, the log's first, then the cosigners'"
            self._finding(f"{expected}, in {VKEY}", "others")

    def _check_manifest(self, manifest: Mapping[str, object], kept: StoredCheckpoint, counts: dict[str, int]) -> None:
        counts |= {"tokens": sum(name.endswith(".tsr") for name in self.bundle.names)}
        expected: dict[str, object] = {
            "what": WHAT, "log": parse(parse_note(kept.note).text).origin, "size": kept.size, "root": kept.root.hex(),
            "counts": counts,
        }  # fmt: skip
        for name, value in expected.items():
            if manifest.get(name) != value:
                self._finding(f"{name} {value} in {MANIFEST}", str(manifest.get(name))[:200])

    def _json(self, name: str) -> dict[str, object]:
        return _object(self.bundle.read(name, most=_MOST_SMALL_BYTES))

    def _finding(self, expected: str, found: str) -> None:
        self.findings.append(self._fault(None, expected, found))

    @staticmethod
    def _fault(index: int | None, expected: str, found: str) -> Finding:
        return Finding(check=BUNDLE, index=index, expected=expected, found=found)


def _object(data: bytes) -> dict[str, object]:
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _is_tile(name: str) -> bool:
    try:
        parse_path(name)
    except TileRefused:
        return False
    return True


def _time_size(name: str, ending: str) -> int | None:
    """Return the size in `time/<size>.<ending>`; None for another name."""
    if not (name.startswith("time/") and name.endswith(f".{ending}")):
        return None
    return parse_decimal(name.removeprefix("time/").removesuffix(f".{ending}"))
