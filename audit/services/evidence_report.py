"""Makes a report's every printed value again from the entries in its evidence, and names what differs.

The values come from the same model that issues a report, filled from nothing but the entries; `evidence_figures`
recomputes the chief figures in a second way. Where the sentences of a report have changed since it was made, its
figures alone are compared.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from audit.domain.book import Recorded
from audit.domain.errors import Refused
from audit.reports.evidence import figures
from audit.services.packs import load_pack
from audit.services.reporting.cover import report_of
from audit.services.reporting.dating import Dating
from audit.services.reporting.evidence import WORDS
from audit.services.reporting.snapshot import Days, snapshot_of
from audit.services.verifying.source import Row
from audit.storage.checkpoints import StoredCheckpoint

MOST_NAMED: Final = 20
Difference = tuple[str, str, str]
"""Where in report.json, what the entries make of it, and what is printed."""


def differences(
    printed: Mapping[str, Any],
    manifest: Mapping[str, Any],
    kept: StoredCheckpoint,
    bodies: list[bytes],
    entries: tuple[Recorded, ...],
    dating: Dating,
) -> list[Difference]:
    """Return where the printed values are not those the entries make; the first few of many."""
    try:
        made = _made_again(printed, manifest, kept, bodies, entries, dating)
    except (Refused, KeyError, TypeError, ValueError, AttributeError):
        return [("report", "a report that these entries can make", "facts of another form")]
    only_figures = manifest.get("words") != WORDS
    found = _compare("", json.loads(json.dumps(made)), printed, only_figures=only_figures)
    return [one for _, one in zip(range(MOST_NAMED), found, strict=False)]


def _made_again(
    printed: Mapping[str, Any],
    manifest: Mapping[str, Any],
    kept: StoredCheckpoint,
    bodies: list[bytes],
    entries: tuple[Recorded, ...],
    dating: Dating,
) -> dict[str, object]:
    opened = entries[0].event
    shot = snapshot_of(
        tuple(Row(index, body) for index, body in enumerate(bodies)),
        entries,
        kept,
        load_pack(str(getattr(opened, "pack", ""))),
        Days(str(manifest["from"]), str(manifest["to"])),
        dating,
    )
    report = report_of(
        shot,
        number=str(printed["number"]),
        issued_ms=int(printed["issued"]["ms"]),
        signed_ms=entries[-1].recorded_ms,
        certificate_sha256=str(printed["verification"]["certificate_sha256"]),
    )
    return figures(report)


def _compare(path: str, made: object, printed: object, *, only_figures: bool) -> Iterator[Difference]:
    if isinstance(made, dict) and isinstance(printed, dict):
        for key in sorted(made.keys() | printed.keys()):
            inner = f"{path}.{key}" if path else str(key)
            yield from _compare(inner, made.get(key), printed.get(key), only_figures=only_figures)
    elif isinstance(made, list) and isinstance(printed, list) and len(made) == len(printed):
        for number, (one, other) in enumerate(zip(made, printed, strict=True)):
            yield from _compare(f"{path}[{number}]", one, other, only_figures=only_figures)
    elif made != printed and not (only_figures and _is_words(made) and _is_words(printed)):
        yield path, _shown(made), _shown(printed)


def _is_words(value: object) -> bool:
    return value is None or isinstance(value, str)


def _shown(value: object) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)[:120]
