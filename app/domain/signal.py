"""Makes signals of rows of the windows table: in columns for the topic, one by one for readers."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from app.domain.explanation import explain, explanations
from app.domain.indicators.rsi import seed_weight, seed_weights
from app.domain.provenance import Provenance, distinct_provenances
from app.domain.records import MINUTE_MS, Action, Signal
from app.domain.row import ACTIONS, NO_ACTION, NO_GAP, OWN_REASONS, REASONS, Objects, Row, Rows, row_of
from app.domain.strategy import Strategy

#: By the codes of ROW.
_ACTIONS = pa.array([*ACTIONS, *[None] * (256 - len(ACTIONS))], pa.string())
_REASONS = pa.array([*REASONS, *["own_rule"] * (256 - len(REASONS))], pa.string())


def signal_columns(
    rows: Rows,
    run_ids: Sequence[str] | Objects,
    symbols: Sequence[str] | Objects,
    provenances: Sequence[Provenance] | Objects,
    strategy: Strategy,
) -> pa.RecordBatch:
    """The signals of rows, with the fields of schemas/signal.avsc; times are int64, UTC epoch milliseconds.

    rows: n, made with this strategy; of each its run, symbol and provenance.
    """
    timestamps = rows["minute"].astype(np.int64) * MINUTE_MS
    revisions = rows["revision"].astype(np.int32)
    actions, previous = rows["action"], rows["previous_action"]
    is_first = previous == NO_ACTION
    runs, names = pa.array(run_ids, pa.string()), pa.array(symbols, pa.string())
    # As `signal_id` makes each.
    numbers = [pa.array(column).cast(pa.string()) for column in (timestamps, revisions)]
    ids = pc.binary_join_element_wise(runs, names, numbers[0], strategy.name, numbers[1], "/")
    distinct, which = distinct_provenances(provenances)
    origins, sources, feeds = (
        pa.array([each[field] for each in distinct], pa.string()).take(pa.array(which)) for field in range(3)
    )
    split_close = rows["split_close"]
    prices = [_nullable(split_close), pa.array(np.ascontiguousarray(rows["open"]))]
    columns: dict[str, Any] = {
        "id": ids,
        "run_id": runs,
        "origin": origins,
        "source": sources,
        "feed": feeds,
        "symbol": names,
        "timestamp": timestamps,
        "action": _texts(_ACTIONS, actions),
        "previous_action": _texts(_ACTIONS, previous),
        "transition": ~is_first & (actions != previous),
        "close": np.ascontiguousarray(rows["close"]),
        "sma_fast": _nullable(rows["sma_fast"]),
        "sma_slow": _nullable(rows["sma_slow"]),
        "rsi": _nullable(rows["rsi"]),
        "rsi_seed_weight": seed_weights(rows["bars_seen"].astype(np.int64), strategy.rsi_period),
        "ready": rows["bars_seen"] >= strategy.warm_up,
        "bars_seen": rows["bars_seen"].astype(np.int64),
        "gap_minutes": pa.array(rows["gap_minutes"].astype(np.int32), mask=rows["gap_minutes"] == NO_GAP),
        "split": pa.StructArray.from_arrays(prices, ["previous_close", "open"], mask=pa.array(np.isnan(split_close))),
        "revision": revisions,
        "reason": _texts(_REASONS, rows["reason"]),
        "strategy": pa.repeat(strategy.name, len(rows)),
        "emitted_at": rows["emitted_at"].astype(np.int64),
        "own_reason": _own_reasons(rows, strategy),
        "own_indicators": _own_indicators(rows, strategy),
        "explanation": explanations(rows, strategy),
    }
    return pa.RecordBatch.from_arrays(
        [column if isinstance(column, pa.Array) else pa.array(column) for column in columns.values()], list(columns)
    )


def signals_of(
    rows: Rows,
    run_ids: Iterable[str],
    symbols: Iterable[str],
    provenances: Iterable[Provenance],
    strategy: Strategy,
) -> Iterator[Signal]:
    """The same as `signal_columns`, one after another; for a few rows this is faster than making columns."""
    for row, run_id, symbol, provenance in zip(rows, run_ids, symbols, provenances, strict=True):
        yield signal_of(row_of(row, strategy.name, provenance), run_id, symbol, strategy)


def signal_of(row: Row, run_id: str, symbol: str, strategy: Strategy) -> Signal:
    """The signal of a row. The row must have been made with this strategy."""
    origin, source, feed, _ = row.provenance
    return {
        "id": signal_id(run_id, symbol, row.timestamp, row.strategy, row.revision),
        "run_id": run_id,
        "origin": origin,
        "source": source,
        "feed": feed,
        "symbol": symbol,
        "timestamp": row.timestamp,
        "action": row.action,
        "previous_action": row.previous_action,
        "transition": is_transition(row.action, row.previous_action),
        "close": row.close,
        "sma_fast": row.sma_fast,
        "sma_slow": row.sma_slow,
        "rsi": row.rsi,
        "rsi_seed_weight": seed_weight(row.bars_seen, strategy.rsi_period),
        "ready": row.bars_seen >= strategy.warm_up,
        "bars_seen": row.bars_seen,
        "gap_minutes": row.gap_minutes,
        "split": row.split,
        "revision": row.revision,
        "reason": row.reason,
        "strategy": row.strategy,
        "emitted_at": row.emitted_at,
        "own_reason": None if row.own_reason is None else strategy.rule.reasons[row.own_reason],
        "own_indicators": {name: row.own_columns[name] for name in strategy.own_values},
        "explanation": explain(row, strategy),
    }


def signal_id(run_id: str, symbol: str, timestamp: int, strategy: str, revision: int) -> str:
    """The identity of a signal: computed again, it is the same; timestamp is UTC epoch milliseconds."""
    return f"{run_id}/{symbol}/{timestamp}/{strategy}/{revision}"


def is_transition(action: Action, previous: Action | None) -> bool:
    """Whether the action differs from that of the bar before; the first bar's does not."""
    return previous is not None and action != previous


def _own_reasons(rows: Rows, strategy: Strategy) -> pa.Array:
    if strategy.own_rule is None:
        return pa.nulls(len(rows), pa.string())
    codes = rows["reason"].astype(np.int64) - OWN_REASONS
    own = pa.array(np.maximum(codes, 0), mask=codes < 0)
    return pa.array(strategy.rule.reasons, pa.string()).take(own)


def _own_indicators(rows: Rows, strategy: Strategy) -> pa.Array:
    names = strategy.own_values
    values = np.array([rows[name] for name in names], np.float64).reshape(len(names), len(rows)).T.ravel()
    offsets = np.arange(len(rows) + 1, dtype=np.int32) * len(names)
    return pa.MapArray.from_arrays(pa.array(offsets), pa.array([*names] * len(rows), pa.string()), _nullable(values))


def _texts(by_code: pa.StringArray, codes: Any) -> pa.StringArray:
    return by_code.take(pa.array(np.ascontiguousarray(codes)))


def _nullable(values: Any) -> pa.Array:
    return pa.array(np.ascontiguousarray(values), mask=np.isnan(values))
