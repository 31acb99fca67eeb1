"""Attacks on what happened when, with stolen keys too: cut, rewritten, dropped, reordered, put in, dated."""

from collections.abc import Sequence
from dataclasses import replace

from audit.services.drill.forging import Told, append, later, person_act, read_story, service_act, sign_head, tell_anew
from audit.services.drill.places import HARMLESS, last_ms, latest
from audit.services.drill.scene import NotApplicable, Scene
from audit.storage import checkpoints, tampering
from audit.storage.engine import Connection
from audit.storage.tampering import as_administrator

_MINUTE_MS = 60_000
_DAY_MS = 24 * 60 * _MINUTE_MS
_CHANGES_ACCOUNTS = frozenset({"person_enrolled", "roles_changed", "password_set", "person_ended"})


def cut_and_sign(scene: Scene) -> None:
    """Cut the tail with everything that spoke of it, and sign the shorter head with the log's key."""
    with as_administrator(scene.engine) as conn:
        story = read_story(conn, scene.site)
        size = _older_size(scene, conn, story) + 1
        _cut(scene, conn, size)
        sign_head(scene, conn, size)


def rewrite(scene: Scene) -> None:
    """Tell everything after the head on paper anew, each act a minute earlier, and sign what the stolen keys can."""
    rewrite_from(scene, scene.outside.paper_size)


def rewrite_from(scene: Scene, start: int) -> None:
    """Tell everything from an entry on anew.

    Raises:
        NotApplicable: there is nothing after it, or the log's key is out of reach.
    """
    with as_administrator(scene.engine) as conn:
        story = read_story(conn, scene.site)
        _check_room(story, start)
        forged = [later(told, by_ms=-_MINUTE_MS) if told.method != "service" else told for told in story[start:]]
        tell_anew(scene, conn, [*story[:start], *forged], start, signed=True)


def drop_act(scene: Scene) -> None:
    """Leave out one genuine act before the head on paper, as if it had never been."""
    with as_administrator(scene.engine) as conn:
        story = read_story(conn, scene.site)
        found = [at for at, told in enumerate(story[: scene.outside.paper_size]) if told.kind in HARMLESS]
        unnamed = [at for at in found if not _is_needed(story, at)]
        if not unnamed:
            raise NotApplicable("no act before the head printed on paper that could be left out")
        at = unnamed[-1]
        tell_anew(scene, conn, [*story[:at], *story[at + 1 :]], at, signed=True)


def reorder_acts(scene: Scene) -> None:
    """Let two genuine acts after the head on paper change places, each as it was signed."""
    with as_administrator(scene.engine) as conn:
        story = read_story(conn, scene.site)
        start = _after_paper(scene, story)
        at = next((at for at in range(start, len(story) - 1) if _may_change_places(story[at], story[at + 1])), None)
        if at is None:
            raise NotApplicable("no two acts in a row that could change places")
        one, other = story[at], story[at + 1]
        moved = [replace(other, recorded_ms=one.recorded_ms), replace(one, recorded_ms=other.recorded_ms)]
        tell_anew(scene, conn, [*story[:at], *moved, *story[at + 2 :]], at, signed=True)


def insert_old(scene: Scene) -> None:
    """Put an act in among those after the head on paper, dated as its neighbours are."""
    with as_administrator(scene.engine) as conn:
        story = read_story(conn, scene.site)
        at = _after_paper(scene, story)
        put_in = _look_at_patient(scene, story, at_ms=story[at - 1].recorded_ms)
        tell_anew(scene, conn, [*story[:at], put_in, *story[at:]], at, signed=True)


def date_late_entry(scene: Scene) -> None:
    """Append an act that says it was recorded a day before the last token, or entry where there is no token."""
    with as_administrator(scene.engine) as conn:
        story = read_story(conn, scene.site)
        before_ms = _stamped_ms(story) if any(told.kind == "time_stamped" for told in story) else last_ms(story)
        append(scene, conn, _look_at_patient(scene, story, at_ms=before_ms - _DAY_MS))


