import numpy as np
import pytest
import talib

from app.domain.indicators import Ema
from tests.unit.domain.indicators.folding import fold
from tests.unit.domain.walks import WALKS


@pytest.mark.parametrize("name", WALKS)
@pytest.mark.parametrize("period", [2, 12, 26])
def test_equals_talib_over_the_whole_history(name: str, period: int) -> None:
    [values] = fold(Ema(period), WALKS[name])
    np.testing.assert_allclose(values, talib.EMA(np.array(WALKS[name]), timeperiod=period), rtol=1e-12)


def test_needs_as_many_closes_as_its_period_and_begins_with_their_mean() -> None:
    [values] = fold(Ema(3), [1.0, 2.0, 6.0, 5.0])
    np.testing.assert_array_equal(values, [np.nan, np.nan, 3.0, 4.0])
