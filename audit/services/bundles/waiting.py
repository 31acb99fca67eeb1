"""Bundles that wait to be fetched, and the patients that somebody names by the short form of their pseudonyms."""

import re
from pathlib import Path

from audit.domain.errors import Refused
from audit.services.register import Register
from audit.storage import registers
from audit.storage.engine import read

KEPT_MS = 60 * 60_000
"""How long a bundle waits; then it is made again if somebody needs it."""
_MOST_PATIENTS = 200
_NS_PER_MS = 1_000_000
_NAMED = re.compile(r"(?:P-|pt_)?([0-9a-z]{4,32})", re.IGNORECASE)


def remove_late(folder: Path, now_ms: int) -> None:
    """Remove bundles that nobody fetched in time; what cannot be removed is tried again next time."""
    for path in folder.glob("rp_*.zip"):
        try:
            if now_ms - path.stat().st_mtime_ns // _NS_PER_MS > KEPT_MS:
                path.unlink()
        except OSError:
            continue


def find_patients(register: Register, typed: str) -> tuple[str, ...]:
    """Return the patients named in a list such as `P-4f2a1c, P-09be77`, each once, in order.

    Raises:
        Refused: `unknown_patient_named` for a name that is nobody's or more than one patient's; `too_many_patients`.
    """
    with read(register.engine) as conn:
        known = registers.keyed(conn, register.site, "patient")
    found: dict[str, None] = {}
    for word in re.split(r"[\s,;]+", typed.strip()):
        named = _NAMED.fullmatch(word)
        matching = [one for one in known if named and one.startswith(f"pt_{named[1].lower()}")]
        if len(matching) != 1:
            raise Refused("unknown_patient_named", "patients", met=word[:40], count=len(matching))
        found[matching[0]] = None
    if len(found) > _MOST_PATIENTS:
        raise Refused("too_many_patients", "patients", most=_MOST_PATIENTS)
    return tuple(found)
