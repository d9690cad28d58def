from collections import Counter

import pytest

from app.calendar.session import Session
from app.domain.records import MINUTE_MS
from app.domain.strategy import Strategy
from app.sources.alpaca.errors import AlpacaError, Interrupted, Unavailable, UnknownSymbols
from app.sources.alpaca.live import AlpacaLive
from app.sources.base import SourceError
from app.times import iso
from tests.unit.sources.alpaca.fake_api import bar, minutes, ms
from tests.unit.sources.alpaca.live_setting import CLOSE, NOON, OPEN, Setting, times


def test_what_it_is() -> None:
    setting = Setting(NOON)
    assert str(setting.source) == "alpaca-live, feed iex, by 1 request a minute: AAPL, SPY"
    assert (setting.source.run_id, setting.source.origin) == ("live-iex-raw-regular", "live")
    thousand = AlpacaLive(
        setting.api, setting.calendar_api, setting.clock, [f"S{n:04}" for n in range(1000)], Strategy()
    )
    assert str(thousand).startswith("alpaca-live, feed iex, by 2 requests a minute: S0000, ")
    assert str(thousand).endswith(" and 990 more")
    with pytest.raises(SourceError, match="at least one symbol"):
        AlpacaLive(setting.api, setting.calendar_api, setting.clock, [], Strategy())


def test_first_the_past_and_then_each_minute_once() -> None:
    setting = Setting(NOON + 30_000)
    bars = setting.until(NOON + 10 * MINUTE_MS + 30_000)
    assert times(bars) == times(bars, "SPY") == list(minutes(OPEN, NOON + 10 * MINUTE_MS))
    live_from = NOON - 2 * MINUTE_MS
    assert all(each["origin"] == ("live" if each["timestamp"] >= live_from else "backfill") for each in bars)
    assert {(each["source"], each["feed"], each["run_id"]) for each in bars} == {
        ("alpaca-live", "iex", "live-iex-raw-regular")
    }
    assert setting.source.read == len(bars)


def test_no_minute_is_asked_for_before_it_ended() -> None:
    setting = Setting(NOON + 30_000)
    setting.until(NOON + 10 * MINUTE_MS)
    assert all(asked.end_ms + 4_000 <= asked.at_ms for asked in setting.api.asked)
    assert len(setting.api.asked) == 10


def test_corrections_and_late_bars_are_given_and_nothing_twice() -> None:
    setting = Setting(NOON)
    setting.until(NOON)
    corrected, late = bar("AAPL", NOON, 99.0), bar("XYZ", NOON + MINUTE_MS)
    setting.api.add(corrected, NOON + 95_000)
    setting.api.add(late._replace(symbol="AAPL", close=98.0, high=98.0), NOON + 9 * MINUTE_MS)
    bars = setting.until(NOON + 20 * MINUTE_MS)
    counts = Counter(times(bars))
    assert counts[NOON] == 2
    assert counts[NOON + MINUTE_MS] == 2
    assert sum(counts.values()) == len(counts) + 2
    assert [(each["close"], each["origin"]) for each in bars if each["close"] > 20] == [
        (99.0, "live"),
        (98.0, "backfill"),
    ]


def test_after_the_close_it_waits_for_corrections_and_sleeps_until_the_next_open() -> None:
    setting = Setting(CLOSE - 5 * MINUTE_MS)
    setting.api.add(bar("AAPL", CLOSE - MINUTE_MS, 99.0), CLOSE + 31_000)
    said: list[tuple[str, str | None]] = []
    closes = []
    for each in setting.bars:
        if not said or said[-1][1] != setting.source.doing:
            said.append((iso(setting.clock.ms), setting.source.doing))
        if each and each["timestamp"] == CLOSE - MINUTE_MS and each["symbol"] == "AAPL":
            closes.append(each["close"])
        if setting.clock.ms > ms("2024-11-15T14:31:00Z"):
            break
    assert closes[1:] == [99.0]
    assert [doing for _, doing in said] == [
        "fetching the bars before the first one",
        "market open until 2024-11-14T21:00:00Z",
        "market closed, asking for late bars and corrections",
        "market closed, sleeping until 2024-11-15T14:30:00Z",
        "market open until 2024-11-15T21:00:00Z",
    ]
    night = [asked for asked in setting.api.asked if CLOSE + 12 * MINUTE_MS < asked.at_ms < CLOSE + 15 * 60 * MINUTE_MS]
    assert night == []


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2024-11-14T12:00:00Z", "2024-11-14T14:30:00Z"),
        ("2024-11-16T12:00:00Z", "2024-11-18T14:30:00Z"),
        ("2024-11-28T15:00:00Z", "2024-11-29T14:30:00Z"),
        ("2024-11-29T18:20:00Z", "2024-12-02T14:30:00Z"),
    ],
    ids=["before the open", "weekend", "holiday", "after a half day"],
)
def test_outside_sessions_it_sleeps_after_the_past_was_given(now: str, opens: str) -> None:
    setting = Setting(ms(now))
    bars = setting.until(ms(now) + 60 * MINUTE_MS)
    assert {each["origin"] for each in bars} <= {"backfill"}
    assert setting.source.doing == f"market closed, sleeping until {opens}"
    assert setting.source.trouble is None


