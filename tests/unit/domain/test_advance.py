import numpy as np
import pytest

from app.domain.advance import Before, advance
from app.domain.provenance import Provenance
from app.domain.row import NO_GAP, ROW, Rows
from app.domain.split import Gap
from app.domain.strategy import Strategy
from tests.bars import OPENING_MS
from tests.unit.domain.pipeline import every_minute
from tests.unit.domain.walks import WALKS

STRATEGY = Strategy()
OPENING = OPENING_MS // 60_000
NOTHING = Before(np.zeros(1, np.int64), np.zeros(1, ROW), np.zeros((1, STRATEGY.slow)))
SOURCE = Provenance("replay", "", "")


def made_of(minutes: list[int], closes: list[float]) -> Rows:
    rows = np.zeros(len(closes), ROW)
    rows["minute"] = np.array(minutes) + OPENING
    for field in ("open", "high", "low", "close"):
        rows[field] = closes
    return rows


def advanced(closes: list[float], before: Before = NOTHING, gap: Gap = every_minute, first: int = 0) -> Rows:
    """The rows of bars of consecutive minutes with these closes; `reason` 1 where they are flat."""
    rows = made_of(list(range(first, first + len(closes))), closes)
    which = np.zeros(len(rows), np.int64)
    rows["reason"] = advance(before, rows, which, [SOURCE] * len(rows), STRATEGY, gap)
    return rows


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
    row = advanced([10.0 + index % 2 for index in range(bars)])[-1]
    assert [not np.isnan(row[field]) for field in ("sma_fast", "sma_slow", "rsi")] == [fast, slow, rsi]
    assert (row["number"], row["bars_seen"]) == (bars - 1, bars)


@pytest.mark.parametrize(("unchanged", "flat"), [(13, False), (14, True), (20, True)])
def test_flat_after_fourteen_unchanged_closes(unchanged: int, flat: bool) -> None:
    closes = [10.0 + index % 3 for index in range(60)] + [99.0] * (unchanged + 1)
    assert advanced(closes)["reason"][-1] == flat


def test_never_a_change_is_flat_once_there_is_an_rsi() -> None:
    rows = advanced([10.0] * 60)
    assert rows["reason"].tolist() == [0] * 14 + [1] * 46
    assert (rows["rsi"][-1], rows["sma_fast"][-1], rows["sma_slow"][-1]) == (50.0, 10.0, 10.0)


@pytest.mark.parametrize("cut", [1, 14, 15, 49, 50, 51, 119])
def test_it_goes_on_from_what_is_known_to_the_last_bit(cut: int) -> None:
    closes = WALKS["dollars"][:120]
    whole = advanced(closes)
    known = whole[:cut]
    history = np.zeros((1, STRATEGY.slow))
    newest = known["close"][-STRATEGY.slow :]
    history[0, -len(newest) :] = newest
    rest = advanced(closes[cut:], Before(np.array([cut]), known[-1:], history), first=cut)
    assert rest.tobytes() == whole[cut:].tobytes()


def test_many_series_at_once_are_as_each_alone() -> None:
    closes = [WALKS["dollars"][:70], WALKS["thousands"][:1], [10.0] * 20]
    alone = [advanced(each) for each in closes]
    rows = np.concatenate([made_of(list(range(len(each))), each) for each in closes])
    which = np.repeat(np.arange(3), [len(each) for each in closes])
    before = Before(np.zeros(3, np.int64), np.zeros(3, ROW), np.full((3, STRATEGY.slow), 7.0))
    rows["reason"] = advance(before, rows, which, [SOURCE] * len(rows), STRATEGY, every_minute)
    assert rows.tobytes() == np.concatenate(alone).tobytes()


@pytest.mark.parametrize("known", [77, None])
def test_gaps_come_from_the_calendar_but_for_adjacent_minutes(known: int | None) -> None:
    rows = made_of([0, 1, 5], [10.0, 11.0, 12.0])
    advance(NOTHING, rows, np.zeros(3, np.int64), [SOURCE] * 3, STRATEGY, lambda *_: known)
    assert rows["gap_minutes"].tolist() == [NO_GAP, 0, NO_GAP if known is None else known]
