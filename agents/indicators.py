"""Bars in, their indicators out."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence

from faust.types import StreamT
from mode.supervisors import CrashingSupervisor

from app import metrics
from app.bars import read_bar
from app.clients import registry
from app.domain.key import table_key
from app.domain.outcome import Outcome
from app.domain.records import Bar
from app.domain.step import step
from app.domain.window import Window
from app.engine.batch import Batch, Record
from app.engine.emitter import Emitter
from app.engine.mending import LOOK_SECONDS
from app.engine.work import Work, Worker
from app.iso_time import iso
from app.serde import Decoder, Poison
from app.sessions import session_gap, sessions
from app.turns import in_turns
from app.worker import app, catalogue
from tables.window_value import encode_window
from tables.windows import windows

strategy = app.settings.strategy
schema_registry = registry(app.settings)
decoder = Decoder(schema_registry, "bar")
emitter = Emitter(catalogue.indicators, schema_registry)
gap = session_gap()


async def compute(batch: Batch, records: Sequence[Record]) -> Work:
    """Fold the bars of each series into its window."""
    await decoder.prepare(record.value for record in records)
    await emitter.prepare()
    work = Work()
    outcomes: Counter[Outcome] = Counter()
    async for key, group in in_turns(by_series(records, work).items()):
        before = windows.load(batch.partition, key) or Window(strategy.name)
        after, stepped = step(
            before,
            [(record.offset, bar) for record, bar in group],
            topic_id=app.topic_ids[batch.tp.topic],
            partition=batch.partition,
            strategy=strategy,
            gap=gap,
            now_ms=time.time_ns() // 1_000_000,
        )
        work.outputs += [emitter.outgoing(indicators, batch.partition) for indicators in stepped.indicators]
        work.changes[key] = encode_window(after)
        outcomes.update(stepped.outcomes)
        for (record, bar), outcome in zip(group, stepped.outcomes, strict=True):
            if outcome is Outcome.STALE and bar["origin"] != "backfill":
                work.poisoned.append((record, stale(bar, after)))
        newest = group[-1][1]
        metrics.newest_bar.seen(newest["origin"], newest["timestamp"])
    work.done = lambda: count(outcomes)
    return work


def by_series(records: Sequence[Record], work: Work) -> dict[bytes, list[tuple[Record, Bar]]]:
    """The bars by table key, in the order of their offsets; what is no bar goes to the work's poisoned records."""
    series: dict[bytes, list[tuple[Record, Bar]]] = {}
    for record in records:
        try:
            bar = read_bar(decoder, record)
        except Poison as poison:
            work.poisoned.append((record, poison))
        else:
            series.setdefault(table_key(bar["run_id"], bar["symbol"]), []).append((record, bar))
    return series


def stale(bar: Bar, window: Window) -> Poison:
    """Why a bar came too late."""
    return Poison(
        "stale",
        f"{bar['symbol']} of {iso(bar['timestamp'])} came when the newest bar was that of "
        f"{iso(window.newest_timestamp or 0)}: more than LATE_BARS={strategy.late_bars} bars late",
    )


def count(outcomes: Counter[Outcome]) -> None:
    """Add a batch's outcomes to the metrics."""
    for outcome, bars in outcomes.items():
        metrics.bars.labels(outcome).inc(bars)


worker = Worker("indicators", windows, app.delivery(), catalogue.dead_letters.name, compute)


@app.agent(app.batches(catalogue.raw.name), name="indicators", supervisor_strategy=CrashingSupervisor)
async def indicators(stream: StreamT[Batch]) -> None:
    """Turn bars into indicators and keep the windows."""
    await worker.run(stream)


async def load_calendar() -> None:
    """Load the exchange's sessions before the first gap needs them: that takes a second, and would hold up the loop."""
    await asyncio.to_thread(sessions)


app.task(load_calendar)
app.timer(LOOK_SECONDS)(worker.mend)
