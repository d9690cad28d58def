"""Indicators in, signals out."""

import time
from collections import Counter
from collections.abc import Sequence

from faust.types import StreamT
from mode.supervisors import CrashingSupervisor

from app import metrics
from app.clients import registry
from app.domain.history import History, step
from app.domain.key import table_key
from app.domain.records import Action, Indicators
from app.engine.batch import Batch, Record
from app.engine.emitter import Emitter
from app.engine.mending import LOOK_SECONDS
from app.engine.work import Work, Worker
from app.indicators import read_indicators
from app.serde import Decoder, Poison
from app.turns import in_turns
from app.worker import app, catalogue
from tables.signals import signals as table
from tables.signals_value import encode_history

strategy = app.settings.strategy
schema_registry = registry(app.settings)
decoder = Decoder(schema_registry, "indicators")
emitter = Emitter(catalogue.signals, schema_registry)


async def compute(batch: Batch, records: Sequence[Record]) -> Work:
    """Apply the rule to each record and fold the signals of each series into its history."""
    await decoder.prepare(record.value for record in records)
    await emitter.prepare()
    work = Work()
    actions: Counter[Action] = Counter()
    async for key, group in in_turns(by_series(records, work).items()):
        before = table.load(batch.partition, key) or History(strategy.name)
        after, made = step(
            before,
            group,
            strategy=strategy,
            signal_history=app.settings.signal_history,
            now_ms=time.time_ns() // 1_000_000,
        )
        if after is not before:
            work.changes[key] = encode_history(after)
        work.outputs += [emitter.outgoing(signal, batch.partition) for signal in made]
        actions.update(signal["action"] for signal in made)
    work.done = lambda: count(actions)
    return work


def by_series(records: Sequence[Record], work: Work) -> dict[bytes, list[Indicators]]:
    """The records by table key, in the order of their offsets; what is none goes to the work's poisoned records."""
    series: dict[bytes, list[Indicators]] = {}
    for record in records:
        try:
            indicators = read_indicators(decoder, record)
        except Poison as poison:
            work.poisoned.append((record, poison))
        else:
            if indicators["strategy"] != strategy.name:
                continue  # Another deployment on the same topics made it, for a rule of its own.
            series.setdefault(table_key(indicators["run_id"], indicators["symbol"]), []).append(indicators)
    return series


def count(actions: Counter[Action]) -> None:
    """Add a batch's signals to the metrics."""
    for action, made in actions.items():
        metrics.signals.labels(action).inc(made)


worker = Worker("signals", table, app.delivery(), catalogue.dead_letters.name, compute)


@app.agent(app.batches(catalogue.indicators.name), name="signals", supervisor_strategy=CrashingSupervisor)
async def signals(stream: StreamT[Batch]) -> None:
    """Turn indicators into signals and keep the newest of them."""
    await worker.run(stream)


app.timer(LOOK_SECONDS)(worker.mend)
