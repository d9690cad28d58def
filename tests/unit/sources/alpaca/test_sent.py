from app.domain.records import MINUTE_MS
from app.sources.alpaca.sent import REST_BEHIND_MS, Sent
from tests.bars import OPENING_MS
from tests.unit.sources.alpaca.fake_api import bar

NOW_MS = OPENING_MS + 10 * MINUTE_MS


def test_a_bar_is_news_when_a_value_changed() -> None:
    sent = Sent()
    first = bar("AAPL", OPENING_MS)
    assert [sent.fetched(each, NOW_MS) for each in (first, first, first._replace(vwap=None), first)] == [
        True,
        False,
        True,
        True,
    ]


def test_symbols_and_minutes_are_told_apart() -> None:
    sent = Sent()
    assert all(
        sent.fetched(each, NOW_MS)
        for each in (bar("AAPL", OPENING_MS), bar("SPY", OPENING_MS), bar("AAPL", OPENING_MS + MINUTE_MS))
    )


def test_it_forgets() -> None:
    sent = Sent()
    old, new = bar("AAPL", OPENING_MS), bar("AAPL", OPENING_MS + MINUTE_MS)
    sent.fetched(old, NOW_MS)
    sent.fetched(new, NOW_MS)
    sent.forget(OPENING_MS + MINUTE_MS)
    assert sent.fetched(old, NOW_MS)
    assert not sent.fetched(new, NOW_MS)


def test_what_the_stream_told_is_not_undone_by_rest_that_is_behind() -> None:
    sent = Sent()
    first = bar("AAPL", OPENING_MS)
    corrected = first._replace(close=first.close * 1.01)
    assert sent.told(first, NOW_MS)
    assert sent.told(corrected, NOW_MS + 30_000)
    assert not sent.fetched(first, NOW_MS + 30_500)
    assert not sent.fetched(corrected, NOW_MS + 60_000)
    assert not sent.told(corrected, NOW_MS + 90_000)


def test_in_the_end_rest_has_the_last_word() -> None:
    sent = Sent()
    told = bar("AAPL", OPENING_MS)
    final = told._replace(close=told.close * 1.01)
    assert sent.told(told, NOW_MS)
    assert not sent.fetched(final, NOW_MS + REST_BEHIND_MS - 1)
    assert sent.fetched(final, NOW_MS + REST_BEHIND_MS)
    assert sent.fetched(bar("SPY", OPENING_MS), NOW_MS)
