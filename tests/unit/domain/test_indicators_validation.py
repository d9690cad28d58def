from math import inf, nan
from typing import Any

import pytest

from app.domain.indicators_validation import indicators_fault
from app.domain.strategy import Strategy
from app.domain.window import Window
from tests.bars import at_offsets, make_bar, series
from tests.fuzzing.avro_records import INDICATORS
from tests.unit.domain.nights import never_open
from tests.unit.domain.pipeline import fold
from tests.unit.domain.walks import WALKS

STRATEGY = Strategy()


def fault(**changes: Any) -> str | None:
    return indicators_fault(INDICATORS | changes)


@pytest.mark.parametrize("closes", [*WALKS.values(), [1e-12, 1e12] * 100, [1e12] * 100], ids=[*WALKS, "ends", "top"])
def test_what_our_own_agent_makes_of_any_bars_makes_sense(closes: list[float]) -> None:
    bars = series(closes[:200])
    bars += [make_bar(198, closes[0]), make_bar(3000, closes[0] / 4 if closes[0] > 1 else 1.0, adjustment="raw")]
    _, stepped = fold(Window(STRATEGY.name), at_offsets(bars), STRATEGY, never_open)
    assert len(stepped.indicators) > 100
    assert {indicators_fault(record) for record in stepped.indicators} == {None}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"sma_20": None, "sma_50": None, "rsi_14": None, "gap_minutes": None},
        {"rsi_14": 100.00000000000001},
        {"split": {"previous_close": 96.2, "open": 24.1}},
        {"bars_seen": 2**32 - 1, "revision": 65535, "gap_minutes": 2**31 - 1, "source_offset": 2**63 - 1},
    ],
)
def test_what_makes_sense(changes: dict[str, Any]) -> None:
    assert fault(**changes) is None


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        *[({field: value}, f"{field} is {value}") for field in ("close", "sma_20", "sma_50") for value in (nan, inf)],
        *[({field: value}, f"{field} is {value}") for field in ("close", "sma_20", "sma_50") for value in (0.0, -1.0)],
        *[({"rsi_14": value}, f"rsi_14 is {value}") for value in (nan, -1.0, 100.1)],
        ({"bars_seen": 0}, "bars_seen is 0"),
        ({"bars_seen": 2**32}, "bars_seen is 4294967296"),
        ({"revision": 65536}, "revision is 65536"),
        ({"gap_minutes": -1}, "gap_minutes is -1"),
        ({"source_partition": 2**31}, "source_partition is 2147483648"),
        ({"source_offset": -1}, "source_offset is -1"),
        ({"source_index": 2**31}, "source_index is 2147483648"),
        ({"source_topic_id": "x" * 201}, "source_topic_id is 201 characters long"),
        ({"split": {"previous_close": 96.2, "open": nan}}, "split is"),
        ({"timestamp": 7}, "timestamp is 7"),
        ({"timestamp": INDICATORS["timestamp"] + 1}, "not the start of a minute"),
        ({"run_id": ""}, "run_id is empty"),
        ({"symbol": "A\x00B"}, "symbol is"),
        ({"feed": "x" * 201}, "feed is 201 characters long"),
    ],
)
def test_what_makes_no_sense_is_named(changes: dict[str, Any], says: str) -> None:
    assert says in str(fault(**changes))
