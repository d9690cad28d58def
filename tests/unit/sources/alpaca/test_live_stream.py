"""The live source with a websocket: its bars at once, and REST for what it leaves out."""

from app.domain.records import MINUTE_MS
from app.sources.alpaca.errors import Unavailable
from tests.unit.sources.alpaca.fake_api import bar
from tests.unit.sources.alpaca.live_setting import CLOSE, NOON, OPEN, Scripted, Setting, times


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


def test_no_older_answer_undoes_what_the_stream_brought() -> None:
    stream = Scripted()
    setting = Setting(NOON, stream)
    setting.until(NOON + 3 * MINUTE_MS + 39_500)
    corrected = bar("AAPL", NOON + 2 * MINUTE_MS, 99.0)
    setting.api.add(corrected, NOON + 3 * MINUTE_MS + 42_000)
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
