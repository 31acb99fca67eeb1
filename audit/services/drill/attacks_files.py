"""Attacks on what left the house: a report in its reader's hands."""

from datetime import UTC, datetime

from audit.reports import tampered
from audit.services.drill.forging import read_story
from audit.services.drill.scene import Scene
from audit.storage.engine import read

_SERIAL_BYTES = 16


def flip_bytes(scene: Scene) -> None:
    """Flip bits in a report."""
    scene.pdf = tampered.flip_bytes(scene.need_pdf())


def swap_attachment(scene: Scene) -> None:
    """Give a report other evidence by an update after its signature."""
    scene.pdf = tampered.swap_attachment(scene.need_pdf())


def strip_signature(scene: Scene) -> None:
    """Take the signature off a report."""
    scene.pdf = tampered.strip_signature(scene.need_pdf())


def sign_again(scene: Scene) -> None:
    """Sign a report with another certificate in the clinic's name."""
    with read(scene.engine) as conn:
        clinic = str(read_story(conn, scene.site)[0].facts["clinic"])
    now = datetime.fromtimestamp(scene.register.clock() // 1000, UTC)
    serial = int.from_bytes(scene.random(_SERIAL_BYTES)) >> 1 | 1
    scene.pdf = tampered.sign_again(scene.need_pdf(), name=clinic, when=now, serial=serial)
