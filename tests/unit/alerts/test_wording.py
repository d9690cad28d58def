from typing import Any

import pytest

from app.alerts.alert import Alert
from app.alerts.message import AlertMessage
from app.alerts.wording import age, body, digest_line, fitting, title
from tests.unit.alerts.made import NOW_MS, alert, signal

MINUTE_MS = 60_000


def test_a_fresh_alert() -> None:
    message = AlertMessage((alert(),))
    assert title(message) == "BUY AAPL"
    assert body(message, NOW_MS + 1500).splitlines() == [
        "BUY AAPL at 189.75, bar of 2024-11-14T14:30:00Z (before: HOLD).",
        "RSI 27.4 < 30 while SMA-20 189.42 > SMA-50 188.97.",
        "One simple rule's reading of past prices; no advice.",
    ]


def test_an_old_one_says_its_age_and_one_that_may_be_there_twice_says_so() -> None:
    message = AlertMessage((alert(),), possibly_repeated=True)
    lines = body(message, NOW_MS + 192 * MINUTE_MS).splitlines()
    assert "This is 3 h 12 min old." in lines
    assert any(line.startswith("Possibly repeated: ") for line in lines)
    assert title(message) == "BUY AAPL (possibly repeated)"


def test_a_revision_and_a_withdrawal() -> None:
    revised = AlertMessage((Alert(signal(action="SELL", revision=2), 0, 0, "revised", "BUY"),))
    assert title(revised) == "SELL AAPL (revision 2)"
    assert "Revision 2: a correction or a late bar changed this bar's signal. Sent before as BUY." in body(
        revised, NOW_MS
    )
    corrected = signal(action="HOLD", transition=False, revision=1)
    withdrawn = AlertMessage((Alert(corrected, 0, 0, "withdrawn", "BUY"),))
    assert title(withdrawn) == "WITHDRAWN: BUY AAPL"
    assert body(withdrawn, NOW_MS).startswith(
        "BUY AAPL of 2024-11-14T14:30:00Z no longer holds: after a correction this bar is HOLD, as the bar before."
    )


@pytest.mark.parametrize("origin", ["synthetic", "replay", "backfill"])
def test_what_is_not_live_says_so_in_title_and_text(origin: str) -> None:
    made = alert(origin=origin)
    assert title(AlertMessage((made,))) == f"{origin.upper()} BUY AAPL"
    assert f"\n{origin.upper()}: " in body(AlertMessage((made,)), NOW_MS)
    assert f" {origin.upper()} BUY" in digest_line(made, NOW_MS)


def test_a_digest_counts_and_lists_each_with_its_age() -> None:
    alerts = (
        alert(0),
        alert(1, symbol="SPY", action="SELL"),
        Alert(signal(2, revision=1), 0, 2, "revised"),
        Alert(signal(3, action="HOLD", revision=1), 0, 3, "withdrawn", "SELL"),
    )
    message = AlertMessage(alerts, digest=True)
    assert title(message) == "4 alerts: 2 BUY, 1 SELL, 1 withdrawn"
    assert body(message, NOW_MS + 30 * MINUTE_MS).splitlines()[:4] == [
        "2024-11-14T14:30:00Z BUY AAPL at 189.75, 30 min ago",
        "2024-11-14T14:31:00Z SELL SPY at 189.75, 29 min ago",
        "2024-11-14T14:32:00Z BUY AAPL (revision 1) at 189.75, 28 min ago",
        "2024-11-14T14:33:00Z WITHDRAWN: SELL AAPL at 189.75, 27 min ago",
    ]
    assert title(AlertMessage(alerts[:1], digest=True)) == "1 alert: 1 BUY"


def test_a_test_is_no_signal() -> None:
    assert title(AlertMessage(())).startswith("TEST: ")
    assert "This is no signal." in body(AlertMessage(()), NOW_MS)


def test_a_digest_is_cut_so_that_it_fits_even_when_it_is_sent_again_days_later() -> None:
    alerts = [alert(number) for number in range(200)]
    count = fitting(alerts, NOW_MS, 4096)
    assert 10 < count < 200
    days_later = NOW_MS + 9 * 24 * 60 * MINUTE_MS
    again = AlertMessage(tuple(alerts[:count]), digest=True, possibly_repeated=True)
    assert len(title(again)) + len(body(again, days_later)) <= 4096
    assert fitting(alerts, NOW_MS, 1) == 1
    assert fitting(alerts[:3], NOW_MS, 4096) == 3


@pytest.mark.parametrize("digest", [False, True])
def test_nothing_in_a_signal_breaks_a_line(digest: bool) -> None:
    hostile = "\x1b]0;owned\x07\r\nBcc: you@example.com"
    changes: dict[str, Any] = {"symbol": hostile, "explanation": hostile}
    message = AlertMessage((alert(**changes),), digest=digest)
    assert title(message).isprintable()
    assert all(line.isprintable() for line in body(message, NOW_MS).split("\n"))
    assert not any(line.startswith("Bcc") for line in body(message, NOW_MS).split("\n"))


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "0 s"),
        (59_999, "59 s"),
        (60_000, "1 min"),
        (59 * MINUTE_MS, "59 min"),
        (125 * MINUTE_MS, "2 h 5 min"),
        (51 * 60 * MINUTE_MS, "2 d 3 h"),
    ],
)
def test_ages(ms: int, text: str) -> None:
    assert age(ms) == text
