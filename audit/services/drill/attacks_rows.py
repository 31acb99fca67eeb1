"""Attacks with nothing but the database: rows edited, deleted, swapped, exchanged."""

from hashlib import sha256

from audit.services.drill.forging import read_story
from audit.services.drill.places import latest
from audit.services.drill.scene import NotApplicable, Scene
from audit.services.verifying.check_12_reports import report_file
from audit.storage import derived, tampering
from audit.storage.engine import read
from audit.storage.tampering import as_administrator

_MORE_UG = 5_000
_SIGNED = ("waste_recorded", "receipt_recorded", "person_enrolled")
_A_POSTING = ("dose_drawn", "receipt_recorded", "inventory_taken")


def edit_row(scene: Scene) -> None:
    """Let the first waste, receipt or person say another time, in its bytes alone."""
    with as_administrator(scene.engine) as conn:
        story = read_story(conn, scene.site)
        at = next(at for at, told in enumerate(story) if told.kind in _SIGNED)
        body = derived.body_at(conn, scene.site, at) or b""
        old, new = str(story[at].act["occurred_ms"]), str(int(str(story[at].act["occurred_ms"])) - 60_000)
        tampering.replace_body(
            conn, scene.site, at, body.replace(f'"occurred_ms":{old}'.encode(), f'"occurred_ms":{new}'.encode())
        )


def delete_row(scene: Scene) -> None:
    """Delete the row in the middle of what the head on paper covers."""
    with as_administrator(scene.engine) as conn:
        middle = scene.outside.paper_size // 2
        tampering.delete_entries(conn, scene.site, middle, middle + 1)


def swap_rows(scene: Scene) -> None:
    """Let the two rows in the middle of what the head on paper covers change places."""
    with as_administrator(scene.engine) as conn:
        middle = scene.outside.paper_size // 2
        tampering.swap_entries(conn, scene.site, middle, middle + 1)


def cut_rows(scene: Scene) -> None:
    """Delete the last rows and leave the head and its checkpoints."""
    with as_administrator(scene.engine) as conn:
        tampering.delete_entries(conn, scene.site, derived.count(conn, scene.site) - 3)


def delete_seal(scene: Scene) -> None:
    """Delete one sealed value with the key it alone used."""
    with as_administrator(scene.engine) as conn:
        rows = list(derived.sealed_rows(conn, scene.site))
        if not rows:
            raise NotApplicable("no sealed value")
        row = rows[0]
        tampering.drop_seal(conn, scene.site, row.index, row.field)


def exchange_seals(scene: Scene) -> None:
    """Let what was sealed for two entries change places."""
    with as_administrator(scene.engine) as conn:
        by_field: dict[str, list[int]] = {}
        for row in derived.sealed_rows(conn, scene.site):
            by_field.setdefault(row.field, []).append(row.index)
        name = next((name for name, places in by_field.items() if len(places) > 1), None)
        if name is None:
            raise NotApplicable("no two sealed values of one kind")
        tampering.exchange_seals(conn, scene.site, name, (by_field[name][0], by_field[name][1]))


def change_posting(scene: Scene) -> None:
    """Let the derived tables say that more was moved than the entry does."""
    with as_administrator(scene.engine) as conn:
        at = latest(read_story(conn, scene.site), *_A_POSTING, missing="no movement of the drug")
        tampering.change_postings(conn, scene.site, at, more_ug=_MORE_UG)


def exchange_report(scene: Scene) -> None:
    """Put another file in the place of a stored report."""
    with read(scene.engine) as conn:
        story = read_story(conn, scene.site)
    at = latest(story, "report_issued", missing="no report")
    folder = scene.installation.reports
    path = report_file(folder, str(story[at].facts["report"])) if folder is not None else None
    if path is None or not path.exists():
        raise NotApplicable("no report in its folder")
    other = b"%PDF-1.7\n% another report " + sha256(path.read_bytes()).hexdigest().encode() + b"\n%%EOF\n"
    path.unlink()  # never through a link into a file that is not this scene's
    path.write_bytes(other)


def strip_cosignatures(scene: Scene) -> None:
    """Delete every cosigner's line."""
    with as_administrator(scene.engine) as conn:
        if not tampering.drop_cosignatures(conn, scene.site):
            raise NotApplicable("no cosigner's line")
