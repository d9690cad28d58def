from app.domain.draft import Draft
from app.domain.records import Position
from app.domain.strategy import Strategy
from app.domain.window import Window
from tests.bars import TOPIC_ID, make_bar, series
from tests.unit.domain.pipeline import every_minute

STRATEGY = Strategy(fast=2, slow=4, rsi_period=3, late_bars=2)
POSITION = Position(TOPIC_ID, 0, 0)


def draft_of(closes: list[float]) -> Draft:
    draft = Draft(Window(STRATEGY.name), STRATEGY, every_minute)
    for bar in series(closes):
        draft.append(bar)
    return draft


def test_finishing_keeps_what_the_strategy_needs() -> None:
    window = draft_of([float(close) for close in range(1, 21)]).finish(POSITION)
    assert [bar.close for bar in window.bars()] == [15.0, 16.0, 17.0, 18.0, 19.0, 20.0]
    assert len(window.gains) == len(window.losses) == 4
    assert window.bars_seen == 20
    assert window.position == POSITION


def test_averages_are_sums_at_first_and_wilders_then() -> None:
    draft = draft_of([10.0, 11.0, 11.0, 13.0, 12.0])
    assert draft.gains == [0.0, 0.0, 1.0, 1.0, 1.0, 2 / 3]
    assert draft.losses == [0.0, 0.0, 0.0, 0.0, 0.0, 1 / 3]


def test_inserting_and_replacing_equal_appending_in_order() -> None:
    wanted = draft_of([10.0, 11.0, 12.5, 12.0, 9.0]).finish(POSITION)
    draft = Draft(Window(STRATEGY.name), STRATEGY, every_minute)
    for minute, close in [(0, 10.0), (1, 10.5), (3, 12.0), (4, 9.0)]:
        draft.append(make_bar(minute, close))
    draft.insert(2, make_bar(2, 12.5))
    draft.replace(1, make_bar(1, 11.0))
    assert draft.finish(POSITION) == wanted


def test_same_looks_at_values_and_not_at_the_label() -> None:
    draft = draft_of([10.0, 11.0])
    assert draft.same(1, make_bar(1, 11.0, origin="live", feed="sip"))
    assert not draft.same(1, make_bar(1, 11.0, volume=1.0))
    assert not draft.same(1, make_bar(1, 11.0, vwap=None))
    assert not draft.same(1, make_bar(1, 11.0, trade_count=None))
