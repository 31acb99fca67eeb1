"""Several processes, and processes killed at any moment: one unbroken chain, nothing acknowledged is lost."""

import random
from pathlib import Path

import pytest

from audit.services.publish import Standing
from audit.services.watch import Watch
from audit.storage import checkpoints, log
from audit.storage.engine import read
from tests import oracle
from tests.clinic import Clinic
from tests.faults.nursery import Nursery

KILLS = 20
ACTS = 25


@pytest.fixture
def nursery(clinic, migrated_url, tmp_path: Path):
    """Writers beside the clinic's own process."""
    clinic.checkpoint()
    clinic.register.engine.dispose()
    with Nursery(clinic, migrated_url, tmp_path) as started:
        yield started


def _leaves(clinic: Clinic) -> dict[int, str]:
    with read(clinic.register.engine) as conn:
        return {entry.index: entry.leaf.hex() for entry in log.entries(conn, clinic.register.site)}


def test_two_processes_writing_at_once_give_one_unbroken_chain(clinic, nursery, migrated_url):
    before = len(_leaves(clinic))
    writers = [nursery.start(clinic.people[who], acts=ACTS) for who in "AM"]
    for _ in writers:
        nursery.until("ended")
    leaves = _leaves(clinic)
    assert len(nursery.acknowledged) == 2 * 2 * ACTS
    assert nursery.acknowledged.items() <= leaves.items()
    # Each act is a patient and a receipt, and the signature over the patient's registration.
    assert len(leaves) == before + 2 * 3 * ACTS
    assert oracle.check(migrated_url) == len(leaves)


def test_a_writer_killed_at_any_moment_loses_nothing_it_acknowledged(clinic, nursery, migrated_url):
    chance = random.Random(417)
    kills = acknowledging = 0
    for _ in range(KILLS):
        heard = len(nursery.acknowledged)
        writer = nursery.start(clinic.people[chance.choice("AM")])
        for _ in range(chance.randrange(4)):
            nursery.until("wrote")
        nursery.listen(chance.random() * 0.06)
        nursery.kill(writer)
        kills += 1
        acknowledging += len(nursery.acknowledged) > heard
        assert nursery.acknowledged.items() <= _leaves(clinic).items()
    assert kills == KILLS
    assert acknowledging >= KILLS // 3
    oracle.check(migrated_url)
    _is_ready_again(clinic)
    assert nursery.acknowledged.items() <= _leaves(clinic).items()


def _is_ready_again(clinic: Clinic) -> None:
    """The next start needs nobody: it signs what came, and writing goes on."""
    watch = Watch(clinic.register, clinic.signer)
    assert watch.look() in {Standing.EQUAL, Standing.AHEAD}
    assert watch.look() is Standing.EQUAL
    clinic.clock.now_ms += 10**9
    clinic.register_patient()
    clinic.checkpoint()
    with read(clinic.register.engine) as conn:
        size = log.head(conn, clinic.register.site).size
        assert checkpoints.latest(conn, clinic.register.site).size == size
    assert clinic.signer.held(clinic.register.origin).size == size


def test_what_was_acknowledged_is_kept_outside_the_killed_process(clinic, nursery, tmp_path):
    writer = nursery.start(clinic.people["A"])
    nursery.until("wrote")
    nursery.kill(writer)
    kept = {line.split()[3] for line in (tmp_path / "acknowledged").read_text().splitlines()}
    assert kept == set(nursery.acknowledged.values())
    assert kept <= set(_leaves(clinic).values())
