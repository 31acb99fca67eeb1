import pytest

from audit.domain import commands, events
from audit.domain.fold import fold
from audit.domain.needs import needed_keys, references
from audit.domain.sealed import SEALED_FIELDS, check_sealed
from audit.domain.wire import KINDS, codec
from tests.domain.moves import play
from tests.domain.paper import Paper, refused

REF = commands.Ref(index=7, leaf="ab" * 32)
LOT = commands.LotArrived(product="pr_0001", lot="L1", expiry="2028-04-30", containers=("c_0001", "c_0002"))
ACTOR = {"log:site", "person:p_0001"}


@pytest.mark.parametrize(
    ("command", "keys"),
    [
        (
            commands.TakeInventory(inventory="i_0001", business_time="opening", lots=(LOT,)),
            {"inventory:i_0001", "product:pr_0001", "container:c_0001", "container:c_0002", "series:labels"},
        ),
        (
            commands.DrawDose(
                session="s_0001", syringe="c_0009", parts=(commands.Part(container="c_0001", volume_ul=1),)
            ),
            {"session:s_0001", "container:c_0009", "container:c_0001", "series:syringes"},
        ),
        (
            commands.OpenSession(
                session="s_0001", patient="pt_0001", prescriber="p_0002", dose_ug=1, route="iv", duration_min=1
            ),
            {"session:s_0001", "patient:pt_0001", "person:p_0002", "series:sessions"},
        ),
        (
            commands.ConfirmCount(
                of=REF, count="n_0001", lots=(events.LotFound(product="pr_0001", lot="L1", containers=1),)
            ),
            {"entry:7", "count:n_0001", "product:pr_0001", "lot:pr_0001:L1"},
        ),
        (
            commands.CloseCase(case="k_0001", outcome="loss", containers=("c_0001", "c_0002")),
            {"case:k_0001", "container:c_0001", "container:c_0002"},
        ),
        (commands.StrikeEntry(of=REF, reason="mistyped"), {"entry:7"}),
        (events.PersonEnded(person="p_0002", reason="left"), {"person:p_0002"}),
    ],
)
def test_all_that_a_command_names_is_loaded_before_it_is_judged(command, keys):
    assert needed_keys(command, "p_0001") == keys | ACTOR


def test_an_enrolment_looks_for_its_name_and_for_anybody_before():
    enrolled = events.PersonEnrolled(
        person="p_0002", name="RN C. Placeholder", sign_in="C.Example", profession="nurse", roles=("clinician",)
    )
    assert needed_keys(enrolled, "p_0001") == {"person:p_0002", "sign_in:c.example", "series:persons"} | ACTOR


@pytest.mark.parametrize("garbage", ["", "hello", "x_0001", "c", "_", "☃"])
def test_what_is_no_identifier_is_unknown_not_a_fault(paper, garbage):
    assert needed_keys(commands.ReadRemainder(container=garbage, volume_ul=1), "p_0001") <= ACTOR | {"container:c"}
    with refused("unknown_container", "container"):
        paper.read("A", garbage, 1)


def test_a_command_refers_to_the_entries_it_names():
    assert references(commands.WitnessWaste(of=REF, container="c_0001")) == (REF,)
    assert references(commands.ReadRemainder(container="c_0001", volume_ul=1)) == ()


@pytest.mark.parametrize("kind", SEALED_FIELDS)
def test_only_the_listed_fields_of_a_kind_are_sealed(kind):
    check_sealed(kind, SEALED_FIELDS[kind])
    assert kind in KINDS
    with refused("unknown_sealed_field", "shoe_size"):
        check_sealed(kind, [*SEALED_FIELDS[kind], "shoe_size"])


def test_a_kind_that_is_not_listed_seals_nothing():
    check_sealed("receipt_recorded", ())
    with refused("unknown_sealed_field", "note"):
        check_sealed("receipt_recorded", ["note"])


def test_no_sealed_field_is_also_a_fact():
    for kind, fields in SEALED_FIELDS.items():
        assert fields.isdisjoint(slot.key for slot in codec(KINDS[kind]).slots)


@pytest.mark.parametrize("seed", range(6))
def test_the_fold_accepts_any_part_of_a_history(seed):
    """The book of some keys lacks what the others tell; folding it must never fail."""
    import random

    chance = random.Random(seed)
    paper = Paper()
    play(
        paper,
        [(chance.randrange(15), chance.randrange(99), chance.randrange(99), chance.randrange(1200)) for _ in range(40)],
    )
    for _ in range(40):
        part = [entry for entry in paper.log if chance.random() < 0.5]
        assert fold(part).entries.keys() == {entry.index for entry in part}
    for entry in paper.log:
        alone = fold([entry])
        assert alone.entries == {entry.index: entry}


def test_a_product_registered_after_its_vials_were_read_gives_them_their_strength(paper):
    (vial,) = paper.receive(count=1)
    backwards = fold(paper.log)
    without = fold([entry for entry in paper.log if not isinstance(entry.event, events.ProductRegistered)])
    assert backwards.containers[vial].concentration_ug_per_ml == 50_000
    assert without.containers[vial].concentration_ug_per_ml == 1


def test_a_volume_is_shown_for_a_mass_in_a_diluted_syringe(paper):
    (vial,) = paper.receive(count=1)
    syringe = paper.draw("A", paper.open_session(), vial, 700, total_ul=50_000)
    assert paper.book().containers[syringe].volume_in(17_500) == 25_000
    assert paper.book().containers[vial].volume_in(17_500) == 350
