"""What the processor does when something fails, or when the partition is another worker's meanwhile."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest
from faust.types import TP

from app.engine.errors import NotCommitted, OffsetGap
from tests.unit.engine.made import CHANGELOG
from tests.unit.engine.workbench import GENERATION, ProcessorBench, Unreachable, lose, nothing_happened, until


@pytest.fixture
async def bench() -> ProcessorBench:
    """A worker in generation 7, confirmed for ever."""
    return ProcessorBench()


async def test_what_the_broker_did_not_take_is_written_again_the_same(
    bench: ProcessorBench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.producer.failures = [NotCommitted("too few replicas")] * 2
    retried: list[Exception] = []
    bench.processor.on_retry.append(retried.append)
    ended: list[bool] = []
    bench.processor.on_transaction.append(lambda committed, seconds: ended.append(committed and seconds >= 0))
    bench.fetch(0, 1)
    with caplog.at_level(logging.WARNING):
        await bench.run()
    assert len(bench.producer.tried) == 3
    assert all(tried == bench.producer.committed[0] for tried in bench.producer.tried)
    assert (bench.given, bench.offset, bench.notes.count("done")) == ([(0, [0, 1])], 2, 1)
    assert [str(error) for error in retried] == ["too few replicas"] * 2
    assert ended == [False, False, True]
    assert bench.notes[:3] == ["take over", "take over", "commit"]
    assert "stocks.raw.avro[0]@0..1: too few replicas; trying again in 0.1 s" in caplog.text


async def test_what_was_committed_after_all_is_not_written_again(bench: ProcessorBench) -> None:
    def commit_in_the_end(tp: TP) -> None:
        changelog = [record for record in bench.producer.tried[-1] if record.topic == CHANGELOG]
        entries = {record.key or b"": record.value or b"" for record in changelog}
        bench.table.restore(tp.partition, entries, 4711)

    bench.app.restore = commit_in_the_end
    bench.producer.failures = [NotCommitted("the answer was lost")]
    bench.fetch(0, 1)
    await bench.run()
    assert (len(bench.producer.tried), bench.producer.committed) == (1, [])
    assert (bench.offset, bench.finished, bench.table.positions[0]) == (2, 2, 4711)
    assert bench.notes == ["take over", "store", "ack", "done", "committed"]


async def test_only_a_confirmed_member_of_the_group_takes_over_again(bench: ProcessorBench) -> None:
    # Otherwise it could fence the worker that has the partition by now.
    bench.consumer.confirmed_at = 0.0
    reasons: list[str] = []

    def look(error: Exception) -> None:
        reasons.append(str(error))
        if len(reasons) == 3:
            lose(bench)

    bench.processor.on_retry.append(look)
    bench.producer.failures = [NotCommitted("timed out")]
    bench.fetch(0)
    await bench.run()
    assert reasons == ["timed out", *["the broker has not confirmed since that this worker has the partition"] * 2]
    assert "take over" not in bench.notes
    assert nothing_happened(bench)


async def test_what_an_agent_needs_is_waited_for(bench: ProcessorBench) -> None:
    bench.failures = [Unreachable("no route"), Unreachable("no route")]
    bench.fetch(0, 1)
    await bench.run()
    assert (bench.given, bench.offset, len(bench.producer.tried)) == ([(0, [0, 1])] * 3, 2, 1)


async def test_what_keeps_a_partition_is_said_while_it_lasts(bench: ProcessorBench) -> None:
    said: list[dict[Any, str]] = []
    bench.processor.on_retry.append(lambda error: said.append(dict(bench.app.waits)))
    bench.failures = [Unreachable("no route")]
    bench.producer.failures = [NotCommitted("timed out")]
    batch = bench.fetch(0)
    await bench.run()
    assert said == [{batch.tp: "no route"}, {batch.tp: "timed out"}]
    assert bench.app.waits == {}


async def test_a_transaction_that_takes_long_is_said_while_it_lasts() -> None:
    bench = ProcessorBench(slow_seconds=0.01)
    bench.producer.hold()
    batch = bench.fetch(0)
    running = asyncio.ensure_future(bench.run())
    await until(lambda: bench.app.waits != {})
    assert bench.app.waits == {batch.tp: "the broker has taken nothing of stocks.raw.avro[0]@0..0 for 0 s"}
    bench.producer.go_on.set()
    await running
    assert (bench.app.waits, bench.offset) == ({}, 1)


async def test_what_is_tried_again_after_the_worker_has_stopped_is_dropped(bench: ProcessorBench) -> None:
    def stop(error: Exception) -> None:
        bench.app.should_stop = bench.app.threads_closed = True
        bench.app.threads.shutdown()

    bench.processor.on_retry.append(stop)
    bench.producer.failures = [NotCommitted("timed out")]
    bench.fetch(0)
    await bench.run()
    assert nothing_happened(bench)
    assert (bench.app.crashes, len(bench.producer.tried)) == ([], 1)


@pytest.mark.parametrize("where", ["agent", "commit"])
@pytest.mark.parametrize("leaving", ["rebalancing", "should_stop"])
async def test_a_worker_that_leaves_does_not_wait_for_what_is_away(
    bench: ProcessorBench, where: str, leaving: str
) -> None:
    error = Unreachable("no route") if where == "agent" else NotCommitted("timed out")
    (bench.failures if where == "agent" else bench.producer.failures).extend([error] * 100)
    setattr(bench.app, leaving, True)
    bench.consumer.confirmed = False
    bench.fetch(0)
    running = asyncio.ensure_future(bench.run())
    await until(lambda: bench.given != [] and not bench.consumer.waited_for)
    bench.app.rebalancing, bench.consumer.generation = False, GENERATION + 1
    await running
    assert nothing_happened(bench)
    assert len(bench.given) == 1


async def test_a_worker_that_leaves_still_finishes_what_the_broker_takes(bench: ProcessorBench) -> None:
    bench.producer.failures = [NotCommitted("timed out")]
    bench.app.rebalancing = True
    bench.fetch(0)
    await bench.run()
    assert (bench.offset, bench.finished) == (1, 1)


async def test_a_bug_in_an_agent_leaves_the_batch_unacked_and_ends_the_agent(
    bench: ProcessorBench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.failures.append(ZeroDivisionError("a bug"))
    batch = bench.fetch(0, 1)
    bench.fetch(2)
    with pytest.raises(ZeroDivisionError, match="a bug"):
        await bench.run()
    assert (batch.acked, bench.given, bench.producer.tried, bench.finished) == (False, [(0, [0, 1])], [], 0)
    assert "stocks.raw.avro[0]@0..1 failed; it stays un-acked" in caplog.text


def a_listener_fails(bench: ProcessorBench) -> None:
    def fail(partition: int, rows: object) -> None:
        raise ZeroDivisionError("a bug")

    bench.table.on_rows.append(fail)


@pytest.mark.parametrize(
    ("break_it", "error", "stored"),
    [
        (lambda bench: bench.producer.failures.append(ZeroDivisionError("a bug")), ZeroDivisionError, None),
        (lambda bench: setattr(bench.table, "restore", None), TypeError, None),
        (a_listener_fails, ZeroDivisionError, 2),
    ],
    ids=["commit", "store", "listener"],
)
async def test_a_bug_after_that_ends_the_worker_and_no_batch_is_taken_behind_it(
    bench: ProcessorBench, break_it: Callable[[ProcessorBench], None], error: type[Exception], stored: int | None
) -> None:
    break_it(bench)
    bench.fetch(0, 1)
    bench.fetch(2)
    await bench.run()
    assert [type(crash) for crash in bench.app.crashes] == [error]
    assert (bench.given, bench.offset, "done" in bench.notes) == ([(0, [0, 1])], stored, False)


async def test_a_batch_lost_on_the_way_ends_the_agent(bench: ProcessorBench) -> None:
    bench.fetch(0, 1)
    bench.fetch(2, 3)
    del bench.events[0]
    with pytest.raises(OffsetGap):
        await bench.run()
    assert (bench.given, bench.offset) == ([], None)
