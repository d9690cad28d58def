from dataclasses import replace

import pytest

from app.domain.key import table_key
from app.domain.strategy import Strategy
from app.errors import StocksError
from tables.strategy import StrategyDiffers, check_strategy

STRATEGY = Strategy()
KEY = table_key("live-iex-raw-regular", "AAPL")


def test_state_of_the_configured_strategy_is_continued() -> None:
    check_strategy("windows", KEY, STRATEGY.name, STRATEGY)


@pytest.mark.parametrize(
    "other", [replace(STRATEGY, slow=60), replace(STRATEGY, rsi_period=15), replace(STRATEGY, buy_below=25.0)]
)
def test_state_of_another_is_refused_and_says_how_to_mend_it(other: Strategy) -> None:
    with pytest.raises(StrategyDiffers) as refused:
        check_strategy("windows", KEY, other.name, STRATEGY)
    said = str(refused.value)
    for part in ("windows", "AAPL", "live-iex-raw-regular", other.name, STRATEGY.name, "APP_ID", "DATA_DIR"):
        assert part in said
    assert isinstance(refused.value, StocksError)
