"""Folded bars in, signals out: the second of the two agents that a batch goes through."""

import time

import numpy as np
from faust.types import StreamT
from mode.supervisors import CrashingSupervisor

from agents.folded import FoldedBatch
from app import metrics
from app.avro.columns import FEW
from app.dead_letters.recent_letters import recent_letters
from app.dead_letters.record import dead_letter
from app.dead_letters.record_place import RecordPlace
from app.dead_letters.refusal_log import RefusalLog
from app.domain.row import ACTIONS
from app.domain.signal import signal_columns, signals_of
from app.domain.update_signals import update_signals
from app.engine.app import BatchApp
from app.engine.batch import BatchResult, ProducerRecord
from app.engine.handoff import Handoff
from app.engine.processor import BatchProcessor
from app.kafka.record_encoder import RecordEncoder
from tables.windows import WindowsTable


class SignalsAgent:
    """Applies the rule to a folded batch, and has the engine commit what follows from it."""

    def __init__(self, table: WindowsTable, encoder: RecordEncoder, dead_letters: str) -> None:
        self._table = table
        self._encoder = encoder
        self._dead_letters = dead_letters
        self._refusals = RefusalLog(dead_letters)

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
        table, updates = self._table, folded.updates
        update_signals(updates, table.strategy, time.time_ns() // 1_000_000)
        windows = folded.windows
        windows.put(updates.places, updates.rows)
        rows = table.entries(windows.keys[updates.places].tolist(), updates.rows, updates.provenances)
        outputs = self._signals(folded)
        outputs += [
            dead_letter(self._dead_letters, folded.batch.tp, record, poison) for record, poison in folded.poisoned
        ]
        return BatchResult(outputs, rows, lambda: self._count(folded))

    def _signals(self, folded: FoldedBatch) -> list[ProducerRecord]:
        windows, updates, strategy = folded.windows, folded.updates, self._table.strategy
        partition, emit = folded.batch.partition, updates.emit
        rows, places = updates.rows.compress(emit), updates.places[emit]
        run_ids, symbols, provenances = windows.run_ids[places], windows.symbols[places], updates.provenances[emit]
        if len(rows) >= FEW:
            columns = signal_columns(rows, run_ids, symbols, provenances, strategy)
            return self._encoder.encode_columns(columns, partition)
        signals = signals_of(rows, run_ids, symbols, provenances, strategy)
        return [self._encoder.encode(signal, partition) for signal in signals]

    def _count(self, folded: FoldedBatch) -> None:
        for outcome, bars in folded.outcomes.items():
            metrics.bars.labels(outcome).inc(bars)
        emitted = folded.updates.rows["action"][folded.updates.emit]
        for action, made in zip(ACTIONS, np.bincount(emitted, minlength=len(ACTIONS)).tolist(), strict=True):
            metrics.signals.labels(action).inc(made)
        for record, poison in folded.poisoned:
            metrics.dead_letters.labels(poison.reason).inc()
            place = RecordPlace(folded.batch.tp.topic, folded.batch.partition, record.offset)
            self._refusals.note(poison.reason, place, poison)
            recent_letters.add(poison.reason)
