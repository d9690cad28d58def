import asyncio
import gc
import threading
import weakref
from types import SimpleNamespace
from typing import Any

import pytest

from app.engine.errors import OperatorError, StoreFull
from tests.unit.engine.made import CHANGELOG, SOURCE
from tests.unit.engine.takeover_bench import OTHER, World
from tests.unit.engine.workbench import until


async def test_a_partition_is_fenced_then_restored_then_checked_then_active(world: World) -> None:
    world.assigned = {SOURCE}
    await world.take_over()
    assert world.notes == ["fence id-0", f"restore {CHANGELOG} [0]", "check 0", "activate [0]"]
    assert world.app.producers.keys() == {SOURCE}


async def test_all_are_fenced_at_once_and_before_the_first_is_restored(world: World) -> None:
    world.at_once = threading.Barrier(2)
    await world.take_over()
    assert sorted(world.notes[:2]) == ["fence id-0", "fence id-1"]
    assert world.notes[2] == f"restore {CHANGELOG} [0, 1]"
    assert {tp: producer.seconds for tp, producer in world.app.producers.items()} == {SOURCE: 15.0, OTHER: 15.0}


async def test_each_assignment_has_producers_of_its_own(world: World) -> None:
    await world.take_over()
    world.notes.clear()
    world.assigned = {OTHER}
    before = world.app.producers[OTHER]
    await world.take_over()
    assert world.app.producers[OTHER] is not before
    assert world.notes == ["fence id-1", f"restore {CHANGELOG} [1]", "check 1", "activate [1]"]
    assert world.app.producers.keys() == {OTHER}


@pytest.mark.parametrize("again", [False, True])
async def test_a_producer_that_only_its_own_failure_holds_is_let_go_before_the_next_is_made(
    world: World, again: bool
) -> None:
    await world.take_over()
    old = world.app.producers[SOURCE]
    old.failure = SimpleNamespace(raised_by=old)
    gone = weakref.ref(old, lambda _: world.notes.append("let go"))
    world.notes.clear()
    del old
    gc.disable()
    try:
        await (asyncio.to_thread(world.takeover.again, SOURCE, lambda: True) if again else world.take_over())
    finally:
        gc.enable()
    assert gone() is None
    assert world.notes[0] == "let go"


async def test_without_partitions_nothing_is_active(world: World) -> None:
    world.assigned = set()
    await world.take_over()
    assert world.notes[-1] == "activate []"
    assert world.app.producers == {}


async def test_what_remains_and_when_the_broker_was_asked_are_known_meanwhile(world: World) -> None:
    assert (world.takeover.records_to_restore(), world.takeover.asked_at) == (0, 0.0)
    world.go_on.clear()
    taking_over = asyncio.ensure_future(world.take_over())
    await asyncio.to_thread(world.restoring.wait, 10)
    assert world.takeover.records_to_restore() == 1000
    assert world.takeover.asked_at >= 12_345.0
    world.go_on.set()
    await taking_over
    assert world.takeover.records_to_restore() == 0


@pytest.mark.parametrize("why", ["generation", "stop"])
async def test_what_nobody_waits_for_is_not_taken_over(world: World, why: str) -> None:
    world.go_on.clear()
    taking_over = asyncio.ensure_future(world.take_over())
    await asyncio.to_thread(world.restoring.wait, 10)
    if why == "stop":
        world.app.should_stop = True
    else:
        world.app.consumer_generation_id = 8
    world.go_on.set()
    await taking_over
    assert not any(note.startswith(("check", "activate")) for note in world.notes)
    assert world.crashes == []


async def test_a_generation_that_has_passed_fences_nobody(world: World) -> None:
    with world.takeover._one_at_a_time:
        overtaken = asyncio.ensure_future(world.take_over())
        await asyncio.wait({overtaken}, timeout=0.05)
        world.app.consumer_generation_id = 8
    await overtaken
    assert world.notes == []


async def test_a_takeover_that_a_rebalance_cut_short_ends_before_the_next_begins(world: World) -> None:
    world.go_on.clear()
    first = asyncio.ensure_future(world.take_over())
    await asyncio.to_thread(world.restoring.wait, 10)
    first.cancel()
    await asyncio.wait({first})
    settling = asyncio.ensure_future(world.takeover.settled())
    world.notes.clear()
    world.app.consumer_generation_id = 8
    second = asyncio.ensure_future(world.take_over())
    done, _ = await asyncio.wait({settling, second}, timeout=0.05)
    assert not done, "the databases stay open, and nobody is fenced, while a thread still restores"
    assert world.notes == []
    world.go_on.set()
    await settling
    await second
    assert world.notes[-1] == "activate [0, 1]"
    assert world.crashes == []


@pytest.mark.parametrize("where", ["fence", "restore", "check", "listener"])
async def test_an_error_ends_the_worker(world: World, where: str) -> None:
    error = OperatorError("made with other settings")

    def fail(*_: Any) -> None:
        raise error

    if where == "fence":
        world.fenced = fail  # type: ignore[method-assign, assignment]
    elif where == "restore":
        world.failure = error
    else:
        setattr(world.table, {"check": "check", "listener": "activate"}[where], fail)
    with pytest.raises(OperatorError):
        await world.take_over()
    assert world.crashes == [error]
    assert not any(note.startswith("activate") for note in world.notes)


async def test_a_rebalance_while_the_worker_stops_is_no_error(world: World) -> None:
    """There are no threads any more then."""
    world.app.threads.shutdown()
    await world.takeover.on_rebalance_complete()
    assert world.notes == []
    await world.takeover.settled()


async def test_nothing_needs_to_settle_before_the_first(world: World) -> None:
    await asyncio.wait_for(world.takeover.settled(), 5)


async def test_while_the_disk_is_full_a_takeover_waits_and_says_so(world: World) -> None:
    world.failure = StoreFull("the disk is full")
    taking = asyncio.ensure_future(world.take_over())
    await until(lambda: bool(world.app.waits))
    assert list(world.app.waits.values()) == ["the disk is full"]
    assert not taking.done()
    world.failure = None
    await taking
    assert world.notes[-1] == "activate [0, 1]"
    assert (world.app.waits, world.crashes) == ({}, [])


async def test_a_takeover_that_waits_for_room_ends_with_its_worker(world: World) -> None:
    world.failure = StoreFull("the disk is full")
    taking = asyncio.ensure_future(world.take_over())
    await until(lambda: bool(world.app.waits))
    world.app.should_stop = True
    await taking
    assert not [note for note in world.notes if note.startswith("activate")]
    assert (world.app.waits, world.crashes) == ({}, [])
