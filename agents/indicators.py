"""Bars in, folded into windows: the first of the two agents that a batch goes through."""

from collections.abc import AsyncIterator

from faust.types import StreamT
from mode.supervisors import CrashingSupervisor

from agents.folded import FoldedBatch, FoldedSeries
from app.bars import read_bar
from app.domain.key import table_key
from app.domain.outcome import Outcome
from app.domain.records import MINUTE_MS, Bar
from app.domain.split import Gap
from app.domain.update_windows import update_windows
from app.domain.window import Window
from app.engine.app import BatchApp
from app.engine.batch import Batch, Record
from app.engine.handoff import Handoff
from app.engine.processor import BatchProcessor
from app.iso_time import iso
from app.metrics import newest_bar
from app.serde import Decoder, Poison
from app.turns import in_turns
from tables.windows import WindowsTable

Bars = dict[bytes, list[tuple[Record, Bar]]]
"""The bars of a batch by series, in the order of their offsets."""


class IndicatorsAgent:
    """Decodes a batch of bars and folds them into the windows of the table."""

    def __init__(self, table: WindowsTable, decoder: Decoder, gap: Gap) -> None:
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
        """Fold the bars of each series into its window. Raises RegistryUnavailable before anything is changed."""
        await self._decoder.prepare(record.value for record in batch.records)
        folded = FoldedBatch(batch)
        bars = await self._by_series(batch, folded)
        windows = self._table.load(batch.partition, bars)
        async for key, group in in_turns(bars.items()):
            window = windows[key]
            first = group[0][1]
            outcomes, updates = update_windows(window, (bar for _, bar in group), self._table.strategy, self._gap)
            folded.series.append(FoldedSeries(key, first["run_id"], first["symbol"], window, updates))
            folded.outcomes.update(outcomes)
            for (record, bar), outcome in zip(group, outcomes, strict=True):
                if outcome is Outcome.STALE and bar["origin"] != "backfill":
                    folded.poisoned.append((record, self._stale(bar, window)))
            newest = group[-1][1]
            newest_bar.seen(newest["origin"], newest["timestamp"])
        return folded

    async def _by_series(self, batch: Batch, folded: FoldedBatch) -> Bars:
        bars: Bars = {}
        async for record in in_turns(batch.records):
            try:
                bar = read_bar(self._decoder, record)
            except Poison as poison:
                folded.poisoned.append((record, poison))
            else:
                bars.setdefault(table_key(bar["run_id"], bar["symbol"]), []).append((record, bar))
        return bars

    def _stale(self, bar: Bar, window: Window) -> Poison:
        return Poison(
            "stale",
            f"{bar['symbol']} of {iso(bar['timestamp'])} came when the newest bar was that of "
            f"{iso(window.newest_minute * MINUTE_MS)}: more than LATE_BARS={self._table.strategy.late_bars} bars late",
        )
