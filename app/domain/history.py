"""What is kept of one series' signals, and the fold that makes a signal of each bar's indicators."""

from collections.abc import Sequence
from typing import NamedTuple

from app.domain import history_rows as rows
from app.domain.labels import Label, in_use
from app.domain.records import Action, Indicators, Signal
from app.domain.rule import decide
from app.domain.strategy import Strategy
from app.domain.wilder import seed_weight


class SourcePosition(NamedTuple):
    """Where in the topic of bars a record's cause stands, and which of that bar's records it is."""

    topic_id: str
    partition: int
    offset: int
    record_index: int


class History(NamedTuple):
    """A series' newest signals, never changed in place; `History(strategy.name)` is an empty one."""

    strategy: str
    position: SourcePosition | None = None
    labels: tuple[Label, ...] = ()
    rows: bytes = b""

    def signals(self, run_id: str, symbol: str, strategy: Strategy) -> list[Signal]:
        """The records of the signals kept, newest bar first.

        They may be a few more than SIGNAL_HISTORY where that is below LATE_BARS + 2.
        """
        records: list[Signal] = []
        for row in rows.unpack(self.rows):
            origin, source, feed, _ = self.labels[row.label]
            records.append(
                {
                    "id": signal_id(run_id, symbol, row.timestamp, self.strategy, row.revision),
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
                    "sma_20": row.sma_20,
                    "sma_50": row.sma_50,
                    "rsi_14": row.rsi_14,
                    "rsi_seed_weight": seed_weight(row.bars_seen, strategy.rsi_period),
                    "ready": row.ready,
                    "bars_seen": row.bars_seen,
                    "gap_minutes": row.gap_minutes,
                    "split": row.split,
                    "revision": row.revision,
                    "reason": row.reason,
                    "strategy": self.strategy,
                    "emitted_at": row.emitted_at,
                }
            )
        records.reverse()
        return records


def signal_id(run_id: str, symbol: str, timestamp: int, strategy: str, revision: int) -> str:
    """The identity of a signal: computed again, it is the same; timestamp is UTC epoch milliseconds."""
    return f"{run_id}/{symbol}/{timestamp}/{strategy}/{revision}"


def is_transition(action: Action, previous: Action | None) -> bool:
    """Whether the action differs from that of the bar before; the first bar's does not."""
    return previous is not None and action != previous


def step(
    history: History,
    records: Sequence[Indicators],
    *,
    strategy: Strategy,
    signal_history: int,
    now_ms: int,
) -> tuple[History, list[Signal]]:
    """Fold the indicators of one run and symbol into its history; the signals are in the order of the records.

    A record gives a signal unless it was done before: its source position is
    not beyond the history's (of the same topic and partition), or its revision
    not beyond that of its bar's row. After a crash the first agent may send
    hundreds a second time.

    Rows are kept for `signal_history` bars, and for at least as many as late
    bars can still change and the one before them, so that each signal's
    previous action is known. `now_ms` is UTC epoch milliseconds.
    """
    position: tuple[str, int, int, int] | None = history.position
    kept = max(signal_history, strategy.late_bars + 2) * rows.SIZE
    draft = _Draft(history)
    signals: list[Signal] = []
    for record in records:
        source = (
            record["source_topic_id"],
            record["source_partition"],
            record["source_offset"],
            record["source_index"],
        )
        if position is not None and source <= position and source[:2] == position[:2]:
            continue
        position = source
        index, present = rows.place(draft.rows, record["timestamp"])
        if present and record["revision"] <= rows.revision(draft.rows, index):
            continue
        previous = rows.action(draft.rows, index - 1) if index else None
        signal = _signal(record, previous, strategy, now_ms)
        signals.append(signal)
        draft.put(index, present, signal)
        surplus = len(draft.rows) - kept
        if surplus > 0:
            del draft.rows[:surplus]
    if position is None or position == history.position:
        return history, signals
    return History(history.strategy, SourcePosition(*position), tuple(draft.labels), bytes(draft.rows)), signals


class _Draft:
    """The rows and labels of a history while a batch is folded into it."""

    __slots__ = ("labels", "rows")

    def __init__(self, history: History) -> None:
        self.labels = list(history.labels)
        self.rows = bytearray(history.rows)

    def put(self, index: int, present: bool, signal: Signal) -> None:
        """Write a signal's row: in place of the one at `index` when that is present, before it otherwise."""
        row = rows.pack(signal, self._label(signal))
        at = index * rows.SIZE
        self.rows[at : at + rows.SIZE * present] = row

    def _label(self, signal: Signal) -> int:
        label = Label(signal["origin"], signal["source"], signal["feed"])
        try:
            return self.labels.index(label)
        except ValueError:
            self._drop_unused_labels()
            self.labels.append(label)
            return len(self.labels) - 1

    def _drop_unused_labels(self) -> None:
        indexes = rows.labels(self.rows)
        self.labels, renamed = in_use(self.labels, indexes)
        for index, old in enumerate(indexes):
            rows.set_label(self.rows, index, renamed[old])


def _signal(record: Indicators, previous: Action | None, strategy: Strategy, now_ms: int) -> Signal:
    action, reason = decide(record, strategy)
    run_id, symbol, timestamp, revision = record["run_id"], record["symbol"], record["timestamp"], record["revision"]
    return {
        "id": signal_id(run_id, symbol, timestamp, record["strategy"], revision),
        "run_id": run_id,
        "origin": record["origin"],
        "source": record["source"],
        "feed": record["feed"],
        "symbol": symbol,
        "timestamp": timestamp,
        "action": action,
        "previous_action": previous,
        "transition": is_transition(action, previous),
        "close": record["close"],
        "sma_20": record["sma_20"],
        "sma_50": record["sma_50"],
        "rsi_14": record["rsi_14"],
        "rsi_seed_weight": record["rsi_seed_weight"],
        "ready": record["ready"],
        "bars_seen": record["bars_seen"],
        "gap_minutes": record["gap_minutes"],
        "split": record["split"],
        "revision": revision,
        "reason": reason,
        "strategy": record["strategy"],
        "emitted_at": now_ms,
    }
