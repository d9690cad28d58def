"""The values of both tables and the progress record.

Promised of any bytes: `UnknownFormat` (of progress: ValueError), or a value that
is written as the same bytes again, but for how its texts are spelt; and a value
that is examined when a partition is taken over (`window_fault`, `history_fault`)
and found sound can be continued.
"""

from typing import cast

from app.domain.history import History
from app.domain.history import step as signals_of
from app.domain.history_soundness import history_fault
from app.domain.records import Indicators
from app.domain.step import step as indicators_of
from app.domain.window import Window
from app.domain.window_soundness import window_fault
from app.engine.progress import decode_progress, encode_progress
from tables import signals_value, window_value
from tables.value_format import UnknownFormat
from tests.bars import OPENING_MS, TOPIC_ID, make_bar
from tests.fuzzing.avro_records import INDICATORS, NOW_MS, STRATEGY
from tests.fuzzing.family import Family
from tests.unit.domain.nights import never_open
from tests.unit.tables.test_signals_value import history_of
from tests.unit.tables.test_window_value import GOLDEN, window_of


def _check_window(data: bytes) -> None:
    try:
        window = window_value.decode_window(data)
    except UnknownFormat:
        return
    assert window.position == window_value.position_of(data)
    written = window_value.encode_window(window)
    assert repr(window_value.decode_window(written)) == repr(window)
    # The version before is written as today's.
    assert (
        data[0] != window_value.VERSION
        or len(written) != len(data)
        or _numbers(written, window) == _numbers(data, window)
    )
    if window_fault(window) is None:
        _continue_window(window)


def _numbers(data: bytes, window: Window) -> bytes:
    """All but the texts."""
    return data[:31] + data[-(16 * len(window.gains) + 32 * len(window.starts) + len(window.rows)) :]


def _continue_window(window: Window) -> None:
    newest = window.newest_timestamp or OPENING_MS
    bars = [make_bar(0, 100.0, timestamp=newest + late * 60_000, adjustment="raw") for late in (1, 0, -1, -3)]
    offset = window.position.offset if window.position else 0
    if window.bars_seen + len(bars) < 2**64 and offset + len(bars) < 2**63 and newest < 2**32 * 60_000:
        after, _ = indicators_of(
            window,
            list(enumerate(bars, offset + 1)),
            topic_id=TOPIC_ID,
            partition=3,
            strategy=STRATEGY,
            gap=never_open,
            now_ms=NOW_MS,
        )
        window_value.encode_window(after)
    window.bars()


def _check_history(data: bytes) -> None:
    try:
        history = signals_value.decode_history(data)
    except UnknownFormat:
        return
    assert history.position == signals_value.position_of(data)
    written = signals_value.encode_history(history)
    assert repr(signals_value.decode_history(written)) == repr(history)
    assert written.endswith(history.rows)
    assert data.endswith(history.rows)
    signals_value.summary_of(data)
    if history_fault(history) is None:
        _continue_history(history)


def _continue_history(history: History) -> None:
    history.signals("run", "AAPL", STRATEGY)
    newest = max((row["timestamp"] for row in history.signals("run", "AAPL", STRATEGY)), default=OPENING_MS)
    records = [
        cast(Indicators, INDICATORS | {"source_offset": 2**63 - 9 + late, "timestamp": newest + late * 60_000})
        for late in (1, 0, -1, -3)
    ]
    after, _ = signals_of(history, records, strategy=STRATEGY, signal_history=50, now_ms=NOW_MS)
    signals_value.encode_history(after)


def _check_progress(data: bytes) -> None:
    try:
        topic_id, offset = decode_progress(data)
    except ValueError:
        return
    assert encode_progress(topic_id, offset) == data
    assert offset >= 0


WINDOWS = Family(
    "windows",
    [
        *(window_value.encode_window(window) for window in (window_of(1), window_of(30), window_of(100))),
        *(path.read_bytes() for path in sorted(GOLDEN.glob("window-*.bin"))),
    ],
    _check_window,
)
HISTORIES = Family(
    "histories",
    [
        *(signals_value.encode_history(history) for history in (history_of(1), history_of(60))),
        *(path.read_bytes() for path in sorted(GOLDEN.glob("signals-*.bin"))),
    ],
    _check_history,
)
PROGRESS = Family("progress", [encode_progress(TOPIC_ID, 2**40), encode_progress("", 0)], _check_progress)
