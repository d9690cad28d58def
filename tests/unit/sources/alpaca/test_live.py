import threading
from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from app.domain.records import MINUTE_MS, Bar
from app.domain.strategy import Strategy
from app.sources.alpaca.bar import AlpacaBar
from app.sources.alpaca.errors import AlpacaError, Interrupted, KeysRefused, Unavailable, UnknownSymbols
from app.sources.alpaca.live import AlpacaLive
from app.sources.base import Fault, OnFault, SourceError
from app.sources.sessions import Session
from app.times import iso
from tests.unit.sources.alpaca.conftest import HastyClock
from tests.unit.sources.alpaca.fake_api import FakeApi, bar, minutes, ms, until

YESTERDAY = ms("2024-11-13T14:30:00Z"), ms("2024-11-13T21:00:00Z")
OPEN, CLOSE = ms("2024-11-14T14:30:00Z"), ms("2024-11-14T21:00:00Z")
NOON = ms("2024-11-14T17:00:00Z")


class Setting:
    """AAPL and SPY trade every minute of two days; the source begins at `now_ms`."""

    def __init__(
        self, now_ms: int, connect: "Scripted | None" = None, symbols: Sequence[str] = ("AAPL", "SPY")
    ) -> None:
        self.clock = HastyClock(now_ms)
        self.api, self.hours = FakeApi(self.clock), FakeApi(self.clock)
        for day in (YESTERDAY, (OPEN, CLOSE)):
            self.api.trade(("AAPL", "SPY"), *day)
        self.notices: list[str] = []
        self.faults: list[Fault] = []
        self.connect = connect
        self.source = AlpacaLive(
            self.api,
            self.hours,
            self.clock,
            symbols,
            Strategy(),
            connect=connect,
            on_fault=self.faults.append,
            on_notice=self.notices.append,
        )
        self.bars = self.source.bars()

    def until(self, moment_ms: int) -> list[Bar]:
        return until(self.bars, self.clock, moment_ms)


class Scripted:
    """A stream whose bars the test puts there; it is also what makes it."""

    def __init__(self) -> None:
        self.wake = threading.Event()
        self.connections, self.connected = 0, False
        self.trouble: str | None = None
        self.bars: list[AlpacaBar] = []
        self.made = self.started = self.stopped = 0
        self.symbols: Sequence[str] = ()

    def __call__(self, symbols: Sequence[str], _: Callable[[], bool], __: OnFault) -> "Scripted":
        self.symbols = symbols
        self.made += 1
        return self

    def start(self) -> None:
        self.started += 1
        self.up()

    def stop(self) -> None:
        self.stopped += 1

    def up(self) -> None:
        self.connections, self.connected, self.trouble = self.connections + 1, True, None

    def take(self) -> list[AlpacaBar]:
        self.wake.clear()
        taken, self.bars = self.bars, []
        return taken


def times(bars: list[Bar], symbol: str = "AAPL") -> list[int]:
    return [each["timestamp"] for each in bars if each["symbol"] == symbol]


def test_what_it_is() -> None:
    setting = Setting(NOON)
    assert str(setting.source) == "alpaca-live, feed iex, by 1 request a minute: AAPL, SPY"
    assert (setting.source.run_id, setting.source.origin) == ("live-iex-raw-regular", "live")
    thousand = AlpacaLive(setting.api, setting.hours, setting.clock, [f"S{n:04}" for n in range(1000)], Strategy())
    assert str(thousand).startswith("alpaca-live, feed iex, by 2 requests a minute: S0000, ")
    assert str(thousand).endswith(" and 990 more")
    with pytest.raises(SourceError, match="at least one symbol"):
        AlpacaLive(setting.api, setting.hours, setting.clock, [], Strategy())


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
    setting.api.tell(corrected, NOON + 95_000)
    setting.api.tell(late._replace(symbol="AAPL", close=98.0, high=98.0), NOON + 9 * MINUTE_MS)
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
    setting.api.tell(bar("AAPL", CLOSE - MINUTE_MS, 99.0), CLOSE + 31_000)
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
    setting.hours.days.append(saturday)
    failing = True
    setting.hours.error = lambda: Unavailable("No answer.") if failing else None
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
    error: AlpacaError | None = KeysRefused("Alpaca does not take the keys.")
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


def test_too_few_bars_and_none_are_said() -> None:
    setting = Setting(NOON, symbols=["AAPL", "RARE", "NONE"])
    for timestamp in (OPEN, OPEN + MINUTE_MS):
        setting.api.tell(bar("RARE", timestamp))
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
    setting.api.tell(bar("AAPL", NOON, -1.0))
    setting.api.tell(bar("AAPL", NOON, 12.0), NOON + 5 * MINUTE_MS)
    bars = setting.until(NOON + 10 * MINUTE_MS)
    assert [fault.message for fault in setting.faults] == [
        "AAPL 2024-11-14T17:00:00Z: open is -1.0, a price must be finite and above 0"
    ]
    assert {each["close"] for each in bars if each["timestamp"] == NOON and each["symbol"] == "AAPL"} >= {12.0}


