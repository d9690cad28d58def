import numpy as np

from app.domain.indicators import Bollinger, Ema, Previous
from tests.unit.domain.indicators.folding import fold
from tests.unit.domain.walks import WALKS


def test_it_is_what_the_other_said_one_bar_before() -> None:
    for indicator in (Ema(5), Bollinger(5), Previous(Ema(5))):
        for value, before in zip(
            fold(indicator, WALKS["dollars"]), fold(Previous(indicator), WALKS["dollars"]), strict=True
        ):
            np.testing.assert_array_equal(before[1:], value[:-1])
            assert np.isnan(before[0])


def test_it_warms_up_a_bar_longer() -> None:
    assert Previous(Ema(5)).warm_up == 6
    assert np.flatnonzero(~np.isnan(fold(Previous(Ema(5)), WALKS["dollars"])[0]))[0] == 5
