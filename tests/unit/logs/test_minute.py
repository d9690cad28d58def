from app import metrics
from app.logs.minute import Counts, Minutes, sentence


def test_a_minute_in_one_line() -> None:
    counts = Counts({"appended": 1160, "corrected": 10}, {"BUY": 37, "HOLD": 1133}, {"stale": 2})
    assert sentence(counts, 5) == (
        "In the last minute: 1,170 bars (1,160 appended, 10 corrected), 1,170 signals (37 BUY, 1,133 HOLD), "
        "2 dead letters (2 stale); lag 5"
    )


def test_a_minute_of_nothing_while_the_broker_is_away() -> None:
    assert sentence(Counts(), None) == (
        "In the last minute: no bars, no signals, no dead letters; lag unknown, the broker does not answer"
    )


def test_each_line_is_of_its_own_minute() -> None:
    minutes = Minutes()
    metrics.signals.labels("BUY").inc(3)
    assert "3 signals (3 BUY)" in minutes.line(0)
    assert "no signals" in minutes.line(0)
