"""What a replay remembers of the bars that it sent."""

import pytest

from app.producer.sent_bars import SentBars, values_of
from tests.bars import make_bar

BAR = make_bar(0, 2.0)


@pytest.mark.parametrize("field", ["open", "high", "low", "close", "volume", "vwap", "trade_count"])
def test_a_bar_with_another_value_is_no_duplicate(field: str) -> None:
    other = make_bar(0, 2.0, **{field: 3})
    assert values_of(BAR) != values_of(other)
    assert values_of(BAR) != values_of(make_bar(0, 2.0, **{field: None}))


def test_where_a_bar_comes_from_is_none_of_its_values() -> None:
    assert values_of(BAR) == values_of(make_bar(0, 2.0, source="csv:other.csv", feed="sip", volume=100))


def test_a_partition_spans_from_its_first_bar_to_its_last() -> None:
    sent = SentBars()
    for minute, (symbol, partition, offset) in enumerate([("A", 1, 7), ("B", 1, 9), ("C", 0, 3), ("A", 1, 12)]):
        sent.note(make_bar(minute, 1.0, symbol=symbol))
        sent.placed(symbol, partition, offset)
    sent.note(make_bar(9, 1.0, symbol="D"))  # Not acknowledged.
    assert sent.spans() == {1: (7, 13), 0: (3, 4)}
