"""A worker that never starts, with a real table in RocksDB that its reader reads."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.build import StocksApp, build
from app.engine.checkpoint import CHECKPOINT_KEY, Checkpoint, encode_checkpoint
from app.settings import Settings
from tests.unit.tables.encoding import packed
from tests.unit.web.made_series import MadeSeries
from web.tables_reader import TablesReader

KEEP = 100

#: On partition 1 of two; SPY is on partition 0.
HERE, THERE = "AAPL", "SPY"


@contextmanager
def working(folder: Path) -> Iterator[StocksApp]:
    nowhere = {"kafka_bootstrap": "127.0.0.1:1", "schema_registry_url": "http://127.0.0.1:1"}
    made = build(Settings(_env_file=None, data_dir=folder / "data", partitions=2, keep_bars=KEEP, **nowhere))  # type: ignore[arg-type, call-arg]
    yield made
    made.threads.shutdown()


def write(worker: StocksApp, partition: int, *written: MadeSeries) -> None:
    """As a batch that was committed."""
    table = worker.table
    rows: dict[bytes, bytes] = {}
    for each in written:
        provenances = [row.provenance for row in each.rows]
        rows |= table.entries([each.key] * len(each.rows), packed(each.rows), provenances)
    checkpoint = encode_checkpoint(Checkpoint("topic-id", 42, table.state_text))
    table.restore(partition, {**rows, CHECKPOINT_KEY: checkpoint}, 1)
    if partition in table.active:
        for listener in table.on_rows:
            listener(partition, rows)


async def take(worker: StocksApp, *partitions: int) -> TablesReader:
    """Activate partitions, and wait until they are read."""
    worker.table.activate(frozenset(partitions))
    while worker.reader._warm_up.remaining:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    return worker.reader
