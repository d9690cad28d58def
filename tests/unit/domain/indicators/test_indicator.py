"""What every indicator must keep to."""

import numpy as np
import pytest

from app.domain.indicators import Bollinger, Ema, Indicator, Previous, Rsi, Sma
from tests.unit.domain.indicators.folding import fold, fold_many
from tests.unit.domain.walks import WALKS

EVERY = [Sma(20), Ema(12), Rsi(14), Bollinger(20), Previous(Rsi(14)), Previous(Bollinger(5))]
CLOSES = WALKS["dollars"][:80]


def names_of(indicator: Indicator) -> str:
    return repr(indicator)


@pytest.mark.parametrize("indicator", EVERY, ids=names_of)
def test_it_does_not_depend_on_which_bars_come_together(indicator: Indicator) -> None:
    whole = fold(indicator, CLOSES)
    for cuts in ([1], [11, 12, 13, 14], [20], list(range(1, len(CLOSES)))):
        assert [column.tobytes() for column in fold(indicator, CLOSES, cuts)] == [each.tobytes() for each in whole]


@pytest.mark.parametrize("indicator", EVERY, ids=names_of)
def test_series_do_not_touch_each_other(indicator: Indicator) -> None:
    series = [CLOSES, CLOSES[:1], [10.0] * 30, CLOSES[5:]]
    for found, closes in zip(fold_many(indicator, series), series, strict=True):
        assert [column.tobytes() for column in found] == [each.tobytes() for each in fold(indicator, closes)]


@pytest.mark.parametrize("indicator", EVERY, ids=names_of)
def test_it_says_nothing_while_it_warms_up_and_something_after(indicator: Indicator) -> None:
    for column in fold(indicator, CLOSES):
        known = ~np.isnan(column)
        assert known.tolist() == [bar >= indicator.warm_up for bar in range(1, len(CLOSES) + 1)]
    assert indicator.lookback <= indicator.warm_up