def test_a_session_that_only_alpaca_knows_of_is_found_when_it_can_be_asked_again() -> None:
    saturday = Session(ms("2024-11-16T14:30:00Z"), ms("2024-11-16T21:00:00Z"))
    noon = saturday.open_ms + 150 * MINUTE_MS
    setting = Setting(noon)
    setting.api.trade(["AAPL"], *saturday)
    setting.calendar_api.days.append(saturday)
    failing = True
    setting.calendar_api.error = lambda: Unavailable("No answer.") if failing else None
    given = setting.until(noon + 10 * MINUTE_MS)
    assert max(times(given)) < CLOSE
    assert setting.source.doing == "market closed, sleeping until 2024-11-18T14:30:00Z"
    assert setting.source.trouble
    assert setting.source.trouble.endswith("the calendar here holds: No answer.")
    failing = False
    assert times(setting.until(noon + 20 * MINUTE_MS)) == list(minutes(saturday.open_ms, noon + 19 * MINUTE_MS))
    assert setting.source.doing == "market open until 2024-11-16T21:00:00Z"
    assert setting.source.trouble is None


def test_after_half_an_hour_without_an_answer_nothing_is_missing_and_what_is_old_is_backfill() -> None:
    setting = Setting(NOON)
    setting.until(NOON + MINUTE_MS)
    failing = True
    setting.api.error = lambda: Unavailable("Alpaca does not answer.") if failing else None
    assert setting.until(NOON + 30 * MINUTE_MS) == []
    assert setting.source.trouble == "Alpaca does not answer."
    failing = False
    bars = setting.until(NOON + 32 * MINUTE_MS)
    assert times(bars) == list(minutes(NOON, NOON + 32 * MINUTE_MS))[:-1]
    assert [each["timestamp"] for each in bars] == sorted(each["timestamp"] for each in bars)
    origins = Counter(each["origin"] for each in bars if each["symbol"] == "AAPL")
    assert origins["backfill"] == 28
    assert setting.source.trouble is None


def test_while_it_cannot_begin_it_says_so_and_tries_again() -> None:
    setting = Setting(NOON)
    error: AlpacaError | None = AlpacaError("Alpaca does not take the keys.")
    setting.api.error = lambda: error
    assert setting.until(NOON + 5 * MINUTE_MS) == []
    assert setting.source.trouble == "Alpaca does not take the keys."
    assert len(setting.api.asked) <= 6
    error = None
    assert times(setting.until(NOON + 7 * MINUTE_MS))[0] == OPEN


def test_a_restart_in_a_session_leaves_no_hole_and_floods_nobody() -> None:
    first, second = Setting(OPEN + 2 * MINUTE_MS), Setting(NOON)
    before = first.until(OPEN + 20 * MINUTE_MS)
    after = second.until(NOON + 5 * MINUTE_MS)
    assert set(times(before)) | set(times(after)) >= set(minutes(OPEN, NOON + 4 * MINUTE_MS))
    assert all(each["origin"] == "backfill" for each in after if each["timestamp"] < NOON - 3 * MINUTE_MS)


def test_symbols_with_too_few_bars_or_none_are_named() -> None:
    setting = Setting(NOON, symbols=["AAPL", "RARE", "NONE"])
    for timestamp in (OPEN, OPEN + MINUTE_MS):
        setting.api.add(bar("RARE", timestamp))
    setting.until(NOON + MINUTE_MS)
    assert setting.notices == [
        "No bars in the last 10 sessions of NONE: check the spelling in SYMBOLS.",
        "Fewer than 109 bars in the last 10 sessions of RARE (2): rsi_seed_weight tells how settled their signals are.",
    ]


def test_with_no_symbol_known_it_ends() -> None:
    setting = Setting(NOON, symbols=["APPL"])
    setting.api.error = lambda: UnknownSymbols(["APPL"])
    with pytest.raises(SourceError, match="does not know APPL"):
        setting.until(NOON)


def test_a_bar_that_makes_no_sense_is_reported_once_and_the_others_go_on() -> None:
    setting = Setting(NOON)
    setting.until(NOON)
    setting.api.add(bar("AAPL", NOON, -1.0))
    setting.api.add(bar("AAPL", NOON, 12.0), NOON + 5 * MINUTE_MS)
    bars = setting.until(NOON + 10 * MINUTE_MS)
    assert [fault.message for fault in setting.faults] == [
        "AAPL 2024-11-14T17:00:00Z: open is -1.0, a price must be finite and above 0"
    ]
    assert {each["close"] for each in bars if each["timestamp"] == NOON and each["symbol"] == "AAPL"} >= {12.0}


def test_a_clock_that_is_behind_is_set_right() -> None:
    setting = Setting(NOON)
    setting.api.ahead_ms = setting.calendar_api.ahead_ms = 30_000
    setting.until(NOON + 5 * MINUTE_MS)
    assert all(asked.at_ms % MINUTE_MS == 4_000 for asked in setting.api.asked[1:])


def test_requests_of_both_kinds_are_counted() -> None:
    setting = Setting(NOON)
    assert setting.source.requests_last_minute == 0


def test_stopping_while_asked_for_more() -> None:
    setting = Setting(NOON)
    setting.until(NOON + MINUTE_MS)
    setting.source.stop()
    setting.api.error = Interrupted
    assert [next(setting.bars) for _ in range(100)] == [None] * 100
    assert setting.source.trouble is None
