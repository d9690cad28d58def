from math import inf, nan
from typing import Any

import pytest

from app.domain.row_integrity import row_fault
from app.domain.strategy import Strategy
from tests.bars import series
from tests.unit.domain.pipeline import SERIES, Pipeline
from tests.unit.domain.walks import WALKS
from tests.unit.records import ROW
from tests.unit.tables.encoding import packed
from tests.unit.tables.golden_rows import golden_rows


@pytest.mark.parametrize("name", WALKS)
def test_what_the_fold_makes_is_sound(name: str) -> None:
    pipeline = Pipeline(Strategy(), keep_bars=2000)
    pipeline.feed(series(WALKS[name]))
    assert row_fault(packed(pipeline.table.by_number(SERIES))) is None


def test_ordinary_and_odd_rows_are_sound() -> None:
    assert row_fault(packed([ROW, *golden_rows()])) is None


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"timestamp": 0}, "minute is 0"),
        *[
            ({field: value}, "price")
            for field in ("open", "high", "low", "close", "split_close")
            for value in (0.0, -1.0, nan, inf)
            if (field, value) != ("split_close", nan)  # That says that there is no split.
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
        ({"bars_seen": 51}, "bar 51 of its series and bar number 49 of its run"),
        ({"gap_minutes": -2}, "-2 minutes"),
        ({"emitted_at": 2**60}, f"emitted at {2**60}"),
    ],
)
def test_damage_is_named(changes: dict[str, Any], says: str) -> None:
    fault = row_fault(packed([ROW, ROW._replace(**changes), ROW]))
    assert fault is not None
    index, sentence = fault
    assert index == 1
    assert says in sentence