def test_a_clock_that_is_behind_is_set_right() -> None:
    setting = Setting(NOON)
    setting.api.ahead_ms = setting.hours.ahead_ms = 30_000
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


def test_the_stream_is_opened_for_the_session_and_its_bars_are_given_at_once() -> None:
    stream = Scripted()
    setting = Setting(OPEN - 5 * MINUTE_MS, stream)
    setting.until(OPEN - MINUTE_MS)
    assert stream.made == 0
    setting.until(OPEN + 30_000)
    assert (stream.started, stream.symbols) == (1, ["AAPL", "SPY"])
    setting.clock.ms = OPEN + MINUTE_MS + 50
    stream.bars = [bar("AAPL", OPEN, 10 + OPEN // MINUTE_MS % 7), bar("AAPL", OPEN - MINUTE_MS)]
    [given] = setting.until(OPEN + MINUTE_MS + 100)
    assert (given["timestamp"], given["origin"]) == (OPEN, "live")
    rest = setting.until(OPEN + 2 * MINUTE_MS)
    assert (times(rest), times(rest, "SPY")) == ([], [OPEN])
    setting.until(CLOSE + 12 * MINUTE_MS)
    assert stream.stopped == 1


def test_rest_fills_the_hole_after_each_connection() -> None:
    stream = Scripted()
    setting = Setting(NOON, stream)
    setting.until(NOON + 3 * MINUTE_MS)
    stream.connected, stream.trouble = False, "The connection was lost."
    setting.until(NOON + 3 * MINUTE_MS + 20_000)
    assert setting.source.trouble == "The connection was lost. Meanwhile bars come by REST, once a minute."
    asked = len(setting.api.asked)
    stream.up()
    setting.until(setting.clock.ms + 5_000)
    assert len(setting.api.asked) == asked + 1
    assert setting.source.trouble is None


def test_the_streams_bars_wait_until_the_hole_before_them_is_filled() -> None:
    stream = Scripted()
    setting = Setting(NOON, stream)
    setting.until(NOON + 3 * MINUTE_MS)
    stream.connected = False
    setting.api.error = lambda: Unavailable("Alpaca is down.")
    setting.until(NOON + 20 * MINUTE_MS)
    stream.up()
    stream.bars = [bar("AAPL", NOON + 19 * MINUTE_MS)]
    stream.wake.set()
    assert setting.until(NOON + 30 * MINUTE_MS) == []
    setting.api.error = lambda: None
    given = times(setting.until(NOON + 31 * MINUTE_MS))
    assert given == sorted(given)
    assert NOON + 10 * MINUTE_MS in given
    assert stream.bars == []


def test_a_stream_that_goes_on_without_rest_or_is_back_soon_makes_nobody_wait() -> None:
    stream = Scripted()
    setting = Setting(NOON, stream)
    setting.until(NOON + 3 * MINUTE_MS)
    setting.api.error = lambda: Unavailable("Alpaca is down.")
    for minute in (3, 4, 30):
        setting.clock.ms = NOON + (minute + 1) * MINUTE_MS
        stream.bars = [bar("AAPL", NOON + minute * MINUTE_MS)]
        stream.wake.set()
        if minute == 4:
            stream.up()
        assert times(setting.until(setting.clock.ms)) == ([] if minute == 30 else [NOON + minute * MINUTE_MS])


def test_no_older_answer_undoes_what_the_stream_told() -> None:
    stream = Scripted()
    setting = Setting(NOON, stream)
    setting.until(NOON + 3 * MINUTE_MS + 39_500)
    corrected = bar("AAPL", NOON + 2 * MINUTE_MS, 99.0)
    setting.api.tell(corrected, NOON + 3 * MINUTE_MS + 42_000)
    stream.bars = [corrected]
    stream.wake.set()
    given = [each for each in setting.until(NOON + 6 * MINUTE_MS) if each["symbol"] == "AAPL"]
    assert [each["close"] for each in given if each["timestamp"] == corrected.timestamp] == [99.0]


def test_while_the_stream_is_away_rest_is_asked_sooner_after_the_minute() -> None:
    stream = Scripted()
    setting = Setting(NOON, stream)
    setting.until(NOON + 5 * MINUTE_MS)
    assert {asked.at_ms % MINUTE_MS for asked in setting.api.asked[3:]} == {40_000}
    stream.connected, stream.trouble = False, "Another connection is open."
    asked = len(setting.api.asked)
    setting.until(NOON + 10 * MINUTE_MS)
    assert {each.at_ms % MINUTE_MS for each in setting.api.asked[asked + 1 :]} == {4_000}


def test_stopping_wakes_it_from_the_stream_too() -> None:
    stream = Scripted()
    setting = Setting(NOON, stream)
    setting.until(NOON + MINUTE_MS)
    setting.source.stop()
    assert stream.wake.is_set()
    del setting.bars
    assert stream.stopped == 1
