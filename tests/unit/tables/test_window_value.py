from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.labels import Label
from app.domain.records import Position
from app.domain.starts import Start
from app.domain.strategy import Strategy
from app.domain.window import Window
from tables.window_value import VERSION, UnknownFormat, decode_window, encode_window, position_of
from tests.bars import OPENING_MS, TOPIC_ID, at_offsets, make_bar, series
from tests.unit.domain.nights import never_open
from tests.unit.domain.pipeline import fold
from tests.unit.domain.walks import WALKS

STRATEGY = Strategy()
GOLDEN = Path(__file__).parents[2] / "golden"


def window_of(count: int) -> Window:
    window, _ = fold(Window(STRATEGY.name), at_offsets(series(WALKS["dollars"][:count])), STRATEGY)
    return window


def golden_window(version: int = VERSION) -> Window:
    """A correction, a missing minute, nulls, two labels, and from version 2 on a split."""
    tiny = Strategy(fast=2, slow=4, rsi_period=3, late_bars=2)
    bars = [
        *series([10.0, 10.5, 10.25, 10.75]),
        make_bar(3, 11.0, origin="live", source="alpaca", feed="iex", trade_count=None, vwap=None),
        make_bar(7, 10.5, open=10.4, high=10.6, low=10.3, volume=12.5),
    ]
    if version > 1:
        bars.append(make_bar(1440, 5.3, open=5.2, high=5.4, low=5.1, adjustment="raw"))
    window, _ = fold(Window(tiny.name), at_offsets(bars, 2**40), tiny, never_open)
    return window


@pytest.mark.parametrize("count", [1, 2, 11, 12, 59, 60, 61, 1000])
def test_reading_gives_back_what_was_written(count: int) -> None:
    window = window_of(count)
    data = encode_window(window)
    assert decode_window(data) == window
    assert position_of(data) == Position(TOPIC_ID, 3, count - 1)


def test_a_full_window_fits_into_four_kilobytes() -> None:
    window = window_of(1000)
    assert len(encode_window(window)) <= 4096
    labels = (Label("live", "alpaca-stream", "iex"), Label("backfill", "alpaca-history", "iex"))
    starts = (Start(7, OPENING_MS, 96.2, 24.1), Start(2000, OPENING_MS, 24.1, 12.0))
    assert len(encode_window(window._replace(labels=labels, starts=starts))) <= 4096


@pytest.mark.parametrize("version", [1, 2])
def test_golden_bytes(version: int) -> None:
    """What was once written stays readable."""
    data = (GOLDEN / f"window-{version}.bin").read_bytes()
    assert data[0] == version
    assert decode_window(data) == golden_window(version)
    assert position_of(data) == golden_window(version).position


def test_the_newest_golden_bytes_are_what_is_written() -> None:
    assert encode_window(golden_window()) == (GOLDEN / f"window-{VERSION}.bin").read_bytes()


@pytest.mark.parametrize("version", [0, VERSION + 1, 255])
def test_an_unknown_version_is_named(version: int) -> None:
    data = bytes([version]) + encode_window(window_of(3))[1:]
    for read in (decode_window, position_of):
        with pytest.raises(UnknownFormat, match=rf"version {version}\b"):
            read(data)


def test_a_window_that_has_seen_nothing_has_no_value() -> None:
    with pytest.raises(ValueError, match="seen nothing"):
        encode_window(Window(STRATEGY.name))


@pytest.mark.parametrize("data", [(GOLDEN / "window-1.bin").read_bytes(), encode_window(window_of(12))])
def test_a_value_cut_off_anywhere_is_refused(data: bytes) -> None:
    for length in range(len(data)):
        if (len(data) - length) % 60:
            with pytest.raises(UnknownFormat):
                decode_window(data[:length])


@given(st.binary(max_size=300), st.sampled_from([b"", b"\x01", b"\x02"]))
def test_arbitrary_bytes_are_read_or_refused(data: bytes, version: bytes) -> None:
    data = version + data
    for read in (decode_window, position_of):
        try:
            read(data)
        except UnknownFormat:
            continue


@given(st.integers(0, 200), st.integers(0, 255))
def test_a_damaged_header_is_read_or_refused(at: int, value: int) -> None:
    data = bytearray(encode_window(window_of(3)))
    data[at % len(data)] = value
    try:
        decode_window(bytes(data))
    except UnknownFormat:
        return
