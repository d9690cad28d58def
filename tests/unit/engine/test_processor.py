"""What a batch goes through when all goes well; see test_processor_errors.py for the rest."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator

import pytest

from app.engine.batch import Batch
from app.engine.checkpoint import CHECKPOINT_KEY, Checkpoint
from app.engine.failpoints import Failpoint
from app.engine.in_hand import MOST_RECORDS
from tests.unit.engine.made import CHANGELOG, SOURCE, TOPIC_ID, Rec, records
from tests.unit.engine.workbench import OTHER, ProcessorBench, until


@pytest.fixture
async def bench() -> AsyncIterator[ProcessorBench]:
    """A worker in generation 7, confirmed for ever."""
    made = ProcessorBench()
    yield made
    for producer in made.app.producers.values():
        producer.go_on.set()


async def test_a_batch_is_committed_then_stored_then_acked_and_then_told(bench: ProcessorBench) -> None:
    bench.table.on_rows.append(lambda partition, rows: bench.notes.append(f"rows {partition} {sorted(rows)}"))
    bench.fetch(0, 1)
    await bench.run()
    assert bench.notes == ["commit", "store", "ack", "rows 0 [b'AAPL']", "done", "committed"]
    assert (bench.offset, bench.finished, bench.consumer.waited_for, bench.app.crashes) == (2, 2, set(), [])


async def test_a_finished_batch_is_let_go_without_the_garbage_collector(bench: ProcessorBench) -> None:
    """Its records are megabytes, and the collector comes by once in hundreds of batches."""
    bench.fetch(0, 1)
    record = weakref.ref(bench.fetch(2).records[0])
    gc.disable()
    try:
        await bench.run()
        bench.events.clear()
        # The thread that wrote the batch lets go of it a moment after it has said so.
        await until(lambda: record() is None)
    finally:
        gc.enable()


async def test_one_transaction_has_outputs_then_rows_then_the_checkpoint(bench: ProcessorBench) -> None:
    bench.fetch(5, 6, fetched=[Rec(5, b"A", b"x"), Rec(6, b"B", b"y")])
    await bench.run()
    [sent] = bench.producer.committed
    assert [record.topic for record in sent] == ["out", "out", CHANGELOG, CHANGELOG, CHANGELOG]
    assert [record.key for record in sent] == [b"A", b"B", b"A", b"B", CHECKPOINT_KEY]
    assert {record.partition for record in sent} == {SOURCE.partition}
    assert bench.table.checkpoint() == Checkpoint(TOPIC_ID, 7, bench.table.state_text)
    assert bench.table.positions == {0: 101}, "behind the offset of the last record"


async def test_an_observer_sees_each_point_of_a_batch_once_and_in_order(bench: ProcessorBench) -> None:
    seen: list[tuple[Failpoint, int, int | None, int | None]] = []

    def look(point: Failpoint, batch: Batch) -> None:
        seen.append((point, len(bench.producer.committed), bench.offset, bench.finished))

    bench.processor.reached = look
    bench.fetch(0, 1)
    await bench.run()
    assert [point for point, *_ in seen] == list(Failpoint)
    state = {point: rest for point, *rest in seen}
    assert state[Failpoint.BEFORE_COMMIT] == [0, None, 0]
    assert state[Failpoint.AFTER_COMMIT] == [1, None, 0]
    assert state[Failpoint.AFTER_STORE] == [1, 2, 0]
    assert state[Failpoint.AFTER_ACK] == [1, 2, 2]


async def test_batches_of_one_partition_are_one_after_another(bench: ProcessorBench) -> None:
    for offsets in ((0, 1), (2,), (5, 6)):
        bench.fetch(*offsets)
    bench.producer.hold()
    running = asyncio.ensure_future(bench.run())
    await asyncio.to_thread(bench.producer.begun.wait, 10)
    await until(lambda: bench.given != [])
    assert bench.given == [(0, [0, 1])], "the next is not even computed before this one is finished"
    bench.producer.go_on.set()
    await running
    assert bench.given == [(0, [0, 1]), (0, [2]), (0, [5, 6])]
    assert bench.notes == ["commit", "store", "ack", "done", "committed"] * 3
    assert (bench.offset, bench.finished) == (7, 7)


async def test_while_one_partition_is_written_another_is_computed_and_written(bench: ProcessorBench) -> None:
    bench.fetch(0)
    bench.fetch(0, 1, tp=OTHER)
    bench.producer.hold()
    running = asyncio.ensure_future(bench.run())
    await until(lambda: bench.consumer.trackers[OTHER].committable() == 2)
    assert (bench.producer.committed, bench.finished) == ([], 0)
    bench.producer.go_on.set()
    await running
    assert bench.finished == 1


@pytest.mark.parametrize(("second", "waits"), [(MOST_RECORDS // 2, False), (MOST_RECORDS // 2 + 1, True)])
async def test_only_so_many_records_are_in_hand(bench: ProcessorBench, second: int, waits: bool) -> None:
    bench.idle = True
    bench.fetch(*range(MOST_RECORDS // 2))
    bench.fetch(*range(second), tp=OTHER)
    bench.producer.hold()
    running = asyncio.ensure_future(bench.run())
    await asyncio.to_thread(bench.producer.begun.wait, 10)
    other = bench.consumer.trackers[OTHER]
    if waits:
        done, _ = await asyncio.wait({running}, timeout=0.05)
        assert not done
        assert (len(bench.given), other.committable()) == (1, 0)
    else:
        await until(lambda: other.committable() == second)
    bench.producer.go_on.set()
    await running
    assert other.committable() == second


async def test_batches_that_change_nothing_move_the_checkpoint_once_in_a_while() -> None:
    bench = ProcessorBench(idle_checkpoint_seconds=20.0)
    bench.idle = True
    for offset in range(5):
        bench.fetch(offset)
    await bench.run()
    assert (bench.topics, bench.offset, bench.finished) == ([[CHANGELOG]], 1, 5)
    assert bench.notes.count("done") == 5


async def test_batches_that_change_nothing_move_the_checkpoint_when_it_is_time_again() -> None:
    bench = ProcessorBench(idle_checkpoint_seconds=0.0)
    bench.idle = True
    for offset in range(3):
        bench.fetch(offset)
    await bench.run()
    assert (bench.topics, bench.offset) == ([[CHANGELOG]] * 3, 3)


async def test_a_batch_that_changes_something_always_moves_the_checkpoint(bench: ProcessorBench) -> None:
    for offset in range(3):
        bench.meanwhile[offset] = lambda offset=offset: setattr(bench, "idle", offset != 2)  # type: ignore[misc]
        bench.fetch(offset)
    await bench.run()
    assert bench.topics == [[CHANGELOG], ["out", CHANGELOG, CHANGELOG]]
    assert bench.offset == 3


async def test_databases_are_not_closed_under_a_thread_that_writes(bench: ProcessorBench) -> None:
    [drain] = bench.table.before_close
    await drain()
    bench.fetch(0)
    bench.producer.hold()
    running = asyncio.ensure_future(bench.run())
    await asyncio.to_thread(bench.producer.begun.wait, 10)
    # A task that was cancelled must not hide its thread.
    [task] = bench.processor._tasks
    task.cancel()
    await until(lambda: bench.consumer.waited_for == set())
    draining = asyncio.ensure_future(drain())
    done, _ = await asyncio.wait({draining}, timeout=0.05)
    assert not done
    bench.producer.go_on.set()
    await asyncio.wait_for(draining, 10)
    assert bench.notes == [], "it wrote nothing of a batch that was given up"
    await running


async def test_a_batch_that_a_seek_made_void_is_forgotten(bench: ProcessorBench) -> None:
    bench.fetch(0, 1)
    bench.tracker.seek(0)
    await bench.run()
    assert (bench.given, bench.consumer.waited_for, bench.producer.tried) == ([], set(), [])


async def test_batches_are_given_again_after_a_seek(bench: ProcessorBench) -> None:
    bench.fetch(0, 1)
    await bench.run()
    bench.events.clear()
    bench.tracker.seek(0)
    bench.fetch(0, 1, fetched=records(0, 1))
    await bench.run()
    assert bench.given == [(0, [0, 1])] * 2
