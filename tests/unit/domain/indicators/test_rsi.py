import numpy as np
import pytest
import talib

from app.domain.indicators import rsi
from app.domain.indicators.indicator import Columns, Inputs
from app.domain.row import ROW, Floats, Ints
from app.domain.strategy import Strategy
from tests.harness.oracle import wilder_rsi
from tests.unit.domain.pipeline import Pipeline
from tests.unit.domain.walks import WALKS, side_by_side


def inputs_of(changes: Floats, bars: Ints, which: Ints) -> Inputs:
    """Bars that each change the close so."""
    return Inputs(np.zeros(len(bars), ROW), np.column_stack([np.zeros(len(bars)), changes]), bars, which)


def averages(before: Columns, changes: Floats, bars: Ints, which: Ints, period: int) -> Columns:
    return rsi.Rsi(period).advance(before, inputs_of(changes, bars, which))


def rsi_of(closes: list[float], period: int) -> list[float | None]:
    changes = np.diff(np.array(closes), prepend=0.0)
    bars, none = np.arange(1, len(closes) + 1), np.zeros(1)
    inputs = inputs_of(changes, bars, np.zeros(len(closes), np.int64))
    [values] = rsi.Rsi(period).read(rsi.Rsi(period).advance((none, none), inputs), inputs)
    return [None if np.isnan(value) else float(value) for value in values]


@pytest.mark.parametrize("name", WALKS)
@pytest.mark.parametrize("period", [2, 14, 21])
def test_equals_talib_over_the_whole_history(name: str, period: int) -> None:
    closes = WALKS[name]
    check_talib(closes, period, rsi_of(closes, period))


@pytest.mark.parametrize("period", [2, 14])
def test_equals_talib_when_the_window_is_restored_before_every_bar(period: int) -> None:
    pipeline = Pipeline(Strategy(fast=2, slow=period + 1, rsi_period=period, late_bars=0))
    for bars in side_by_side(*WALKS):
        pipeline.restart()
        pipeline.fold(bars)
    for name, closes in WALKS.items():
        check_talib(closes, period, [signal["rsi"] for signal in pipeline.signals if signal["symbol"] == name])


def check_talib(closes: list[float], period: int, values: list[float | None]) -> None:
    expected = talib.RSI(np.array(closes), timeperiod=period)
    for value, wanted in zip(values, expected, strict=True):
        if value is None:
            assert np.isnan(wanted)
        # TA-Lib calls averages below 1e-14 zero, and then says 0.
        elif wanted != 0.0:
            assert value == pytest.approx(wanted, rel=1e-9, abs=1e-12)


def test_a_window_of_50_bars_alone_is_not_wilders_rsi() -> None:
    closes = WALKS["dollars"]
    whole = rsi_of(closes, 14)
    errors = []
    for end in range(200, len(closes), 10):
        value, windowed = whole[end - 1], rsi_of(closes[end - 50 : end], 14)[-1]
        assert value is not None
        assert windowed is not None
        errors.append(abs(value - windowed))
    assert max(errors) > 0.1


def test_needs_fifteen_closes() -> None:
    values = rsi_of([100.0 + step % 3 for step in range(16)], 14)
    assert values[:14] == [None] * 14
    assert values[14] is not None


def test_is_50_when_nothing_ever_moved() -> None:
    assert rsi_of([10.0] * 15, 14)[-1] == 50.0


def test_is_100_without_losses_and_0_without_gains() -> None:
    assert rsi_of([float(price) for price in range(1, 40)], 14)[-1] == 100.0
    assert rsi_of([float(price) for price in range(40, 1, -1)], 14)[-1] == 0.0


def test_is_not_the_simple_mean_of_cutler() -> None:
    closes = WALKS["dollars"][:60]
    changes = np.diff(closes)[-14:]
    cutler = 100 * changes[changes > 0].sum() / np.abs(changes).sum()
    assert rsi_of(closes, 14)[-1] != pytest.approx(cutler, abs=0.1)


def test_the_oracle_agrees_with_talib() -> None:
    closes = np.array(WALKS["dollars"])
    np.testing.assert_allclose(wilder_rsi(closes, 14), talib.RSI(closes, timeperiod=14), rtol=1e-9)


@pytest.mark.parametrize(
    ("bars", "weight"), [(1, 1.0), (14, 1.0), (15, 1.0), (16, 13 / 14), (50, 0.0748), (150, 4.5e-5)]
)
def test_seed_weight(bars: int, weight: float) -> None:
    assert rsi.seed_weight(bars, 14) == pytest.approx(weight, rel=0.01)


def test_seed_weights_are_pythons_powers_down_to_0() -> None:
    bars = [1, 14, 15, 16, 17, 1000, 10_000, 10_100, 2**32 - 1]
    weights = [(13 / 14) ** max(0, bar - 15) for bar in bars]
    assert rsi.seed_weights(np.array(bars), 14).tolist() == [rsi.seed_weight(bar, 14) for bar in bars] == weights


def test_series_do_not_touch_each_other_and_go_on_where_they_were() -> None:
    """Two series one after the other, cut anywhere, give what each gives alone."""
    changes = np.diff(np.array(WALKS["dollars"][:40]), prepend=0.0)
    bars, zeros = np.arange(1, 41), np.zeros(2)
    which = np.zeros(40, np.int64)
    alone = averages((zeros[:1], zeros[:1]), changes, bars, which, 14)
    both = averages((zeros, zeros), np.tile(changes, 2), np.tile(bars, 2), np.repeat([0, 1], 40), 14)
    assert [np.tile(column, 2).tolist() for column in alone] == [column.tolist() for column in both]
    for cut in (1, 13, 14, 15, 39):
        before = alone[0][cut - 1 : cut], alone[1][cut - 1 : cut]
        rest = averages(before, changes[cut:], bars[cut:], which[cut:], 14)
        assert [column[cut:].tolist() for column in alone] == [column.tolist() for column in rest]


def test_a_first_bar_begins_again() -> None:
    """Also in the middle, as after a split."""
    gains, losses = averages(
        (np.array([5.0]), np.array([6.0])), np.array([1.0, -9.0, 2.0]), np.array([7, 1, 2]), np.zeros(3, np.int64), 14
    )
    assert (gains.tolist(), losses.tolist()) == ([6.0, 0.0, 2.0], [6.0, 0.0, 0.0])


def test_flat_is_no_change_for_a_whole_period() -> None:
    windows = np.array([[7.0, 5.0, 5.0, 5.0], [5.0, 5.0, 5.0, 5.0], [5.0, 5.0, 5.0, 6.0]])
    assert rsi.unchanged(windows, np.array([9, 9, 9]), 3).tolist() == [False, True, False]
    assert rsi.unchanged(windows, np.array([3, 3, 3]), 3).tolist() == [False, False, False]
