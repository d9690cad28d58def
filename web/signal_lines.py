"""Signals with their JSON, as lists have them: one by one, or many at once from columns."""

from collections.abc import Sequence

import numpy as np

from app.domain.provenance import Provenance
from app.domain.records import MINUTE_MS, Signal
from app.domain.row import Rows
from app.domain.signal import signal_columns, signals_of
from app.domain.strategy import Strategy
from web.json_columns import signals_json
from web.line import Line
from web.signal_out import signal_out

#: To make columns of fewer rows takes longer than to make one signal after another.
FEW = 200


def line_of(signal: Signal) -> Line:
    """A signal with its JSON."""
    json = signal_out(signal).model_dump_json().encode()
    return Line(signal["timestamp"], signal["symbol"], signal["revision"], json)


def lines_of(
    rows: Rows, run_id: str, symbols: Sequence[str], provenances: Sequence[Provenance], strategy: Strategy
) -> list[Line]:
    """The same of rows of a run, of each its symbol and provenance, made with this strategy; 5 us a row of many."""
    run_ids = [run_id] * len(rows)
    if len(rows) < FEW:
        return list(map(line_of, signals_of(rows, run_ids, symbols, provenances, strategy)))
    made = signals_json(signal_columns(rows, run_ids, symbols, provenances, strategy))
    times = (rows["minute"].astype(np.int64) * MINUTE_MS).tolist()
    return list(map(Line, times, symbols, rows["revision"].tolist(), made))
