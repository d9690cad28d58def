import pytest

from app.domain.draft import Draft
from app.domain.measures import measure
from app.domain.split import Gap
from app.domain.strategy import Strategy
from app.domain.window import Window
from tests.bars import make_bar
from tests.unit.domain.pipeline import every_minute

STRATEGY = Strategy()


def draft_of(closes: list[float], gap: Gap = every_minute) -> Draft:
    draft = Draft(Window(STRATEGY.name), STRATEGY, gap)
    for minute, close in enumerate(closes):
        draft.append(make_bar(minute, close))
    return draft


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
def test_an_indicator_is_null_before_it_has_enough_bars(bars: int, fast: bool, slow: bool, rsi: bool) -> None:
    measures = measure(draft_of([10.0 + index % 2 for index in range(bars)]), bars - 1)
    assert (measures.sma_fast is not None, measures.sma_slow is not None, measures.rsi is not None) == (fast, slow, rsi)
    assert measures.ready == slow
    assert measures.bars_seen == bars


@pytest.mark.parametrize(("unchanged", "flat"), [(13, False), (14, True), (20, True)])
def test_flat_after_fourteen_unchanged_closes(unchanged: int, flat: bool) -> None:
    closes = [10.0 + index % 3 for index in range(60)] + [99.0] * (unchanged + 1)
    measures = measure(draft_of(closes), len(closes) - 1)
    assert measures.flat == flat


def test_never_a_change_is_flat_once_there_is_an_rsi() -> None:
    draft = draft_of([10.0] * 60)
    assert not measure(draft, 13).flat
    assert measure(draft, 14).flat
    newest = measure(draft, 59)
    assert (newest.flat, newest.rsi, newest.sma_fast, newest.sma_slow) == (True, 50.0, 10.0, 10.0)


def test_averages_do_not_depend_on_the_order_of_adding() -> None:
    closes = [0.1, 0.2, 0.3, 1e16, 0.7] * 10
    forwards = measure(draft_of(closes), 49)
    backwards = measure(draft_of(closes[::-1]), 49)
    assert forwards.sma_slow == backwards.sma_slow


def test_an_average_of_equal_closes_is_that_close() -> None:
    """So that on a flat tape both averages are the same, and noise decides nothing."""
    measures = measure(draft_of([0.1] * 60), 59)
    assert measures.sma_fast == pytest.approx(measures.sma_slow, rel=1e-15)


@pytest.mark.parametrize("known", [77, None])
def test_gaps_come_from_the_calendar_but_for_adjacent_minutes(known: int | None) -> None:
    draft = draft_of([10.0, 11.0], lambda *_: known)
    draft.append(make_bar(5, 12.0))
    assert [measure(draft, index).gap_minutes for index in range(3)] == [None, 0, known]
