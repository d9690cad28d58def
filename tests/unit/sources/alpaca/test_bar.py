import json
from typing import Any

import pytest
from msgpack import Timestamp

from app.sources.alpaca.bar import AlpacaBar, BadBar, from_json, from_stream, to_bar

MINUTE = 1731594600000
FIELDS = {"t": "2024-11-14T14:30:00Z", "o": 1, "h": 3.5, "l": 1, "c": 2, "v": 700, "n": 12, "vw": 1.9}
NESTED = json.loads("[" * 400 + "]" * 400)
BAR = AlpacaBar("AAPL", MINUTE, 1.0, 3.5, 1.0, 2.0, 700.0, 12, 1.9)


def test_of_a_rest_answer() -> None:
    assert from_json("AAPL", FIELDS) == BAR


def test_of_a_message() -> None:
    message = {**FIELDS, "T": "b", "S": "AAPL", "t": Timestamp.from_unix_nano(MINUTE * 1_000_000)}
    assert from_stream(message) == BAR


def test_what_alpaca_may_leave_out() -> None:
    bar = from_json("AAPL", {name: value for name, value in FIELDS.items() if name not in ("n", "vw")})
    assert (bar.trade_count, bar.vwap) == (None, None)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({**FIELDS, "o": "?"}, "what should be a bar is"),
        ({**FIELDS, "t": 7}, "what should be a bar is"),
        ({**FIELDS, "t": "noon"}, "what should be a bar is"),
        ({**FIELDS, "v": None}, "what should be a bar is"),
        ({**FIELDS, "n": float("inf")}, "what should be a bar is"),
        ({**FIELDS, "n": 12.5}, "what should be a bar is"),
        ({**FIELDS, "c": True}, "what should be a bar is"),
        ({**FIELDS, "c": "2_0"}, "what should be a bar is"),
        ({**FIELDS, "c": NESTED}, "what should be a bar is"),
        ({"t": FIELDS["t"]}, "a bar without 'o'"),
        (None, "what should be a bar is None"),
        (["t"], "what should be a bar is"),
    ],
)
def test_the_error_of_what_is_no_bar_names_its_symbol(fields: Any, message: str) -> None:
    with pytest.raises(BadBar, match=f"AAPL: {message}"):
        from_json("AAPL", fields)


@pytest.mark.parametrize("message", [None, [], {}, {**FIELDS, "S": None}])
def test_a_message_without_a_symbol(message: Any) -> None:
    with pytest.raises(BadBar, match="without a symbol"):
        from_stream(message)


def test_as_the_topic_takes_it() -> None:
    record = to_bar(BAR, origin="live", source="alpaca-live", feed="iex", run_id="live-iex-raw-regular")
    assert record == {
        **{name: getattr(BAR, name) for name in BAR._fields},
        "origin": "live",
        "source": "alpaca-live",
        "feed": "iex",
        "run_id": "live-iex-raw-regular",
        "adjustment": "raw",
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"low": 0.0}, "AAPL 2024-11-14T14:30:00Z: low is 0.0"),
        ({"close": float("nan")}, "close is nan"),
        ({"timestamp": MINUTE + 1}, "not the start of a minute"),
    ],
)
def test_a_bar_that_makes_no_sense(change: dict[str, Any], message: str) -> None:
    with pytest.raises(BadBar, match=message):
        to_bar(BAR._replace(**change), origin="live", source="alpaca-live", feed="iex", run_id="r")
