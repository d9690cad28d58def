from typing import Any

import pytest

from app.domain import history_rows as rows
from app.domain.records import Signal
from tests.unit.records import SIGNAL


def signal(**changes: Any) -> Signal:
    return SIGNAL | changes  # type: ignore[return-value]


ROWS = b"".join(
    rows.pack(signal(timestamp=minute * 60_000, revision=minute), 300 + minute) for minute in (100, 101, 105)
)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"sma_20": None, "sma_50": None, "rsi_14": None, "reason": "warming_up", "ready": False, "action": "HOLD"},
        {"action": "SELL", "previous_action": "BUY", "reason": "overbought_in_downtrend"},
        {"previous_action": "HOLD", "gap_minutes": None, "reason": "flat"},
        {
            "sma_20": None,
            "sma_50": None,
            "rsi_14": None,
            "reason": "split_suspected",
            "split": {"previous_close": 96.2, "open": 24.1},
        },
        {"gap_minutes": 40_000_000, "revision": 0xFFFF, "reason": "no_rule"},
    ],
)
def test_reading_gives_back_what_was_written(changes: dict[str, Any]) -> None:
    written = signal(**changes)
    packed = rows.pack(written, 7)
    assert len(packed) == rows.SIZE == 60
    (row,) = rows.unpack(packed)
    assert row.label == 7
    for field in row._fields:
        if field != "label":
            assert getattr(row, field) == written[field]  # type: ignore[literal-required]


@pytest.mark.parametrize(
    ("minute", "place"),
    [(99, (0, False)), (100, (0, True)), (101, (1, True)), (103, (2, False)), (105, (2, True)), (106, (3, False))],
)
def test_place(minute: int, place: tuple[int, bool]) -> None:
    assert rows.place(ROWS, minute * 60_000) == place


def test_the_first_row_goes_to_the_start() -> None:
    assert rows.place(b"", 0) == (0, False)


def test_single_fields() -> None:
    assert rows.revision(ROWS, 1) == 101
    assert rows.action(ROWS, 2) == "BUY"
    assert rows.labels(ROWS) == (400, 401, 405)


def test_set_label_touches_nothing_else() -> None:
    packed = bytearray(rows.pack(SIGNAL, 1) * 2)
    rows.set_label(packed, 1, 9)
    assert packed == rows.pack(SIGNAL, 1) + rows.pack(SIGNAL, 9)
