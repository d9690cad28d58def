import numpy as np
import pytest
import talib

from app.domain.indicators import Bollinger
from tests.unit.domain.indicators.folding import fold
from tests.unit.domain.walks import WALKS


@pytest.mark.parametrize("name", WALKS)
def test_equals_talib_over_the_whole_history(name: str) -> None:
    closes = np.array(WALKS[name])
    upper, middle, lower = talib.BBANDS(closes, timeperiod=20, nbdevup=2.0, nbdevdn=2.0)
    bands = fold(Bollinger(20, 2.0), WALKS[name])
    for band, expected in zip(bands, (middle, upper, lower), strict=True):
        # TA-Lib's variance is a difference of sums, which loses digits where the closes hardly differ.
        np.testing.assert_allclose(band, expected, rtol=1e-6)


def test_on_a_flat_stretch_the_bands_meet() -> None:
    middle, upper, lower = (band[-1] for band in fold(Bollinger(4), [9.0, 5.0, 5.0, 5.0, 5.0]))
    assert (middle, upper, lower) == (5.0, 5.0, 5.0)
