import pytest

from app.domain.indicator_values import IndicatorValues, indicator_values
from app.domain.split import Gap
from app.domain.strategy import Strategy
from app.domain.window import Window
from tests.bars import make_bar, series
from tests.unit.domain.pipeline import every_minute

STRATEGY = Strategy()


def newest(closes: list[float]) -> IndicatorValues:
    """The indicators of the newest of bars with these closes."""
    window = Window()
    for bar in series(closes):
        window.append(bar, STRATEGY, every_minute)
    return indicator_values(window, len(closes) - 1, STRATEGY, every_minute)


@pytest.mark.parametrize(
    ("bars", "fast", "slow", "rsi"),
    [
        (14, False, False, False),
        (15, False, False, True),
        (19, False, False, True),
        (20, True, False, True),
        (49, True, False, True),
        (50, True, True, True),
    ],
)
def test_an_indicator_is_none_before_it_has_enough_bars(bars: int, fast: bool, slow: bool, rsi: bool) -> None:
    values = newest([10.0 + index % 2 for index in range(bars)])
    assert (values.sma_fast is not None, values.sma_slow is not None, values.rsi is not None) == (fast, slow, rsi)
    assert values.bars_seen == bars


@pytest.mark.parametrize(("unchanged", "flat"), [(13, False), (14, True), (20, True)])
def test_flat_after_fourteen_unchanged_closes(unchanged: int, flat: bool) -> None:
    assert newest([10.0 + index % 3 for index in range(60)] + [99.0] * (unchanged + 1)).flat == flat


def test_never_a_change_is_flat_once_there_is_an_rsi() -> None:
    assert not newest([10.0] * 14).flat
    assert newest([10.0] * 15).flat
    values = newest([10.0] * 60)
    assert (values.flat, values.rsi, values.sma_fast, values.sma_slow) == (True, 50.0, 10.0, 10.0)


def test_averages_do_not_depend_on_the_order_of_adding() -> None:
    closes = [0.1, 0.2, 0.3, 1e16, 0.7] * 10
    assert newest(closes).sma_slow == newest(closes[::-1]).sma_slow


def test_an_average_of_equal_closes_is_that_close() -> None:
    """So that on a flat tape both averages are the same, and noise decides nothing."""
    values = newest([0.1] * 60)
    assert values.sma_fast == pytest.approx(values.sma_slow, rel=1e-15)


@pytest.mark.parametrize("known", [77, None])
def test_gaps_come_from_the_calendar_but_for_adjacent_minutes(known: int | None) -> None:
    gap: Gap = lambda *_: known  # noqa: E731
    window = Window()
    for bar in (make_bar(0, 10.0), make_bar(1, 11.0), make_bar(5, 12.0)):
        window.append(bar, STRATEGY, gap)
    assert [indicator_values(window, index, STRATEGY, gap).gap_minutes for index in range(3)] == [None, 0, known]
