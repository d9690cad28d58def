from app.domain.records import MINUTE_MS
from app.sources.alpaca.sent import Sent
from tests.bars import OPENING_MS
from tests.unit.sources.alpaca.fake_api import bar


def test_a_bar_is_news_when_a_value_changed() -> None:
    sent = Sent()
    first = bar("AAPL", OPENING_MS)
    assert [sent.is_news(each) for each in (first, first, first._replace(vwap=None), first)] == [
        True,
        False,
        True,
        True,
    ]


def test_symbols_and_minutes_are_told_apart() -> None:
    sent = Sent()
    assert all(
        sent.is_news(each)
        for each in (bar("AAPL", OPENING_MS), bar("SPY", OPENING_MS), bar("AAPL", OPENING_MS + MINUTE_MS))
    )


def test_it_forgets() -> None:
    sent = Sent()
    old, new = bar("AAPL", OPENING_MS), bar("AAPL", OPENING_MS + MINUTE_MS)
    sent.is_news(old)
    sent.is_news(new)
    sent.forget(OPENING_MS + MINUTE_MS)
    assert sent.is_news(old)
    assert not sent.is_news(new)
