"""Folded bars in, signals out: the second of the two agents that a batch goes through."""

import time
from collections import Counter

from faust.types import StreamT
from mode.supervisors import CrashingSupervisor

from agents.folded import FoldedBatch
from app import metrics
from app.dead_letters import dead_letter
from app.domain.signal import signal_of
from app.domain.update_signals import update_signals
from app.engine.app import BatchApp
from app.engine.batch import BatchResult
from app.engine.handoff import Handoff
from app.engine.processor import BatchProcessor
from app.kafka.record_encoder import RecordEncoder
from app.turns import in_turns
from tables.windows import WindowsTable


class SignalsAgent:
    """Applies the rule to a folded batch, and has the engine commit what follows from it."""

    def __init__(self, table: WindowsTable, encoder: RecordEncoder, dead_letters: str) -> None:
        self._table = table
        self._encoder = encoder
        self._dead_letters = dead_letters

    def register(self, app: BatchApp, processor: BatchProcessor, folded: Handoff) -> None:
        """Add the agent to the app, reading `folded`."""

        async def signals(stream: StreamT[FoldedBatch]) -> None:
            """Make signals of folded bars."""
            async for each in stream:
                result = await processor.attempt(each.batch, lambda each=each: self.decide(each))  # type: ignore[misc]
                if result is not None:
                    processor.commit(each.batch, result)

        app.agent(folded, name="signals", supervisor_strategy=CrashingSupervisor)(signals)

    async def decide(self, folded: FoldedBatch) -> BatchResult:
        """The signals, dead letters and rows of a batch. Raises RegistryUnavailable before anything is changed."""
        await self._encoder.prepare()
        table, partition = self._table, folded.batch.partition
        rows: dict[bytes, bytes] = {}
        result = BatchResult(rows=rows)
        actions: Counter[str] = Counter()
        now_ms = time.time_ns() // 1_000_000
        async for series in in_turns(folded.series):
            changed = update_signals(series.window, series.updates, table.strategy, now_ms)
            rows.update(table.entries(series.key, (row for row, _ in changed)))
            for row, emit in changed:
                if emit:
                    signal = signal_of(row, series.run_id, series.symbol, table.strategy)
                    result.outputs.append(self._encoder.encode(signal, partition))
                    actions[row.action] += 1
        result.outputs += [
            dead_letter(self._dead_letters, folded.batch.tp, record, poison) for record, poison in folded.poisoned
        ]
        result.done = lambda: self._count(folded, actions)
        return result

    def _count(self, folded: FoldedBatch, actions: Counter[str]) -> None:
        for outcome, bars in folded.outcomes.items():
            metrics.bars.labels(outcome).inc(bars)
        for action, made in actions.items():
            metrics.signals.labels(action).inc(made)
        for _, poison in folded.poisoned:
            metrics.dead_letters.labels(poison.reason).inc()
