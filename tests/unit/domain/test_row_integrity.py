from math import inf, nan
from typing import Any

import pytest

from app.domain.row_integrity import validate_row
from app.domain.strategy import Strategy
from tests.bars import series
from tests.unit.domain.pipeline import SERIES, Pipeline
from tests.unit.domain.walks import WALKS
from tests.unit.records import ROW
from tests.unit.tables.golden_rows import golden_rows


@pytest.mark.parametrize("name", WALKS)
def test_what_the_fold_makes_is_sound(name: str) -> None:
    pipeline = Pipeline(Strategy(), keep_bars=2000)
    pipeline.feed(series(WALKS[name]))
    assert {validate_row(row) for row in pipeline.table.by_number(SERIES)} == {None}


def test_ordinary_and_odd_rows_are_sound() -> None:
    assert {validate_row(row) for row in (ROW, *golden_rows())} == {None}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"timestamp": 0}, "timestamp is 0"),
        *[
            ({field: value}, "price")
            for field in ("open", "high", "low", "close", "split_close")
            for value in (0.0, -1.0, nan, inf)
        ],
        ({"volume": -1.0}, "volume is -1.0"),
        ({"volume": nan}, "volume is nan"),
        ({"vwap": -1.0}, "vwap -1.0"),
        ({"gain": nan}, "average gain is nan"),
        ({"gain": -1.0}, "average gain is -1.0"),
        ({"loss": inf}, "average loss inf"),
        ({"sma_fast": 0.0}, "an average"),
        ({"sma_slow": inf}, "an average"),
        ({"rsi": -0.5}, "RSI is -0.5"),
        ({"rsi": 100.5}, "RSI is 100.5"),
        ({"bars_seen": 0}, "bar 0 of its series"),
        ({"bars_seen": 51}, "bar 51 of its series and bar 50 of its run"),
        ({"gap_minutes": -2}, "-2 minutes"),
        ({"emitted_at": 2**60}, f"emitted at {2**60}"),
    ],
)
def test_damage_is_named(changes: dict[str, Any], says: str) -> None:
    assert says in str(validate_row(ROW._replace(**changes)))
