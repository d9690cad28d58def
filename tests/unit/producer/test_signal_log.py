"""The signals of a run, kept small."""

from app.producer.signal_log import SignalLog
from tests.unit.records import SIGNAL

MINUTE = SIGNAL["timestamp"] // 60_000


def test_the_last_revision_holds_whatever_came_between() -> None:
    log = SignalLog()
    log.note(SIGNAL)
    log.note(SIGNAL | {"timestamp": SIGNAL["timestamp"] + 60_000, "action": "HOLD", "previous_action": "BUY"})
    log.note(SIGNAL | {"revision": 1, "action": "SELL", "transition": False})
    series = log.of("AAPL")
    assert series is not None
    newest = series.newest()
    assert newest.actions.tolist() == [2, 0]
    assert newest.transitions.tolist() == [False, True]
    assert series.first_minutes().tolist() == [MINUTE, MINUTE + 1]
    assert series.revisions().tolist() == [0, 0, 1]
    assert series.starts_series


def test_a_symbol_without_signals_has_none() -> None:
    assert SignalLog().of("AAPL") is None


def test_a_series_that_goes_on_does_not_start() -> None:
    log = SignalLog()
    log.note(SIGNAL | {"previous_action": "HOLD"})
    series = log.of("AAPL")
    assert series is not None
    assert not series.starts_series
