import asyncio
import gc
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any, cast

import pytest
from faust.types import TP

from app.engine.errors import Fenced, OperatorError, StoreFull
from app.engine.takeover import Takeover
from tests.unit.engine.made import CHANGELOG, SOURCE
from tests.unit.engine.workbench import FakeTable, until

OTHER = TP(SOURCE.topic, 1)
FOREIGN = TP("read by nobody's table", 0)


class FakeProducer:
    def __init__(self, world: "World", config: Mapping[str, Any], id_: str, seconds: float) -> None:
        self.world, self.id, self.seconds = world, id_, seconds

    def fence(self, should_continue: Callable[[], bool]) -> None:
        self.world.fenced(self.id)
        if not should_continue():
            raise Fenced("nobody waits")


class FakeRestorer:
    def __init__(self, world: "World", config: Mapping[str, Any], topic: str, table: Any) -> None:
        self.world, self.topic = world, topic
        self.remaining: dict[int, int] = {}
        self.asked_at = 0.0

    def restore(self, partitions: set[int], should_continue: Callable[[], bool]) -> int:
        self.world.notes.append(f"restore {self.topic} {sorted(partitions)}")
        self.remaining = dict.fromkeys(partitions, 500)
        self.asked_at = 12_345.0
        self.world.restoring.set()
        assert self.world.go_on.wait(10)
        if not should_continue():
            raise Fenced("nobody waits")
        if self.world.failure:
            raise self.world.failure
        self.remaining = {}
        return 500 * len(partitions)


class World:
    """An app in generation 7 that was assigned two partitions, and all that a takeover touches."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.lock = threading.Lock()
        self.restoring, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()
        self.failure: Exception | None = None
        self.at_once = threading.Barrier(1)
        self.table = cast(Any, FakeTable(self.notes))
        self.table.source_topic = SOURCE.topic
        self.table.check = lambda partition: self.notes.append(f"check {partition}")
        self.table.activate = lambda partitions: self.notes.append(f"activate {sorted(partitions)}")
        self.assigned = {SOURCE, OTHER, FOREIGN}
        self.crashes: list[BaseException] = []
        app = SimpleNamespace(
            options=SimpleNamespace(
                producer={}, consumer={}, transaction_seconds=15.0, transactional_id=lambda tp: f"id-{tp.partition}"
            ),
            consumer_generation_id=7,
            should_stop=False,
            producers={},
            threads=ThreadPoolExecutor(4),
            batch_consumer=SimpleNamespace(stream_tps=lambda: self.assigned),
            stream_tables=lambda: {SOURCE.topic: self.table},
            crash=self.crash,
            waits={},
        )
        self.app = cast(Any, app)
        self.takeover = Takeover(
            self.app,
            producer=lambda *given: cast(Any, FakeProducer(self, *given)),
            restorer=lambda *given: cast(Any, FakeRestorer(self, *given)),
        )

    def fenced(self, id_: str) -> None:
        self.at_once.wait(10)
        with self.lock:
            self.notes.append(f"fence {id_}")

    async def crash(self, error: BaseException) -> None:
        self.crashes.append(error)

    async def take_over(self) -> None:
        await asyncio.wait_for(self.takeover.on_rebalance_complete(), 10)


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.go_on.set()
    made.app.threads.shutdown()


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


async def test_a_partition_taken_over_again_on_a_full_disk_is_taken_over_once_more(world: World) -> None:
    await world.take_over()
    world.failure = StoreFull("the disk is full")
    with pytest.raises(StoreFull):
        await asyncio.to_thread(world.takeover.again, SOURCE, lambda: True)
    assert world.app.producers[SOURCE].spent_at > 0
    world.failure = None
    assert await asyncio.to_thread(world.takeover.again, SOURCE, lambda: True) is world.app.producers[SOURCE]
