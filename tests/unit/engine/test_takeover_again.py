"""One partition is taken over once more, for its producer is spent."""

import asyncio

import pytest

from app.engine.errors import Fenced, OperatorError, StoreFull
from tests.unit.engine.made import CHANGELOG, SOURCE
from tests.unit.engine.takeover_bench import OTHER, World


async def test_one_partition_is_taken_over_again_without_the_others(world: World) -> None:
    await world.take_over()
    before = dict(world.app.producers)
    world.notes.clear()
    made = await asyncio.to_thread(world.takeover.again, OTHER, lambda: True)
    assert world.notes == ["fence id-1", f"restore {CHANGELOG} [1]"]
    assert world.app.producers == {SOURCE: before[SOURCE], OTHER: made}
    assert made is not before[OTHER]


async def test_one_partition_is_not_taken_over_again_by_whom_nobody_waits_for(world: World) -> None:
    await world.take_over()
    world.notes.clear()
    with pytest.raises(Fenced):
        await asyncio.to_thread(world.takeover.again, OTHER, lambda: False)
    assert world.notes == [], "it would fence a producer that has the partition now"
    assert world.app.producers.keys() == {SOURCE, OTHER}


async def test_a_takeover_that_fails_on_the_way_leaves_no_producer(world: World) -> None:
    await world.take_over()
    world.failure = OperatorError("the changelog cannot be read")
    with pytest.raises(OperatorError):
        await asyncio.to_thread(world.takeover.again, OTHER, lambda: True)
    assert world.app.producers.keys() == {SOURCE}


async def test_a_thread_that_takes_over_again_waits_for_a_takeover_and_then_sees_that_it_came_too_late(
    world: World,
) -> None:
    await world.take_over()
    world.restoring.clear()
    world.go_on.clear()
    world.app.consumer_generation_id = 8
    taking_over = asyncio.ensure_future(world.take_over())
    await asyncio.to_thread(world.restoring.wait, 10)
    again = asyncio.ensure_future(
        asyncio.to_thread(world.takeover.again, OTHER, lambda: world.app.consumer_generation_id == 7)
    )
    done, _ = await asyncio.wait({again}, timeout=0.05)
    assert not done
    world.go_on.set()
    with pytest.raises(Fenced, match="assigned again"):
        await again
    await taking_over
    assert world.app.producers.keys() == {SOURCE, OTHER}


async def test_a_takeover_waits_for_a_thread_that_takes_over_again(world: World) -> None:
    await world.take_over()
    world.restoring.clear()
    world.go_on.clear()
    again = asyncio.ensure_future(asyncio.to_thread(world.takeover.again, OTHER, lambda: True))
    await asyncio.to_thread(world.restoring.wait, 10)
    world.notes.clear()
    taking_over = asyncio.ensure_future(world.take_over())
    done, _ = await asyncio.wait({taking_over}, timeout=0.05)
    assert not done
    assert world.notes == [], "rows that one restores must not be overtaken by older ones of the other"
    world.go_on.set()
    made = await again
    await taking_over
    assert world.notes[-1] == "activate [0, 1]"
    assert world.app.producers[OTHER] is not made, "and the later one fences the earlier"


async def test_a_partition_taken_over_again_on_a_full_disk_is_taken_over_once_more(world: World) -> None:
    await world.take_over()
    world.failure = StoreFull("the disk is full")
    with pytest.raises(StoreFull):
        await asyncio.to_thread(world.takeover.again, SOURCE, lambda: True)
    assert world.app.producers[SOURCE].spent_at > 0
    world.failure = None
    assert await asyncio.to_thread(world.takeover.again, SOURCE, lambda: True) is world.app.producers[SOURCE]