def step_clock(scene: Scene) -> None:
    """State that the clock was put back a day before the last token, and append an act at that time."""
    with as_administrator(scene.engine) as conn:
        story = read_story(conn, scene.site)
        at_ms = _stamped_ms(story) - _DAY_MS
        facts: dict[str, object] = {"from_ms": last_ms(story), "to_ms": at_ms}
        stepped = service_act("clock_stepped", facts, at_ms=at_ms, nonce=scene.random(16).hex())
        append(scene, conn, stepped, _look_at_patient(scene, story, at_ms=at_ms))


def restore_backup(scene: Scene) -> None:
    """Put the database back to what it was at an earlier checkpoint."""
    with as_administrator(scene.engine) as conn:
        _cut(scene, conn, _older_size(scene, conn, read_story(conn, scene.site)))


def restore_and_continue(scene: Scene) -> None:
    """Put the database back, and let the service write on until the log is longer than before."""
    with as_administrator(scene.engine) as conn:
        story = read_story(conn, scene.site)
        _cut(scene, conn, _older_size(scene, conn, story))
        short = read_story(conn, scene.site)
        more = [
            _look_at_patient(scene, story, at_ms=last_ms(story) + number)
            for number in range(len(story) - len(short) + 2)
        ]
        append(scene, conn, *more)


def _cut(scene: Scene, conn: Connection, size: int) -> None:
    """Leave nothing that an older backup would not have, not even a token that was not named yet."""
    tampering.cut(conn, scene.site, size)
    named = {int(str(told.facts["size"])) for told in read_story(conn, scene.site) if told.kind == "time_stamped"}
    tampering.drop_tokens_but(conn, scene.site, named)


def _older_size(scene: Scene, conn: Connection, story: Sequence[Told]) -> int:
    """A size before the end, of a checkpoint where there is one, after which no account changed."""
    changed = max((at for at, told in enumerate(story) if told.kind in _CHANGES_ACCOUNTS), default=0)
    least = max(changed + 1, scene.outside.paper_size)
    if least >= len(story) - 1:
        raise NotApplicable("nothing but changes of accounts since the time of a backup")
    sizes = [one.size for one in checkpoints.every(conn, scene.site) if least <= one.size < len(story)]
    return sizes[0] if sizes else (least + len(story)) // 2


def _after_paper(scene: Scene, story: Sequence[Told]) -> int:
    _check_room(story, scene.outside.paper_size)
    return scene.outside.paper_size


def _check_room(story: Sequence[Told], start: int) -> None:
    if len(story) - start < 2:  # noqa: PLR2004 -- something must follow what is changed
        raise NotApplicable("no entries after the head printed on paper")


def _stamped_ms(story: Sequence[Told]) -> int:
    told = story[latest(story, "time_stamped", missing="no time authority's token")]
    return int(str(told.facts["gen_ms"]))


def _look_at_patient(scene: Scene, story: Sequence[Told], *, at_ms: int) -> Told:
    """An act of a person on the way that moves nothing: somebody looked at who a patient is."""
    at = latest(story, "patient_registered", missing="no patient")
    return person_act(
        story[at].actor,
        "patient_unmasked",
        {"patient": story[at].facts["patient"], "reason": "care"},
        at_ms=at_ms,
        nonce=scene.random(16).hex(),
        signature={"method": "signed_in"},
    )


def _is_needed(story: Sequence[Told], at: int) -> bool:
    """Whether a later act speaks of what this one brought into being."""
    made = [
        str(story[at].facts[name])
        for name in ("product", "patient")
        if story[at].kind.endswith("registered") and name in story[at].facts
    ]
    return any(name in str(told.act) for told in story[at + 1 :] for name in made)


def _may_change_places(one: Told, other: Told) -> bool:
    return (one.kind in HARMLESS and other.kind in HARMLESS and one.kind != other.kind) or (
        one.kind == other.kind == "patient_registered"
    )
