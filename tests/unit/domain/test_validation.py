import tracemalloc
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.key import table_key
from app.domain.row import VALUES
from app.domain.row_integrity import row_fault
from app.domain.strategy import Strategy
from app.domain.validation import bar_fault
from tests.bars import make_bar
from tests.unit.domain.nights import never_open
from tests.unit.domain.pipeline import SERIES, Pipeline
from tests.unit.tables.encoding import packed

GOOD = make_bar(0, 10.0, open=10.5, high=11.0, low=9.0, vwap=10.2)


def fault(**changes: Any) -> str | None:
    return bar_fault(GOOD | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"open": 9.0, "close": 11.0},
        {"open": 11, "high": 11, "low": 9, "close": 9, "volume": 5},
        {"volume": 0.0, "vwap": 0.0, "trade_count": 0},
        {"vwap": None, "trade_count": None},
        {"vwap": 12.0},
        {"trade_count": 2**32 - 2},
        {"timestamp": 631_152_000_000},
        {"timestamp": 4_102_444_740_000},
        {"symbol": "BRK.B"},
        {"symbol": "BRK/B"},
        {"symbol": "A" * 32},
        {"run_id": "live-iex-raw-regular"},
        {"source": "", "feed": ""},
        # An open in single precision, a rounding error above the high.
        {"open": 11.000001, "high": 11.0},
    ],
)
def test_what_makes_sense(changes: dict[str, Any]) -> None:
    assert fault(**changes) is None


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        *[
            ({field: value}, f"{field} is {value}")
            for field in ("open", "high", "low", "close")
            for value in (nan, inf, -inf)
        ],
        *[
            ({field: value}, f"{field} is {value}")
            for field in ("open", "high", "low", "close")
            for value in (0.0, -1.5, 1e-13, 1e13)
        ],
        ({"high": 8.0}, "high is 8.0, below low, which is 9.0"),
        ({"open": 11.5}, "open is 11.5, outside low to high"),
        ({"close": 8.5}, "close is 8.5, outside low to high"),
        ({"volume": -1.0}, "volume is -1.0"),
        ({"volume": nan}, "volume is nan"),
        ({"volume": inf}, "volume is inf"),
        ({"vwap": nan}, "vwap is nan"),
        ({"vwap": -1.0}, "vwap is -1.0"),
        ({"vwap": 0.0}, "vwap is 0.0"),
        ({"trade_count": -1}, "trade_count is -1"),
        ({"trade_count": 2**32 - 1}, "trade_count is 4294967295"),
        ({"timestamp": 631_151_940_000}, "timestamp is 631151940000"),
        ({"timestamp": 4_102_444_800_000}, "timestamp is 4102444800000"),
        ({"timestamp": -(2**63)}, "timestamp is -9223372036854775808"),
        ({"timestamp": 1_731_594_605_000}, "timestamp is 1731594605000, which is not the start of a minute"),
        ({"symbol": ""}, "symbol is empty"),
        ({"symbol": "A" * 33}, "symbol is 'AAA"),
        ({"symbol": "A B"}, "symbol is 'A B'"),
        ({"symbol": "A\x00B"}, "symbol is 'A\\x00B'"),
        ({"symbol": "A\n"}, "symbol is 'A\\n'"),
        ({"run_id": ""}, "run_id is empty"),
        ({"run_id": "a/b"}, "run_id is 'a/b'"),
        ({"run_id": "a\n"}, "run_id is 'a\\n'"),
        ({"run_id": "a" * 101}, "run_id is 'aaa"),
        ({"source": "s" * 201}, "source is 201 characters long"),
        ({"feed": "f" * 201}, "feed is 201 characters long"),
        ({"adjustment": "a" * 201}, "adjustment is 201 characters long"),
    ],
)
def test_what_does_not(changes: dict[str, Any], says: str) -> None:
    sentence = fault(**changes)
    assert sentence is not None
    assert says in sentence


@given(
    st.fixed_dictionaries(
        {},
        optional={
            **{field: st.floats() for field in ("open", "high", "low", "close", "volume")},
            "vwap": st.none() | st.floats(),
            "trade_count": st.none() | st.integers(-(2**63), 2**63 - 1),
            "timestamp": st.integers(-(2**63), 2**63 - 1)
            | st.integers(10**5, 10**8).map(lambda minute: minute * 60_000),
            "symbol": st.text(max_size=40),
            "run_id": st.text(max_size=40),
        },
    )
)
def test_what_passes_fits_a_row(changes: dict[str, Any]) -> None:
    bar = make_bar(0, 10.0, **changes)
    if bar_fault(bar) is None:
        pipeline = Pipeline(Strategy())
        pipeline.feed([bar])
        [row] = pipeline.table.by_number(table_key(bar["run_id"], bar["symbol"]))
        wanted = dict(bar)
        assert row._asdict().items() >= {field: wanted[field] for field in (*VALUES, "timestamp")}.items()


@pytest.mark.parametrize("closes", [[1e-12, 1e12] * 120, [1e12] * 240, [1e-12] * 240])
def test_prices_at_their_ends_can_be_computed_with_and_continued(closes: list[float]) -> None:
    # An average of 233 times the lowest price is a rounding error below it.
    pipeline = Pipeline(Strategy(slow=233), gap=never_open)
    bars = [make_bar(number * 1000, close, adjustment="raw") for number, close in enumerate(closes)]
    assert {bar_fault(bar) for bar in bars} == {None}
    pipeline.feed(bars)
    assert row_fault(packed(pipeline.table.by_number(SERIES))) is None
    pipeline.restart()
    assert pipeline.window().bars_seen == 240


def test_the_texts_of_poison_are_not_kept() -> None:
    tracemalloc.start()
    try:
        for number in range(50):
            assert "symbol is" in str(fault(symbol=f"{number}" + "x" * 1_000_000))
        assert tracemalloc.get_traced_memory()[0] < 10_000_000
    finally:
        tracemalloc.stop()
