import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from app.domain.indicators import Sma
from app.domain.indicators.indicator import Inputs
from app.domain.row import ROW, Floats, Ints
from tests.unit.domain.walks import WALKS


def sma(windows: Floats, bars: Ints, period: int) -> Floats:
    count = len(bars)
    [values] = Sma(period).read((), Inputs(np.zeros(count, ROW), windows, bars, np.zeros(count, np.int64)))
    return values


def test_it_is_the_mean_of_the_newest_closes_once_there_are_enough() -> None:
    windows = np.array([[9.0, 1.0, 2.0, 3.0], [1.0, 2.0, 3.0, 8.0]])
    np.testing.assert_array_equal(sma(windows, np.array([2, 3]), 3), [np.nan, 13 / 3])


def test_it_does_not_depend_on_which_bars_come_together() -> None:
    """To the last bit; numpy adds in another order along another axis."""
    windows = sliding_window_view(np.array(WALKS["dollars"]), 50)
    bars = np.full(len(windows), 50)
    whole = sma(windows[np.arange(len(windows))], bars, 50)
    for size in (1, 2, 3, 7, 100):
        parts = [
            sma(windows[np.arange(start, min(start + size, len(windows)))], bars[start : start + size], 50)
            for start in range(0, len(windows), size)
        ]
        assert np.concatenate(parts).tobytes() == whole.tobytes()
    assert sma(windows, bars, 50).tobytes() == whole.tobytes()


def test_an_average_of_equal_closes_is_that_close() -> None:
    """But for a rounding error, so that on a flat tape both averages are equal as the rule sees it."""
    windows = np.full((1, 50), 0.1)
    for period in (20, 50):
        np.testing.assert_allclose(sma(windows, np.array([50]), period), 0.1, rtol=1e-15)
