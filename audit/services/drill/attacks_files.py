"""Attacks on what left the house: a report or evidence in its reader's hands, a mirror."""

from dataclasses import replace
from datetime import UTC, datetime

from audit.reports import tampered
from audit.reports.evidence import read_evidence
from audit.services.drill.attacks_history import rewrite_from
from audit.services.drill.forging import read_story, retold, story_of
from audit.services.drill.scene import Scene
from audit.services.mirror import mirror
from audit.storage import tampering
from audit.storage.engine import open_engine, read
from audit.storage.upgrade import upgrade
from audit.tlog.checkpoint import Checkpoint, sign
from audit.tlog.keys import SEED_BYTES, SigningKey

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


def remake_evidence(scene: Scene) -> None:
    """Make evidence anew under a fresh key: told from the first entry on as if the log had always had that key."""
    files = read_evidence(scene.need_pdf())
    fresh = SigningKey(scene.origin, scene.random(SEED_BYTES))
    story = story_of(files["entries.jsonl"].splitlines())
    opened = replace(story[0], act=story[0].act | {"facts": story[0].facts | {"log_key": fresh.verifier.to_string()}})
    bodies, root = retold([opened, *story[1:]], scene.origin, scene.stolen.service_key)
    note = sign(Checkpoint(scene.origin, len(bodies), root), fresh)
    scene.evidence = files | {
        "checkpoint": note.encode(),
        "vkey": b"\n".join([fresh.verifier.to_string().encode(), *files["vkey"].split(b"\n")[1:]]),
        "entries.jsonl": b"".join(body + b"\n" for body in bodies),
    }


def forge_mirror(scene: Scene) -> None:
    """Serve a mirror of a forged log: entries, tiles and checkpoint fit together, and the log's key signed it."""
    scene.stolen.need_log_key()
    path = scene.folder / "forged.db"
    upgrade(f"sqlite:///{path}")
    engine = open_engine(f"sqlite:///{path}")
    try:
        tampering.copy_database(scene.engine, engine)
        forged = replace(scene, register=replace(scene.register, engine=engine))
        rewrite_from(forged, max(scene.outside.paper_size // 2, 1))
        scene.mirror = scene.folder / "forged-mirror"
        mirror(forged.register, scene.mirror)
    finally:
        engine.dispose()
