from app.domain.draft import Draft
from app.domain.emission import Cause, record
from app.domain.measures import Measures
from app.domain.strategy import Strategy
from app.domain.window import Window
from tests.bars import make_bar
from tests.unit.domain.pipeline import every_minute

STRATEGY = Strategy()


def test_a_record_is_of_its_row_and_names_its_cause() -> None:
    draft = Draft(Window(STRATEGY.name), STRATEGY, every_minute)
    draft.append(make_bar(0, 10.0, origin="live", source="alpaca", feed="iex"))
    late = make_bar(1, 11.0, origin="backfill")
    draft.append(late)
    measures = Measures(10.0, 9.5, 9.25, 40.0, 0.5, True, False, 80, 3, None)
    told = record(draft, 0, measures, Cause(late, "topic", 7, 1234, 99), 2)
    assert told == {
        "run_id": late["run_id"],
        "origin": "live",
        "source": "alpaca",
        "feed": "iex",
        "symbol": "AAPL",
        "timestamp": make_bar(0, 1.0)["timestamp"],
        "close": 10.0,
        "sma_20": 9.5,
        "sma_50": 9.25,
        "rsi_14": 40.0,
        "rsi_seed_weight": 0.5,
        "ready": True,
        "flat": False,
        "bars_seen": 80,
        "gap_minutes": 3,
        "split": None,
        "revision": 0,
        "strategy": STRATEGY.name,
        "source_topic_id": "topic",
        "source_partition": 7,
        "source_offset": 1234,
        "source_index": 2,
        "emitted_at": 99,
    }
