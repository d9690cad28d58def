from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.history import History, SourcePosition
from app.domain.strategy import Strategy
from tables.signals_value import UnknownFormat, decode_history, encode_history, position_of
from tests.bars import TOPIC_ID, at_offsets, make_bar, series
from tests.unit.domain.nights import never_open
from tests.unit.domain.pipeline import Pipeline
from tests.unit.domain.walks import WALKS

STRATEGY = Strategy()
GOLDEN = Path(__file__).parents[2] / "golden" / "signals-1.bin"


def history_of(count: int) -> History:
    pipeline = Pipeline(STRATEGY)
    pipeline.feed(at_offsets(series(WALKS["dollars"][:count])))
    return pipeline.history


def golden_history() -> History:
    """Each action and reason, nulls, a revision, a gap and two labels."""
    tiny = Strategy(fast=2, slow=4, rsi_period=3, buy_below=45.0, sell_above=55.0, late_bars=2)
    closes = [10.0, 9.0, 11.0, 12.0, 10.5, 10.0, 11.5, 9.5, 9.0, 10.5, 10.5, 10.5, 10.5, 10.0, 12.0, 12.0, 11.0]
    bars = [
        *series(closes),
        make_bar(16, 11.25, origin="live", source="alpaca", feed="iex"),
        make_bar(20, 10.5),
        make_bar(1440, 5.3, open=5.2, adjustment="raw"),
    ]
    pipeline = Pipeline(tiny, gap=never_open)
    pipeline.feed(at_offsets(bars, 2**40))
    return pipeline.history


@pytest.mark.parametrize("count", [1, 2, 50, 51, 300])
def test_reading_gives_back_what_was_written(count: int) -> None:
    history = history_of(count)
    data = encode_history(history)
    assert decode_history(data) == history
    assert position_of(data) == SourcePosition(TOPIC_ID, 3, count - 1, 0)


def test_golden_bytes_of_version_1() -> None:
    """What was once written stays readable, and version 1 is still what is written."""
    data = GOLDEN.read_bytes()
    assert decode_history(data) == golden_history()
    assert encode_history(golden_history()) == data


def test_the_golden_history_holds_every_action_and_reason() -> None:
    signals = golden_history().signals("r", "s", Strategy())
    assert {signal["action"] for signal in signals} == {"HOLD", "BUY", "SELL"}
    assert len({signal["reason"] for signal in signals}) == 6


@pytest.mark.parametrize("version", [0, 2, 255])
def test_an_unknown_version_is_named(version: int) -> None:
    data = bytes([version]) + encode_history(history_of(3))[1:]
    for read in (decode_history, position_of):
        with pytest.raises(UnknownFormat, match=rf"version {version}\b"):
            read(data)


def test_a_history_that_has_seen_nothing_has_no_value() -> None:
    with pytest.raises(ValueError, match="seen nothing"):
        encode_history(History(STRATEGY.name))


@given(st.binary(max_size=300), st.booleans())
def test_arbitrary_bytes_are_read_or_refused(data: bytes, versioned: bool) -> None:
    if versioned:
        data = b"\x01" + data
    for read in (decode_history, position_of):
        try:
            read(data)
        except UnknownFormat:
            continue
