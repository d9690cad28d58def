"""Alpaca's bars: answers in JSON, frames in msgpack.

Promised of any bytes: what is no answer or frame is refused as such, what is no
bar goes to `on_bad`, and a bar that the topic takes has the values that came.
"""

import json
from typing import Any

import msgpack

from app.domain.validation import bar_fault
from app.sources.alpaca.bar import AlpacaBar, BadBar, to_bar
from app.sources.alpaca.errors import ProtocolError
from app.sources.alpaca.parse import calendar, frame, market_clock, page, page_bars, stream_bars
from tests.harness.fuzzing.family import Family

_SYMBOLS = frozenset({"AAPL", "SPY"})
_ALWAYS = range(-(10**70), 10**70)
_FIELDS = {"open": "o", "high": "h", "low": "l", "close": "c", "volume": "v", "trade_count": "n", "vwap": "vw"}


def _check_answer(data: bytes) -> None:
    try:
        answer = json.loads(data)
    except (ValueError, RecursionError):
        return  # The client says so.
    for read in (calendar, market_clock):
        try:
            read(answer)
        except ProtocolError:
            continue
    try:
        rows, _ = page(answer)
    except ProtocolError:
        return
    every: list[object] = []
    every += page_bars(rows, _SYMBOLS, _ALWAYS, every.append)
    assert len(every) == len(rows)
    for row in rows:
        bad: list[str] = []
        found = list(page_bars([row], _SYMBOLS, _ALWAYS, bad.append))
        assert len(found) + len(bad) == 1
        for bar in found:
            _check_bar(bar, row[1])


def _check_frame(data: bytes) -> None:
    try:
        messages = frame(data)
    except ProtocolError:
        return
    for message in messages:
        bad: list[str] = []
        found = list(stream_bars([message], _SYMBOLS, bad.append))
        assert len(found) + len(bad) == (bool(bad) or message["T"] in ("b", "u"))
        for bar in found:
            _check_bar(bar, message)


def _check_bar(bar: AlpacaBar, fields: dict[str, Any]) -> None:
    for ours, theirs in _FIELDS.items():
        mine, came = getattr(bar, ours), fields.get(theirs)
        same = mine == came or mine != mine or (isinstance(came, int) and mine == float(came))
        assert same, f"{ours} is {mine}, but {came!r} came"
        assert type(mine) is (int if ours == "trade_count" else float) or mine is None
    try:
        record = to_bar(bar, origin="live", source="alpaca", feed="iex", run_id="fuzzed")
    except BadBar:
        return
    assert bar_fault(record) is None


_BAR = {"o": 189.5, "h": 190.0, "l": 189, "c": 189.75, "v": 1200, "n": 37, "vw": 189.61}
_ANSWERS: list[Any] = [
    {"bars": {"AAPL": [_BAR | {"t": "2024-11-14T14:30:00Z"}] * 2, "SPY": []}, "next_page_token": None},
    {"bars": {"SPY": [_BAR | {"t": "2024-11-14T14:30:00Z", "n": None}]}, "next_page_token": "QUFQTA=="},
    [{"date": "2024-11-29", "open": "09:30", "close": "13:00"}],
    {
        "timestamp": "2024-11-14T09:31:02.123456789-05:00",
        "is_open": True,
        "next_open": "2024-11-15T09:30:00-05:00",
        "next_close": "2024-11-14T16:00:00-05:00",
    },
]
_FRAMES: list[Any] = [
    [{"T": kind, "S": "AAPL", "t": msgpack.Timestamp(1_731_594_600, 0), **_BAR} for kind in "bu"],
    [{"T": "success", "msg": "connected"}, {"T": "b", "S": "SPY", "t": msgpack.Timestamp(1_731_594_660, 0), **_BAR}],
]

ANSWERS = Family("answers", [json.dumps(answer).encode() for answer in _ANSWERS], _check_answer)
FRAMES = Family("frames", [msgpack.packb(frame) for frame in _FRAMES], _check_frame)
