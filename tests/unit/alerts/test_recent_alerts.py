from app.alerts.recent_alerts import RecentAlerts
from app.alerts.rules import Rules
from tests.unit.alerts.made import signal


def test_an_id_is_worth_one_alert_however_often_it_is_written() -> None:
    recent = RecentAlerts(Rules())
    first = recent.judge(signal(), 3, 41)
    assert first is not None
    assert (first.kind, first.partition, first.offset, first.earlier) == ("new", 3, 41, None)
    assert recent.judge(signal(), 3, 42) is None


def test_a_revision_says_what_was_sent_before_and_no_older_one_follows_it() -> None:
    recent = RecentAlerts(Rules())
    recent.judge(signal(), 0, 0)
    revised = recent.judge(signal(action="SELL", revision=1), 0, 1)
    assert revised is not None
    assert (revised.kind, revised.earlier) == ("revised", "BUY")
    assert recent.judge(signal(), 0, 2) is None
    assert recent.judge(signal(action="SELL", revision=1), 0, 3) is None


def test_a_revision_of_what_was_no_alert_is_one_without_an_earlier_action() -> None:
    recent = RecentAlerts(Rules())
    assert recent.judge(signal(action="HOLD", transition=False), 0, 0) is None
    found = recent.judge(signal(revision=1), 0, 1)
    assert found is not None
    assert (found.kind, found.earlier) == ("revised", None)


def test_what_a_correction_takes_back_is_withdrawn_once() -> None:
    recent = RecentAlerts(Rules())
    recent.judge(signal(), 0, 0)
    withdrawn = recent.judge(signal(action="HOLD", transition=False, revision=1), 0, 1)
    assert withdrawn is not None
    assert (withdrawn.kind, withdrawn.earlier) == ("withdrawn", "BUY")
    assert recent.judge(signal(action="HOLD", transition=False, revision=2), 0, 2) is None
    back = recent.judge(signal(revision=3), 0, 3)
    assert back is not None
    assert (back.kind, back.earlier) == ("revised", None)


def test_nothing_is_withdrawn_that_was_never_sent() -> None:
    recent = RecentAlerts(Rules(symbols={"SPY"}))
    assert recent.judge(signal(), 0, 0) is None
    assert recent.judge(signal(action="HOLD", transition=False, revision=1), 0, 1) is None


def test_bars_of_different_runs_symbols_and_strategies_are_different() -> None:
    recent = RecentAlerts(Rules())
    others = [signal(), signal(symbol="SPY"), signal(run_id="live-sip-raw-regular"), signal(strategy="other/1")]
    assert all(recent.judge(each, 0, offset) for offset, each in enumerate(others))


def test_it_remembers_so_many_bars_and_forgets_a_partition_that_goes() -> None:
    recent = RecentAlerts(Rules(), most=2)
    for number in range(3):
        assert recent.judge(signal(number), 0, number)
    assert recent.judge(signal(2), 0, 9) is None
    assert recent.judge(signal(0), 0, 9) is not None
    recent.drop({0})
    assert recent.judge(signal(2), 0, 9) is not None
