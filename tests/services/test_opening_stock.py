"""A long inventory is stated in parts, and a second count is divided over them without losing a container."""

from hypothesis import given, settings
from hypothesis import strategies as st

from audit.domain import events
from audit.domain.book import Recorded
from audit.domain.commands import LevelSeen, LotArrived
from audit.services.opening_stock import answers_to, in_parts

LOT = st.tuples(st.sampled_from(["pr_1", "pr_2"]), st.sampled_from(["EX-1", "EX-2", "EX-3"]), st.integers(1, 700))


def arrived(lots) -> tuple[LotArrived, ...]:
    made, number = [], 0
    for product, lot, count in lots:
        containers = tuple(f"c_{number + one:08x}" for one in range(count))
        made.append(LotArrived(product=product, lot=lot, expiry="2028-04-30", containers=containers))
        number += count
    return tuple(made)


def levels(count: int) -> tuple[LevelSeen, ...]:
    return tuple(
        LevelSeen(container=f"c_f{one:07x}", product="pr_1", lot="EX-1", expiry="2028-04-30", volume_ul=1000)
        for one in range(count)
    )


def recorded(parts) -> tuple[Recorded, ...]:
    return tuple(
        Recorded(
            index=index,
            leaf=f"{index:064x}",
            recorded_ms=0,
            occurred_ms=0,
            offset_min=0,
            actor="p_1",
            method="password_totp",
            event=events.InventoryTaken(
                inventory="i_1",
                business_time="opening",
                lots=tuple(
                    events.LotLine(
                        product=lot.product,
                        lot=lot.lot,
                        expiry=lot.expiry,
                        volume_ul=10_000,
                        mass_ug=500_000,
                        first_label=1,
                        containers=lot.containers,
                    )
                    for lot in part.lots
                ),
                opened=tuple(
                    events.LevelLine(
                        container=one.container,
                        product=one.product,
                        lot=one.lot,
                        expiry=one.expiry,
                        label=1,
                        volume_ul=one.volume_ul,
                        mass_ug=50_000,
                    )
                    for one in part.opened
                ),
                part=part.part,
                parts=part.parts,
            ),
        )
        for index, part in enumerate(parts)
    )


def test_nothing_on_hand_is_one_part_with_nothing_in_it() -> None:
    (part,) = in_parts("i_1", "opening", (), ())
    assert (part.part, part.parts, part.lots, part.opened) == (1, 1, (), ())


def test_three_hundred_containers_of_a_lot_are_one_part_and_one_more_is_two() -> None:
    assert len(in_parts("i_1", "opening", arrived([("pr_1", "EX-1", 300)]), ())) == 1
    assert len(in_parts("i_1", "opening", arrived([("pr_1", "EX-1", 301)]), ())) == 2


@settings(deadline=None, max_examples=60)
@given(lots=st.lists(LOT, max_size=6), opened=st.integers(0, 60))
def test_no_container_is_lost_or_doubled_and_no_part_is_too_large(lots, opened) -> None:
    stated = arrived(lots)
    parts = in_parts("i_1", "opening", stated, levels(opened))
    spread = [one for part in parts for lot in part.lots for one in lot.containers]
    assert spread == [one for lot in stated for one in lot.containers]
    assert sum(len(part.opened) for part in parts) == opened
    for part in parts:
        assert sum(len(lot.containers) for lot in part.lots) <= 300
        assert len(part.lots) + len(part.opened) <= 60


@settings(deadline=None, max_examples=60)
@given(lots=st.lists(LOT, max_size=6), found=st.lists(LOT, max_size=6), opened=st.integers(0, 20))
def test_the_answers_together_say_what_the_second_person_found(lots, found, opened) -> None:
    taken = recorded(in_parts("i_1", "opening", arrived(lots), levels(opened)))
    said = tuple(events.LotFound(product=product, lot=lot, containers=count) for product, lot, count in found)
    seen = tuple(events.LevelFound(container=one.container, volume_ul=900) for one in levels(opened))
    answers = answers_to(taken, said, seen)
    assert [answer.of for answer in answers] == [entry.ref for entry in taken]
    total: dict[tuple[str, str], int] = {}
    for answer in answers:
        for line in answer.lots:
            total[(line.product, line.lot)] = total.get((line.product, line.lot), 0) + line.containers
    expected: dict[tuple[str, str], int] = {}
    for product, lot, count in found:
        expected[(product, lot)] = expected.get((product, lot), 0) + count
    assert total == expected
    assert sorted(one.container for answer in answers for one in answer.opened) == sorted(
        one.container for one in levels(opened)
    )
