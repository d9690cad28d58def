"""The records that one bar causes."""

from typing import NamedTuple

from app.domain import rows
from app.domain.draft import Draft
from app.domain.measures import Measures
from app.domain.records import Bar, Indicators


class Cause(NamedTuple):
    """The bar that causes a record, and when that is computed (UTC epoch milliseconds)."""

    bar: Bar
    topic_id: str
    partition: int
    offset: int
    now_ms: int


def record(draft: Draft, index: int, measures: Measures, cause: Cause, source_index: int) -> Indicators:
    """The Indicators of the row at `index`.

    It carries the label of its own bar, not of the one that caused it: a live
    bar that a backfilled one makes us tell again is still a live bar, and a
    backfilled one never turns live.
    """
    close, sma_fast, sma_slow, rsi, seed_weight, ready, flat, bars_seen, gap_minutes, split = measures
    bar, topic_id, partition, offset, now_ms = cause
    timestamp, revision, label = rows.timestamp_and_tail(draft.rows, index)
    origin, source, feed, _ = draft.labels[label]
    return {
        "run_id": bar["run_id"],
        "origin": origin,
        "source": source,
        "feed": feed,
        "symbol": bar["symbol"],
        "timestamp": timestamp,
        "close": close,
        "sma_20": sma_fast,
        "sma_50": sma_slow,
        "rsi_14": rsi,
        "rsi_seed_weight": seed_weight,
        "ready": ready,
        "flat": flat,
        "bars_seen": bars_seen,
        "gap_minutes": gap_minutes,
        "split": split,
        "revision": revision,
        "strategy": draft.strategy.name,
        "source_topic_id": topic_id,
        "source_partition": partition,
        "source_offset": offset,
        "source_index": source_index,
        "emitted_at": now_ms,
    }
