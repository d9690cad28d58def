"""Whole trading days through the live source, with all that goes wrong: in the end it must be as if nothing had.

Polling and stream, on a virtual clock, with the real client and a double of Alpaca. What the source gives is folded in
the order in which it came, and held against the final bars, a replay of them by the historical source, and the oracle.
"""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from app.domain.outcome import Outcome
from app.domain.records import MINUTE_MS
from app.times import iso
from tests.harness.doubles.alpaca import ExchangeSession, real_sessions
from tests.harness.doubles.alpaca.exchange import HOUR_MS
from tests.harness.doubles.alpaca.request_log import most_in_a_minute
from tests.harness.doubles.alpaca.server_faults import CutOff, Reset, Status, Truncated
from tests.integration.trading_day import ExpectedDay, TradingDays
from tests.integration.trading_day_judge import check, differences_in_bars, repeats

SYMBOLS = ("AAPL", "GOOGL", "SPY")

both_ways = pytest.mark.parametrize("streaming", [False, True], ids=["polling", "stream"])


def moment(text: str) -> int:
    """UTC milliseconds of a time in UTC."""
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@both_ways
def test_a_day_with_everything_that_goes_wrong(streaming: bool) -> None:
    yesterday, today = real_sessions(date(2024, 11, 13), date(2024, 11, 14))
    days = TradingDays([yesterday, today], today.open_ms - 90 * MINUTE_MS, streaming=streaming, symbols=SYMBOLS)
    troubles: list[str | None] = []

    def rate_limited() -> None:
        days.double.rest.limits["data"].exhaust(days.clock.now_ms())
        days.clock.at(days.clock.now_ms() + 50_000, lambda: troubles.append(days.trouble))

    for hours in (1, 3, 5):
        days.clock.at(today.open_ms + hours * HOUR_MS, rate_limited)
    for at, trouble in enumerate(stream_troubles(days) if streaming else rest_troubles(days)):
        days.clock.at(today.open_ms + (40 + 70 * at) * MINUTE_MS + 20_000, trouble)

    with days.running():
        days.live(today.close_ms + 40 * MINUTE_MS)
        check(days)
    assert repeats(days) == []
    assert days.double.rest.faults.left == 0
    assert sum(request.status == 429 for request in days.requests) == 3
    assert len([trouble for trouble in troubles if trouble]) == 3
    if streaming:
        # One more, when the server does not know yet that the silent connection is over.
        assert 0 <= len(days.double.stream.knocks) - (1 + 5 + 2) <= 1
    live = [bar for bar in days.bars if bar["origin"] == "live"]
    assert len(live) >= 0.9 * len(SYMBOLS) * 390
    folded = ExpectedDay(days.bars)
    assert min(folded.count(outcome, "live", "backfill") for outcome in (Outcome.CORRECTED, Outcome.INSERTED)) >= 15


def rest_troubles(days: TradingDays) -> list[Callable[[], None]]:
    faults = (Reset(), CutOff(), Truncated(), Status(503), Status(500, html=True))
    return [lambda fault=fault: days.double.rest.faults.plan(fault, times=2) for fault in faults]  # type: ignore[misc]


def stream_troubles(days: TradingDays) -> list[Callable[[], None]]:
    def refused_when_it_comes_back() -> None:
        days.double.stream.refuse(406, times=2)
        days.lose_the_connection()

    return [
        days.lose_the_connection,
        days.close_the_connection,
        days.double.stream.fall_silent,
        refused_when_it_comes_back,
        days.lose_the_connection,
    ]


def test_no_correction_is_undone_by_rest_when_the_connection_is_lost_right_after_it() -> None:
    """The request that fills the hole is answered before REST knows of what the stream sent last."""
    yesterday, today = real_sessions(date(2024, 11, 13), date(2024, 11, 14))
    start_ms, end_ms = today.open_ms - MINUTE_MS, today.open_ms + 90 * MINUTE_MS
    days = TradingDays([yesterday, today], start_ms, streaming=True, symbols=SYMBOLS, corrections=200, late=0)
    corrections = [
        edition
        for edition in days.tape.messages("iex")
        if edition.kind == "u" and edition.rest_ms - edition.stream_ms > 600 and start_ms < edition.stream_ms < end_ms
    ]
    for correction in corrections[::4]:
        days.clock.at(correction.stream_ms + 5, days.lose_the_connection)
    with days.running():
        days.live(end_ms + 30 * MINUTE_MS)
        check(days, until_ms=end_ms + 25 * MINUTE_MS)
    assert len(days.double.stream.knocks) > 3
    assert repeats(days) == []


def test_an_outage_of_both_whose_stream_is_back_long_before_rest() -> None:
    yesterday, today = real_sessions(date(2024, 11, 13), date(2024, 11, 14))
    down_ms = today.open_ms + 30 * MINUTE_MS
    stream_up_ms, rest_up_ms = down_ms + 20 * MINUTE_MS, down_ms + 40 * MINUTE_MS
    days = TradingDays([yesterday, today], today.open_ms - MINUTE_MS, streaming=True, symbols=SYMBOLS)
    days.double.rest.faults.plan(Status(503), lambda asked: down_ms <= asked.moment_ms < rest_up_ms, times=1_000)
    days.clock.at(down_ms, days.lose_the_connection)
    days.clock.at(down_ms, lambda: days.double.stream.refuse(500, times=1_000))
    days.clock.at(stream_up_ms, days.double.stream.accept)
    with days.running():
        days.live(rest_up_ms + 60 * MINUTE_MS)
        check(days, until_ms=rest_up_ms + 50 * MINUTE_MS)
    assert ExpectedDay(days.bars).count(Outcome.STALE, "live", "backfill") == 0


