"""Both agents on a table in memory and a registry in memory; nothing is patched, nothing is connected."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from agents.folded import FoldedBatch
from agents.indicators import IndicatorsAgent
from agents.signals import SignalsAgent
from app.avro.columns import ColumnDecoder
from app.avro.serde import Decoder, Encoder
from app.domain.records import Bar
from app.domain.strategy import Strategy
from app.engine.batch import Batch, BatchResult
from app.kafka.record_encoder import RecordEncoder
from app.kafka.topics import topics
from app.settings import Settings
from tests.harness.doubles.schema_source import SchemasInMemory
from tests.unit.domain.pipeline import every_minute
from tests.unit.engine.made import SOURCE, Rec
from tests.unit.tables.memory_table import NOWHERE, MemoryTable


@dataclass
class Agents:
    """The agents, and what they work on."""

    table: MemoryTable
    registry: SchemasInMemory
    indicators: IndicatorsAgent
    signals: SignalsAgent
    encoder: Encoder

    async def batch(self, bars: Sequence[Bar | Rec], first: int = 0) -> Batch:
        """Bars, or records as they are, at offsets from `first` on."""
        await self.encoder.register(self.registry, "bar-value")
        records = [
            bar if isinstance(bar, Rec) else Rec(offset, bar["symbol"].encode(), self.encoder.encode(bar))
            for offset, bar in enumerate(bars, first)
        ]
        return Batch(SOURCE, records, first, first + len(records), epoch=1)

    async def fold(self, bars: Sequence[Bar | Rec]) -> FoldedBatch:
        return await self.indicators.fold(await self.batch(bars))

    async def run(self, bars: Sequence[Bar | Rec]) -> BatchResult:
        """A batch through both agents, and stored."""
        result = await self.signals.decide(await self.fold(bars))
        self.table.restore(SOURCE.partition, result.rows)
        return result

    async def sent(self, result: BatchResult) -> list[dict[str, Any]]:
        """The signals among what a batch puts out."""
        outputs = [output for output in result.outputs if output.topic == "stocks.signals"]
        decoder = Decoder(self.registry, "signal")
        await decoder.prepare(output.value for output in outputs)
        return [decoder.decode(output.value) for output in outputs]


@pytest.fixture
def registry() -> SchemasInMemory:
    return SchemasInMemory()


@pytest.fixture
def agents(registry: SchemasInMemory) -> Agents:
    all_topics = topics(Settings(_env_file=None, **NOWHERE))  # type: ignore[arg-type, call-arg]
    table = MemoryTable(Strategy(), keep_bars=100)
    return Agents(
        table,
        registry,
        IndicatorsAgent(table, ColumnDecoder(registry, "bar"), every_minute),
        SignalsAgent(table, RecordEncoder(all_topics.signals, registry), all_topics.dead_letters.name),  # type: ignore[arg-type]
        Encoder("bar"),
    )
