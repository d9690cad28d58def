"""What the processor does when the partition is another worker's meanwhile."""

import asyncio

import pytest

from app.engine.batch import Batch
from app.engine.errors import Fenced, OperatorError, ProducerLost
from app.engine.failpoints import Failpoint
from tests.unit.engine.workbench import OTHER, ProcessorBench, lose, nothing_happened, until


@pytest.fixture
async def bench() -> ProcessorBench:
    """A worker in generation 7, confirmed for ever."""
    return ProcessorBench()


@pytest.mark.parametrize("where", ["agent", "commit"])
async def test_a_fenced_batch_is_dropped_with_the_partitions_memory(bench: ProcessorBench, where: str) -> None:
    (bench.failures if where == "agent" else bench.producer.failures).append(Fenced("by its successor"))
    dropped: list[int] = []
    bench.table.on_dropped.append(dropped.append)
    lost_meanwhile = bench.fetch(0, 1)
    bench.app.should_stop = True
    await bench.run()
    assert nothing_happened(bench)
    assert (dropped, lost_meanwhile.acked, bench.app.crashes) == ([0], False, [])


async def test_after_a_dropped_batch_the_next_of_its_partition_waits_for_a_seek(bench: ProcessorBench) -> None:
    bench.producer.failures.append(Fenced("by its successor"))
    bench.fetch(0)
    bench.fetch(1)
    bench.fetch(0, tp=OTHER)
    bench.app.should_stop = True
    await bench.run()
    assert bench.given == [(0, [0]), (1, [0])]
    assert (bench.offset, bench.finished, bench.consumer.waited_for) == (None, 0, set())
    assert bench.consumer.trackers[OTHER].committable() == 1


async def test_a_batch_of_an_older_generation_writes_nothing(bench: ProcessorBench) -> None:
    bench.fetch(0, 1)
    bench.meanwhile[0] = lambda: lose(bench)
    await bench.run()
    assert bench.producer.tried == []
    assert nothing_happened(bench)


async def test_a_partition_lost_while_it_is_written_is_not_stored(bench: ProcessorBench) -> None:
    # The next owner restores it from the changelog, this worker too if it comes back.
    bench.fetch(0, 1)
    bench.producer.meanwhile = lambda: lose(bench)
    await bench.run()
    assert len(bench.producer.committed) == 1
    assert nothing_happened(bench)
    assert bench.app.crashes == []


async def test_a_partition_whose_transaction_timed_out_is_gained_again(
    bench: ProcessorBench, caplog: pytest.LogCaptureFixture
) -> None:
    def pause(point: Failpoint, batch: Batch) -> None:
        batch.begun_at -= bench.app.options.transaction_seconds

    bench.processor.reached = lambda point, batch: pause(point, batch) if point is Failpoint.AFTER_BEGIN else None
    bench.producer.failures.append(Fenced("fenced by a newer instance"))
    bench.fetch(0)
    await bench.run()
    assert bench.consumer.rejoined.is_set()
    assert (bench.app.crashes, nothing_happened(bench)) == ([], True)
    assert "joining the group again" in caplog.text


async def test_a_producer_that_lost_touch_with_its_coordinator_is_made_again_at_once(bench: ProcessorBench) -> None:
    bench.producer.failures.append(ProducerLost("invalid state"))
    bench.fetch(0)
    await bench.run()
    assert (bench.consumer.rejoined.is_set(), bench.app.crashes) == (True, [])


async def test_somebody_else_with_the_same_id_is_a_sentence(bench: ProcessorBench) -> None:
    bench.producer.failures.append(Fenced("fenced by a newer instance"))
    bench.fetch(0)
    await bench.run()
    [error] = bench.app.crashes
    assert isinstance(error, OperatorError)
    assert "transactional id stock-signals-stocks.raw.avro-0" in str(error)
    assert "stocks.raw.avro[0] to this worker. Stop that program" in str(error)
    assert not bench.consumer.rejoined.is_set()


@pytest.mark.parametrize("explained", ["rebalance", "stop"])
async def test_a_rebalance_that_explains_it_is_waited_for(bench: ProcessorBench, explained: str) -> None:
    bench.producer.failures.append(Fenced("fenced by a newer instance"))
    bench.consumer.confirmed_at = 0.0
    bench.fetch(0)
    running = asyncio.ensure_future(bench.run())
    await until(lambda: not bench.consumer.waited_for and bench.given != [])
    done, _ = await asyncio.wait({running}, timeout=0.1)
    assert not done, "no heartbeat has said yet whether a rebalance is on its way"
    bench.app.rebalancing = True
    bench.consumer.confirmed_at = float("inf")
    done, _ = await asyncio.wait({running}, timeout=0.1)
    assert not done
    if explained == "rebalance":
        lose(bench)
    else:
        bench.app.should_stop = True
    await running
    assert (bench.app.crashes, bench.consumer.rejoined.is_set()) == ([], False)
