from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.history import History, SourcePosition
from app.domain.strategy import Strategy
from tables.signals_value import VERSION, UnknownFormat, decode_history, encode_history, position_of, summary_of
from tests.bars import TOPIC_ID, at_offsets, make_bar, series
from tests.unit.domain.nights import never_open
from tests.unit.domain.pipeline import Pipeline
from tests.unit.domain.walks import WALKS

STRATEGY = Strategy()
GOLDEN = Path(__file__).parents[2] / "golden"


def history_of(count: int) -> History:
    pipeline = Pipeline(STRATEGY)
    pipeline.feed(at_offsets(series(WALKS["dollars"][:count])))
    return pipeline.history


def golden_history(version: int = VERSION) -> History:
    """Each action and reason, nulls, a revision, a gap and two labels; before version 2 there was no split."""
    tiny = Strategy(fast=2, slow=4, rsi_period=3, buy_below=45.0, sell_above=55.0, late_bars=2)
    closes = [10.0, 9.0, 11.0, 12.0, 10.5, 10.0, 11.5, 9.5, 9.0, 10.5, 10.5, 10.5, 10.5, 10.0, 12.0, 12.0, 11.0]
    bars = [
        *series(closes),
        make_bar(16, 11.25, origin="live", source="alpaca", feed="iex"),
        make_bar(20, 10.5),
    ]
    pipeline = Pipeline(tiny)
    if version > 1:
        bars.append(make_bar(1440, 5.3, open=5.2, adjustment="raw"))
        pipeline.gap = never_open
    pipeline.feed(at_offsets(bars, 2**40))
    return pipeline.history


@pytest.mark.parametrize("count", [1, 2, 50, 51, 300])
def test_reading_gives_back_what_was_written(count: int) -> None:
    history = history_of(count)
    data = encode_history(history)
    assert decode_history(data) == history
    assert position_of(data) == SourcePosition(TOPIC_ID, 3, count - 1, 0)


@pytest.mark.parametrize("version", [1, 2])
def test_golden_bytes(version: int) -> None:
    """What was once written stays readable."""
    data, history = (GOLDEN / f"signals-{version}.bin").read_bytes(), golden_history(version)
    assert data[0] == version
    assert decode_history(data) == history
    assert position_of(data) == history.position
    newest = history.signals("r", "s", STRATEGY)[0]
    assert summary_of(data) == (len(history.signals("r", "s", STRATEGY)), newest["timestamp"], newest["emitted_at"])


def test_the_newest_golden_bytes_are_what_is_written() -> None:
    assert encode_history(golden_history()) == (GOLDEN / f"signals-{VERSION}.bin").read_bytes()


def test_the_golden_history_holds_every_action_and_reason() -> None:
    signals = golden_history().signals("r", "s", Strategy())
    assert {signal["action"] for signal in signals} == {"HOLD", "BUY", "SELL"}
    assert len({signal["reason"] for signal in signals}) == 6


@pytest.mark.parametrize("version", [0, VERSION + 1, 255])
def test_an_unknown_version_is_named(version: int) -> None:
    data = bytes([version]) + encode_history(history_of(3))[1:]
    for read in (decode_history, position_of, summary_of):
        with pytest.raises(UnknownFormat, match=rf"version {version}\b"):
            read(data)


def test_a_history_that_has_seen_nothing_has_no_value() -> None:
    with pytest.raises(ValueError, match="seen nothing"):
        encode_history(History(STRATEGY.name))


@given(st.binary(max_size=300), st.sampled_from([b"", b"\x01", b"\x02"]))
def test_arbitrary_bytes_are_read_or_refused(data: bytes, version: bytes) -> None:
    data = version + data
    for read in (decode_history, position_of):
        try:
            read(data)
        except UnknownFormat:
            continue
