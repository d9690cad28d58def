"""The signal that a row of the windows table says: the same function for the topic and for reading back."""

from app.domain.records import Action, Signal
from app.domain.row import Row
from app.domain.rsi import seed_weight
from app.domain.strategy import Strategy


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
        "sma_20": row.sma_fast,
        "sma_50": row.sma_slow,
        "rsi_14": row.rsi,
        "rsi_seed_weight": seed_weight(row.bars_seen, strategy.rsi_period),
        "ready": row.sma_slow is not None,
        "bars_seen": row.bars_seen,
        "gap_minutes": row.gap_minutes,
        "split": row.split,
        "revision": row.revision,
        "reason": row.reason,
        "strategy": row.strategy,
        "emitted_at": row.emitted_at,
    }


def signal_id(run_id: str, symbol: str, timestamp: int, strategy: str, revision: int) -> str:
    """The identity of a signal: computed again, it is the same; timestamp is UTC epoch milliseconds."""
    return f"{run_id}/{symbol}/{timestamp}/{strategy}/{revision}"


def is_transition(action: Action, previous: Action | None) -> bool:
    """Whether the action differs from that of the bar before; the first bar's does not."""
    return previous is not None and action != previous
