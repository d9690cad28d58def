"""What the processor does while the disk is full."""

import asyncio
from collections.abc import Callable

import pytest
from faust.types import TP

from app.engine.errors import StoreFull
from tests.unit.engine.made import CHANGELOG
from tests.unit.engine.workbench import ProcessorBench, lose, until


@pytest.fixture
async def bench() -> ProcessorBench:
    """A worker in generation 7, confirmed for ever."""
    return ProcessorBench()


def store_what_was_committed(bench: ProcessorBench) -> Callable[[TP], None]:
    """What a takeover does: rows of committed transactions go from the changelog to the table."""

    def restore(tp: TP) -> None:
        changelog = [record for record in bench.producer.committed[-1] if record.topic == CHANGELOG]
        entries = {record.key or b"": record.value or b"" for record in changelog}
        bench.table.restore(tp.partition, entries, 4711)

    return restore


async def test_a_full_disk_is_waited_out_and_what_was_committed_comes_from_the_changelog(bench: ProcessorBench) -> None:
    retried: list[Exception] = []

    def free_room(error: Exception) -> None:
        retried.append(error)
        assert str(error) in bench.app.waits.values()
        bench.table.is_full = len(retried) < 3

    bench.processor.on_retry.append(free_room)
    bench.app.restore = store_what_was_committed(bench)
    bench.table.is_full = True
    bench.fetch(0, 1)
    await bench.run()
    assert [type(error) for error in retried] == [StoreFull] * 3
    # Committed once, and finished only when it is stored.
    assert (len(bench.producer.tried), len(bench.producer.committed)) == (1, 1)
    assert (bench.offset, bench.finished, bench.table.positions[0]) == (2, 2, 4711)
    assert bench.notes == ["commit", "full", "take over", "store", "ack", "done", "committed"]
    assert not bench.app.waits


@pytest.mark.parametrize("leaving", ["should_stop", "rebalancing"])
async def test_a_worker_that_leaves_does_not_wait_for_room_on_its_disk(bench: ProcessorBench, leaving: str) -> None:
    bench.table.is_full = True
    dropped: list[int] = []
    bench.table.on_dropped.append(dropped.append)
    bench.processor.on_retry.append(lambda error: setattr(bench.app, leaving, True))
    bench.fetch(0)
    running = asyncio.ensure_future(bench.run())
    await until(lambda: bool(dropped))
    lose(bench)
    setattr(bench.app, leaving, False)
    await running
    assert (dropped, bench.finished, bench.app.crashes) == ([0], 0, [])
    assert "ack" not in bench.notes
