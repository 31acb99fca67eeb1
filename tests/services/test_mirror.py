"""The mirror of a log: whole under its checkpoint at every moment, caught up, repaired, and never led astray."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import text

from audit.domain.errors import Refused
from audit.services import mirror as mirrors
from audit.services.mirror import MirrorRefused, folder_of, mirror, read_mirror
from audit.services.tiles import extension, head_on_paper, newest, tile_at
from audit.storage import log
from audit.storage.engine import read
from audit.tlog.merkle import verify_consistency
from audit.tlog.paper import parse_head
from audit.tlog.tile import TileMaker, tiles_of
from tests.clinic import Clinic
from tests.faults.lived import without_guards


def bodies(clinic: Clinic) -> list[bytes]:
    with read(clinic.register.engine) as conn:
        return [one.body for one in log.entries(conn, clinic.register.site)]


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def live(clinic: Clinic, products: int = 3) -> None:
    for _ in range(products):
        clinic.register_patient()
    clinic.checkpoint()


def test_the_mirror_is_the_log_as_tiles_with_its_checkpoint_and_nothing_else(clinic: Clinic, tmp_path: Path) -> None:
    live(clinic, 300)
    kept = mirror(clinic.register, tmp_path / "mirror")
    assert kept is not None
    assert kept.size > 256
    here = folder_of(tmp_path / "mirror", clinic.register.origin)
    assert here == tmp_path / "mirror" / "example-clinic"
    assert files(here) == {"checkpoint"} | {tile.path for tile in tiles_of(kept.size)}
    made: dict[str, bytes] = {}
    maker = TileMaker(lambda tile, data: made.__setitem__(tile.path, data))
    for body in bodies(clinic):
        maker.push(body)
    maker.finish()
    assert {name: (here / name).read_bytes() for name in made} == made
    assert (here / "checkpoint").read_text() == kept.note


def test_the_mirror_catches_up_and_drops_the_tiles_that_grew(clinic: Clinic, tmp_path: Path) -> None:
    live(clinic)
    mirror(clinic.register, tmp_path)
    live(clinic)
    live(clinic, 5)
    kept = mirror(clinic.register, tmp_path)
    assert kept is not None
    here = folder_of(tmp_path, clinic.register.origin)
    assert files(here) == {"checkpoint"} | {tile.path for tile in tiles_of(kept.size)}


def test_the_mirror_is_read_back_entry_for_entry(clinic: Clinic, tmp_path: Path) -> None:
    live(clinic)
    mirror(clinic.register, tmp_path)
    found = read_mirror(tmp_path, clinic.register.origin, key=clinic.log_key)
    assert list(found.entries()) == bodies(clinic)
    assert found.checkpoint.size == len(bodies(clinic))


def test_a_lost_tile_is_written_again_and_a_shortened_one_too(clinic: Clinic, tmp_path: Path) -> None:
    live(clinic)
    kept = mirror(clinic.register, tmp_path)
    here = folder_of(tmp_path, clinic.register.origin)
    assert kept is not None
    entries, hashes = (here / tile.path for tile in tiles_of(kept.size))
    entries.unlink()
    hashes.write_bytes(hashes.read_bytes()[:-1])
    with pytest.raises(MirrorRefused, match="lacks tile/entries"):
        read_mirror(tmp_path, clinic.register.origin)
    mirror(clinic.register, tmp_path, thorough=True)
    assert len(list(read_mirror(tmp_path, clinic.register.origin).entries())) == kept.size
    assert hashes.stat().st_size == 32 * kept.size


def test_a_crash_before_the_checkpoint_leaves_the_mirror_as_it_was(
    clinic: Clinic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(clinic)
    kept = mirror(clinic.register, tmp_path)
    live(clinic)
    assert kept is not None
    written = mirrors._write

    def no_room(path: Path, content: bytes) -> None:
        if path.name == "checkpoint":
            raise OSError(28, "No space left on device")
        written(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(mirrors, "_write", no_room)
        with pytest.raises(OSError, match="No space"):
            mirror(clinic.register, tmp_path)
    assert read_mirror(tmp_path, clinic.register.origin).checkpoint.size == kept.size
    mirror(clinic.register, tmp_path)
    assert read_mirror(tmp_path, clinic.register.origin).checkpoint.size == len(bodies(clinic))


def test_a_mirror_that_knows_more_than_the_database_is_not_touched(clinic: Clinic, tmp_path: Path) -> None:
    live(clinic)
    kept = mirror(clinic.register, tmp_path)
    live(clinic)
    mirror(clinic.register, tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in files(tmp_path / ".") if "example" in name}
    with without_guards(clinic) as conn:
        assert kept is not None
        conn.execute(text("DELETE FROM checkpoint WHERE size > :size"), {"size": kept.size})
    with pytest.raises(MirrorRefused, match="the mirror holds"):
        mirror(clinic.register, tmp_path)
    assert {name: (tmp_path / name).read_bytes() for name in before} == before


def test_an_entry_changed_in_the_database_does_not_get_into_the_mirror(clinic: Clinic, tmp_path: Path) -> None:
    live(clinic)
    with without_guards(clinic) as conn:
        if conn.dialect.name == "postgresql":
            conn.execute(text("ALTER TABLE log_entry DROP CONSTRAINT log_entry_leaf_is_of_body"))
        body = conn.scalar(text("SELECT body FROM log_entry WHERE idx = 2"))
        changed = bytes(body).replace(b"B. Ex", b"X. Ex")
        assert changed != body
        conn.execute(text("UPDATE log_entry SET body = :body WHERE idx = 2"), {"body": changed})
    with pytest.raises(MirrorRefused, match="not the one that was signed"):
        mirror(clinic.register, tmp_path)
    assert not (folder_of(tmp_path, clinic.register.origin) / "checkpoint").exists()
    with without_guards(clinic) as conn:
        conn.execute(text("UPDATE log_entry SET body = :body WHERE idx = 2"), {"body": body})


def test_a_mirror_of_another_log_or_changed_afterwards_is_refused(clinic: Clinic, tmp_path: Path) -> None:
    live(clinic)
    kept = mirror(clinic.register, tmp_path)
    assert kept is not None
    here = folder_of(tmp_path, clinic.register.origin)
    shutil.copytree(here, tmp_path / "other")
    with pytest.raises(MirrorRefused, match="expected a mirror of"):
        read_mirror(tmp_path, "audit.example.org/log/other")
    bundle = next(here / tile.path for tile in tiles_of(kept.size))
    bundle.write_bytes(bundle.read_bytes().replace(b"B. Ex", b"X. Ex"))
    with pytest.raises(MirrorRefused, match="lead to root"):
        read_mirror(tmp_path, clinic.register.origin)
    (here / "checkpoint").write_bytes(b"\x00" * 10)
    with pytest.raises(MirrorRefused, match="is no checkpoint"):
        mirror(clinic.register, tmp_path)
    with pytest.raises(MirrorRefused, match="no mirror"):
        read_mirror(tmp_path / "nowhere", clinic.register.origin)


def test_a_head_that_somebody_kept_is_shown_to_be_extended(clinic: Clinic) -> None:
    live(clinic)
    old = newest(clinic.register)
    live(clinic)
    new = newest(clinic.register)
    assert old is not None
    assert new is not None
    shown = extension(clinic.register, old.size, old.root.hex())
    assert (shown.size, shown.root, shown.note) == (new.size, new.root, new.note)
    verify_consistency(old=old.size, new=shown.size, old_root=old.root, new_root=shown.root, proof=shown.proof)
    assert extension(clinic.register, 0).proof == ()
    assert extension(clinic.register, new.size, new.root.hex()).proof == ()


def test_a_head_that_the_log_does_not_extend_is_refused(clinic: Clinic) -> None:
    live(clinic)
    kept = newest(clinic.register)
    assert kept is not None
    with pytest.raises(Refused, match="kept_head_differs"):
        extension(clinic.register, kept.size, "0" * 64)
    with pytest.raises(Refused, match="kept_head_ahead"):
        extension(clinic.register, kept.size + 1)


def test_tiles_are_given_out_up_to_the_newest_checkpoint_and_not_beyond(clinic: Clinic) -> None:
    assert tile_at(clinic.register, "tile/0/000.p/1") is None
    live(clinic)
    kept = newest(clinic.register)
    clinic.register_patient()
    assert kept is not None
    assert tile_at(clinic.register, f"tile/0/000.p/{kept.size}") is not None
    assert tile_at(clinic.register, f"tile/0/000.p/{kept.size + 1}") is None
    assert tile_at(clinic.register, "tile/0/../checkpoint") is None


def test_the_head_printed_on_paper_is_read_back_when_typed_in(clinic: Clinic) -> None:
    live(clinic)
    kept = newest(clinic.register)
    printed = head_on_paper(clinic.register)
    assert kept is not None
    assert printed is not None
    origin, size, root = printed
    head = parse_head(f"{origin} {size} {root}")
    assert (head.size, head.is_root(kept.root), head.is_short) == (kept.size, True, False)