@both_ways
def test_a_holiday_and_a_half_day(streaming: bool) -> None:
    """From the afternoon before Thanksgiving to the early close after it."""
    traded = real_sessions(date(2024, 11, 26), date(2024, 11, 29))
    start_ms, end_ms = moment("2024-11-27T20:00"), moment("2024-11-29T18:40")
    days = TradingDays(traded, start_ms, streaming=streaming, symbols=SYMBOLS, unquiet=2)
    with days.running():
        days.live(end_ms)
        check(days)
    assert repeats(days) == []
    assert [said for _, said in days.said if "until" in said] == [
        "market open until 2024-11-27T21:00:00Z",
        "market closed, sleeping until 2024-11-29T14:30:00Z",
        "market open until 2024-11-29T18:00:00Z",
        "market closed, sleeping until 2024-12-02T14:30:00Z",
    ]


@both_ways
@pytest.mark.parametrize(
    ("first", "last", "opens"),
    [("2024-11-01", "2024-11-04", "14:30"), ("2024-03-08", "2024-03-11", "13:30")],
    ids=["autumn", "spring"],
)
def test_the_clocks_change_over_the_weekend(streaming: bool, first: str, last: str, opens: str) -> None:
    friday, monday = real_sessions(date.fromisoformat(first), date.fromisoformat(last))
    days = TradingDays(
        [friday, monday],
        friday.close_ms - 30 * MINUTE_MS,
        streaming=streaming,
        symbols=SYMBOLS,
        unquiet=2,
        corrections=60,
        late=60,
    )
    with days.running():
        days.live(monday.open_ms + 45 * MINUTE_MS)
        check(days, until_ms=monday.open_ms + 30 * MINUTE_MS)
    assert repeats(days) == []
    assert f"market closed, sleeping until {last}T{opens}:00Z" in [said for _, said in days.said]
    woke_ms = min(at for at, said in days.said if said == f"market open until {iso(monday.close_ms)}")
    assert 0 <= woke_ms - monday.open_ms <= 5_000


@both_ways
@pytest.mark.parametrize("minutes_away", [1, 45])
def test_a_restart_in_the_middle_of_the_day(streaming: bool, minutes_away: int) -> None:
    yesterday, today = real_sessions(date(2024, 11, 13), date(2024, 11, 14))
    stops_ms = today.open_ms + 95 * MINUTE_MS + 30_000
    start_ms = today.open_ms + 70 * MINUTE_MS
    days = TradingDays([yesterday, today], start_ms, streaming=streaming, symbols=SYMBOLS, corrections=120, late=60)
    with days.running():
        days.live(stops_ms)
        before = len(days.bars)
        days.clock.wait(minutes_away * 60, threading.Event())
        days.live(stops_ms + (minutes_away + 40) * MINUTE_MS)
        check(days, until_ms=stops_ms + (minutes_away + 25) * MINUTE_MS)
    assert {bar["origin"] for bar in days.bars[before:][:100]} == {"backfill"}


@both_ways
def test_rest_is_away_for_longer_than_late_bars_are_taken(streaming: bool) -> None:
    """By stream, bars go on to come meanwhile, but for some minutes that only REST can fill in."""
    yesterday, today = real_sessions(date(2024, 11, 13), date(2024, 11, 14))
    start_ms = today.open_ms + 30 * MINUTE_MS
    days = TradingDays([yesterday, today], start_ms, streaming=streaming, symbols=SYMBOLS)
    faults = days.double.rest.faults

    def at(minute: int, action: Callable[[], None]) -> None:
        days.clock.at(start_ms + minute * MINUTE_MS + 20_000, action)

    at(10, lambda: faults.plan(Status(503), times=10_000))
    if streaming:
        at(15, days.double.stream.fall_silent)
        at(17, days.lose_the_connection)
    at(35, faults.clear)
    with days.running():
        days.live(start_ms + 70 * MINUTE_MS)
        check(days, until_ms=start_ms + 60 * MINUTE_MS)


def test_a_thousand_symbols_take_two_requests_a_minute_and_an_unknown_one_is_named_once() -> None:
    yesterday, today = real_sessions(date(2024, 11, 13), date(2024, 11, 14))
    # Not all of the two days, only as much as is asked for.
    traded = [
        ExchangeSession(yesterday.close_ms - 125 * MINUTE_MS, yesterday.close_ms),
        ExchangeSession(today.open_ms, today.open_ms + 10 * MINUTE_MS),
    ]
    symbols = [f"S{number:04d}" for number in range(1_000)]
    days = TradingDays(traded, today.open_ms - MINUTE_MS, streaming=False, symbols=symbols, late=0, extended=False)
    with days.running():
        days.live(today.open_ms + 11 * MINUTE_MS + 30_000, "NOPE")
        assert differences_in_bars(days, days.clock.now_ms()) == []
    assert repeats(days) == []
    assert [notice for notice in days.notices if "NOPE" in notice] == days.notices
    assert len(days.notices) == 1
    assert most_in_a_minute(days.requests) <= 200
    polled = [request for request in days.requests if request.moment_ms > today.open_ms]
    assert "by 2 requests a minute" in str(days.source)
    assert Counter(request.moment_ms // MINUTE_MS for request in polled if request.path.endswith("/bars")) == {
        today.open_ms // MINUTE_MS + minute: 2 for minute in range(1, 12)
    }
