"""Bars in, folded into windows: the first of the two agents that a batch goes through."""

from collections import Counter
from collections.abc import AsyncIterator

import numpy as np
from faust.types import StreamT
from mode.supervisors import CrashingSupervisor

from agents.folded import FoldedBatch
from app.avro.bar_batches import read_bars
from app.avro.columns import ColumnDecoder
from app.avro.serde import Poison
from app.cooperative import in_turns
from app.domain.outcome import Outcome
from app.domain.records import MINUTE_MS, Bar
from app.domain.split import Gap
from app.domain.update_windows import SeriesBars, update_windows
from app.domain.updates import Updates, joined
from app.engine.app import BatchApp
from app.engine.batch import Batch
from app.engine.handoff import Handoff
from app.engine.processor import BatchProcessor
from app.metrics import newest_bar
from app.times import iso
from tables.windows import WindowsTable


class IndicatorsAgent:
    """Decodes a batch of bars and folds them into the windows of the table."""

    def __init__(self, table: WindowsTable, decoder: ColumnDecoder, gap: Gap) -> None:
        self._table = table
        self._decoder = decoder
        self._gap = gap

    def register(self, app: BatchApp, topic: str, processor: BatchProcessor, folded: Handoff) -> None:
        """Add the agent to the app, reading `topic` and handing batches on to `folded`."""

        async def indicators(stream: StreamT[Batch]) -> None:
            """Fold bars into windows."""
            batches: AsyncIterator[Batch] = processor.batches(stream)
            async for batch in batches:
                result = await processor.attempt(batch, lambda batch=batch: self.fold(batch))  # type: ignore[misc]
                if result is not None:
                    await folded.put(result)  # type: ignore[arg-type]  # Channels take any value.

        app.agent(app.batches(topic), name="indicators", supervisor_strategy=CrashingSupervisor)(indicators)

    async def fold(self, batch: Batch) -> FoldedBatch:
        """Fold the bars of each series onto its window. Raises RegistryUnavailable before anything is changed."""
        await self._decoder.prepare(record.value for record in batch.records)
        read = read_bars(self._decoder, batch.records)
        windows, places = self._table.load(batch.partition, read.bars.series_keys())
        which = read.bars.series.which
        order = np.argsort(which, kind="stable")
        bars = SeriesBars(
            places[which[order]],
            read.bars.rows(self._table.strategy.dtype).take(order),
            read.bars.provenance_column()[order],
        )
        parts: list[Updates] = []
        outcomes: Counter[Outcome] = Counter()
        poisoned = [(batch.records[index], poison) for index, poison in read.poisoned]
        async for part in in_turns(update_windows(windows, bars, self._table.strategy, self._gap)):
            parts.append(part.updates)
            outcomes.update(part.outcomes)
            for at in order[part.indexes[part.stale]].tolist():
                bar = read.bars.bars.slice(at, 1).to_pylist()[0]
                if bar["origin"] != "backfill":
                    poisoned.append((batch.records[read.indexes[at]], self._stale(bar, part.newest_minute)))
        for origin, timestamp in read.bars.newest():
            newest_bar.seen(origin, timestamp)
        return FoldedBatch(batch, windows, joined(parts, self._table.strategy.dtype), outcomes, poisoned)

    def _stale(self, bar: Bar, newest_minute: int) -> Poison:
        return Poison(
            "stale",
            f"{bar['symbol']} of {iso(bar['timestamp'])} came when the newest bar was that of "
            f"{iso(newest_minute * MINUTE_MS)}: more than LATE_BARS={self._table.strategy.late_bars} bars late",
        )
