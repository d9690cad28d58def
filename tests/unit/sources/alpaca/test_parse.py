import random
from contextlib import suppress
from datetime import date
from typing import Any

import msgpack
import pytest

from app.sources.alpaca.errors import ProtocolError
from app.sources.alpaca.parse import MarketClock, calendar, frame, market_clock, page, page_bars, stream_bars
from app.times import iso
from tests.unit.sources.alpaca.scripted_stream import bar as message

MINUTE = 1731594600000
ROW = {"o": 1, "h": 1, "l": 1, "c": 1, "v": 1}


def read(answer: Any) -> tuple[list[tuple[str, int]], list[str]]:
    bad: list[str] = []
    found = page_bars(page(answer)[0], {"AAPL", "SPY"}, range(MINUTE, MINUTE + 120_000), bad.append)
    return [(bar.symbol, bar.timestamp) for bar in found], bad


def test_bars_of_a_page_within_the_span() -> None:
    rows = [{**ROW, "t": f"2024-11-14T14:{minute}:00Z"} for minute in (29, 30, 31, 32)]
    found, bad = read({"bars": {"SPY": rows, "AAPL": rows[1:2]}, "next_page_token": None})
    assert found == [("AAPL", MINUTE), ("SPY", MINUTE), ("SPY", MINUTE + 60_000)]
    assert bad == []


@pytest.mark.parametrize("by_symbol", [None, {}, {"AAPL": None}, {"AAPL": []}])
def test_a_page_may_be_empty(by_symbol: Any) -> None:
    assert page({"bars": by_symbol}) == page({"bars": by_symbol, "next_page_token": None}) == ([], None)
    assert page({"bars": by_symbol, "next_page_token": ""}) == ([], None)
    assert page({"bars": by_symbol, "next_page_token": "abc"}) == ([], "abc")
    with pytest.raises(ProtocolError):
        page({"bars": by_symbol, "next_page_token": ["abc"]})


def test_what_is_no_bar_is_reported_and_the_others_go_on() -> None:
    good = {**ROW, "t": "2024-11-14T14:30:00Z"}
    found, bad = read({"bars": {"AAPL": ["?", good], "IBM": [good], "SPY": [good]}, "next_page_token": None})
    assert found == [("AAPL", MINUTE), ("SPY", MINUTE)]
    assert bad == ["AAPL: what should be a bar is '?'", "IBM: nobody asked for it"]


@pytest.mark.parametrize("answer", [None, [], {}, {"message": "?"}, {"bars": 3}, {"bars": [{}]}, {"bars": {"AAPL": 3}}])
def test_another_form_is_an_error(answer: Any) -> None:
    with pytest.raises(ProtocolError, match=r"\(bars\): check APCA_API"):
        page(answer)


def test_the_calendar_is_in_new_yorks_time() -> None:
    days = [
        {"date": "2024-11-01", "open": "09:30", "close": "16:00", "session_open": "0400"},
        {"date": "2024-11-29", "open": "09:30", "close": "13:00", "session_open": "0400"},
    ]
    found = calendar(days)
    assert [(iso(session.open_ms), iso(session.close_ms)) for session in found] == [
        ("2024-11-01T13:30:00Z", "2024-11-01T20:00:00Z"),
        ("2024-11-29T14:30:00Z", "2024-11-29T18:00:00Z"),
    ]
    assert found[1].day == date(2024, 11, 29)


@pytest.mark.parametrize(
    "days", [None, 3, [3], [{}], [{"date": "2024-11-29", "open": "half past nine", "close": "13:00"}]]
)
def test_another_calendar_is_an_error(days: Any) -> None:
    with pytest.raises(ProtocolError, match="calendar"):
        calendar(days)


def test_the_clock_has_nanoseconds_and_a_zone() -> None:
    answer = {
        "timestamp": "2024-11-14T10:00:00.123456789-05:00",
        "is_open": True,
        "next_open": "2024-11-15T09:30:00-05:00",
        "next_close": "2024-11-14T16:00:00-05:00",
    }
    assert market_clock(answer) == MarketClock(1731596400123, True, 1731681000000, 1731618000000)


@pytest.mark.parametrize("answer", [None, [], {}, {"timestamp": 3}, {"timestamp": "", "is_open": True}])
def test_another_clock_is_an_error(answer: Any) -> None:
    with pytest.raises(ProtocolError, match="clock"):
        market_clock(answer)


@pytest.mark.parametrize("data", ["text", b"", b"\xc1", msgpack.packb({"T": "b"}), msgpack.packb(1), b"\x91" * 9999])
def test_what_is_no_frame_of_alpacas_is_an_error(data: str | bytes) -> None:
    with pytest.raises(ProtocolError, match="a frame"):
        frame(data)


def test_damaged_frames_raise_nothing_else() -> None:
    dice = random.Random(1)
    whole = msgpack.packb([message("AAPL"), message("SPY")])
    for _ in range(5000):
        damaged = bytearray(whole[: dice.randrange(len(whole) + 1)])
        for _ in range(dice.randrange(4) if damaged else 0):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        with suppress(ProtocolError):
            assert isinstance(frame(bytes(damaged)), list)


def streamed(*messages: Any) -> tuple[list[tuple[str, float]], list[str]]:
    bad: list[str] = []
    found = stream_bars(messages, {"AAPL", "SPY"}, bad.append)
    return [(bar.symbol, bar.close) for bar in found], bad


def test_bars_and_corrections_of_the_stream_come_in_order() -> None:
    found, bad = streamed(message("AAPL"), message("SPY"), message("AAPL", kind="u", c=1.25))
    assert found == [("AAPL", 1.5), ("SPY", 1.5), ("AAPL", 1.25)]
    assert not bad


def test_what_is_no_bar_of_the_stream_costs_only_itself() -> None:
    broken = [5, ProtocolError("a frame of text"), {"S": "AAPL"}, message(c=None), {"T": "b"}, message("GOOGL")]
    found, bad = streamed(message(), *broken, message())
    assert len(found) == 2
    assert len(bad) == len(broken)
    assert bad[1] == "a frame of text"
    assert "GOOGL" in bad[-1]


def test_other_kinds_of_messages_are_passed_over() -> None:
    assert streamed(message(kind="d"), {"T": "t", "S": "AAPL", "p": 1.0}, {"T": "a new kind"}) == ([], [])
