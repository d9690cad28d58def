"""What the reader says of the worker itself: how far it is, whether it is ready, and when a position is reached."""

import asyncio
from time import monotonic
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from app.build import StocksApp
from app.engine.checkpoint import CHECKPOINT_KEY, Checkpoint, encode_checkpoint
from app.settings import Settings
from tests.unit.web.made_series import series
from tests.unit.web.unstarted_worker import HERE, KEEP, THERE, take, write
from web.reader import PartitionProgress
from web.tables_reader import TablesReader


async def test_how_far_each_partition_is(worker: StocksApp) -> None:
    write(worker, 1, series("run", HERE, [1.0]))
    reader = await take(worker, 0, 1)
    reader.note_lags({TP("stocks.raw.avro", 1): 3})
    for silence, confirmed in ((0.0, True), (worker.options.session_seconds + 1, False)):
        worker.batch_consumer.confirmed_at = monotonic() - silence
        assert await reader.progress(lag_now=False) == [
            PartitionProgress(0, None, None, confirmed),
            PartitionProgress(1, 42, 3, confirmed),
        ]


async def test_waiting_for_a_position_ends_with_it_or_with_its_time(worker: StocksApp) -> None:
    write(worker, 1, series("run", HERE, [1.0]))
    reader = await take(worker, 1)
    async with asyncio.timeout(5):
        await reader.reach({1: 42, 0: 99}, 60)  # Partition 0 is not here.
    await reader.reach({1: 43}, 0.01)
    waiting = asyncio.create_task(reader.reach({1: 43}, 60))
    await asyncio.sleep(0)
    assert not waiting.done()
    checkpoint = encode_checkpoint(Checkpoint("topic-id", 43, worker.table.state_text))
    worker.table.restore(1, {CHECKPOINT_KEY: checkpoint}, 2)
    for listener in worker.table.on_rows:
        listener(1, {})
    async with asyncio.timeout(5):
        await waiting


async def test_until_everything_is_read_the_worker_is_recovering_and_says_so(worker: StocksApp) -> None:
    write(worker, 0, series("run", THERE, [1.0]))
    reader = worker.reader
    assert reader.readiness().reasons == ("waiting for the consumer group to assign partitions",)
    worker.table.activate(frozenset({0, 1}))
    assert reader.readiness().recovering
    assert reader.readiness().reasons == ("the table is being read into memory: 2 partitions to go",)
    await take(worker, 0, 1)
    worker.waits["raw"] = "the broker does not answer"
    assert "the broker does not answer" in reader.readiness().reasons


@pytest.mark.parametrize(("partitions", "confirmed"), [(set(), True), ({TP("stocks.raw.avro", 0)}, False)])
async def test_only_a_worker_with_partitions_has_a_membership_to_be_confirmed(
    worker: StocksApp, partitions: set[TP], confirmed: bool
) -> None:
    consumer = SimpleNamespace(stream_tps=lambda: partitions, confirmed_at=float("-inf"))
    app = SimpleNamespace(
        waits={},
        owner=None,
        tables=SimpleNamespace(actives_ready=True),
        batch_consumer=consumer,
        takeover=worker.takeover,
    )
    settings = Settings(_env_file=None, keep_bars=KEEP)  # type: ignore[call-arg]
    reader = TablesReader(app, worker.table, settings)  # type: ignore[arg-type]
    assert (reader.readiness().reasons == ()) is confirmed


class Lagging:
    """A worker whose broker takes a moment to tell the lag."""

    def __init__(self, worker: StocksApp) -> None:
        self._worker = worker
        self.asked = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._worker, name)

    async def lag(self) -> dict[TP, int]:
        self.asked += 1
        await asyncio.sleep(0.01)
        return {TP("stocks.raw.avro", 1): 3}


async def test_all_who_ask_for_the_lag_at_once_share_one_question(worker: StocksApp) -> None:
    """It stands in the line of what fetches and commits."""
    app: Any = Lagging(worker)
    settings = Settings(_env_file=None, keep_bars=KEEP, partitions=2)  # type: ignore[call-arg]
    write(worker, 1)  # Three readers' threads would open its database at once.
    patient, hasty = (TablesReader(app, worker.table, settings, seconds) for seconds in (20, 0.001))
    await take(worker, 1)
    found = await asyncio.gather(*(patient.progress(lag_now=True) for _ in range(50)))
    assert {each[0].lag for each in found} == {3}
    assert app.asked <= 2
    assert (await hasty.progress(lag_now=True))[0].lag is None
