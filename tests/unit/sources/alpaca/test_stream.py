import socket
import threading
from collections.abc import Iterator
from math import inf
from typing import Any

import msgpack
import pytest

from app.sources.alpaca.stream import Stream
from tests.harness.doubles.virtual_clock import VirtualClock
from tests.unit.sources.alpaca.scripted_stream import MINUTE, Script, Scripted, Visitor, access, bar
from tests.unit.sources.alpaca.stream_drive import Drive, until


@pytest.fixture
def drive() -> Iterator[Drive]:
    before = set(threading.enumerate())
    yield Drive(VirtualClock(MINUTE * 1000))
    left = [thread.name for thread in set(threading.enumerate()) - before if thread.name.startswith("alpaca")]
    assert left == []


def subscribed(visitor: Visitor) -> None:
    visitor.subscribe()
    visitor.stay()


def test_gives_bars_and_corrections(drive: Drive) -> None:
    def script(visitor: Visitor) -> None:
        visitor.subscribe()
        visitor.say(bar("AAPL"), bar("SPY"))
        frame = msgpack.packb([bar("AAPL", kind="u", c=1.25)])
        visitor.connection.send([frame[:7], frame[7:30], frame[30:]])
        visitor.stay()

    with Scripted(script).running() as server, drive.running(server.access()) as stream:
        until(stream, lambda: stream.connected and stream.received == 3)
        bars = stream.take()
        assert [(each.symbol, each.timestamp, each.close) for each in bars] == [
            ("AAPL", MINUTE * 1000, 1.5),
            ("SPY", MINUTE * 1000, 1.5),
            ("AAPL", MINUTE * 1000, 1.25),
        ]
        assert (stream.connections, stream.connected, stream.trouble) == (1, True, None)
    assert not stream.connected


def test_what_is_no_bar_costs_only_itself(drive: Drive) -> None:
    def script(visitor: Visitor) -> None:
        visitor.subscribe()
        visitor.say(bar("AAPL"), 5, bar(o=None), bar("SPY"))
        visitor.connection.send(b"\xc1\xc1")
        visitor.connection.send("text")
        visitor.say()
        visitor.say(bar("AAPL", minute=1))
        visitor.stay()

    with Scripted(script).running() as server, drive.running(server.access()) as stream:
        until(stream, lambda: stream.connected and stream.received == 7)
        assert [each.symbol for each in stream.take()] == ["AAPL", "SPY", "AAPL"]
        kinds = ["without a type", "what should be a bar", "not msgpack", "of text"]
        assert [kind in reason for kind, reason in zip(kinds, drive.bad, strict=True)] == [True] * 4
        assert stream.connections == 1


def test_connects_again_and_says_that_there_may_be_a_hole(drive: Drive) -> None:
    def script(visitor: Visitor) -> None:
        visitor.subscribe()
        visitor.say(bar(minute=server.attempts))
        if server.attempts > 1:
            visitor.stay()

    with Scripted(script).running() as server, drive.running(server.access()) as stream:
        until(stream, lambda: drive.steps.seen)
        assert stream.received == 1
        drive.pass_s(1)
        until(stream, lambda: stream.connected and stream.received == 2)
        assert stream.connections == 2
        assert stream.trouble is None
        assert [each.timestamp // 1000 - MINUTE for each in stream.take()] == [60, 120]
        assert server.overlaps == 0


def test_gives_up_a_silent_connection_while_the_market_is_open(drive: Drive) -> None:
    with Scripted(subscribed).running() as server, drive.running(server.access()) as stream:
        until(stream, lambda: stream.connected)
        drive.pass_s(179)
        assert server.attempts == 1
        drive.pass_s(1)
        until(stream, lambda: not stream.connected)
        assert stream.trouble is not None
        assert "silent for 180 s" in stream.trouble
        drive.pass_s(1)
        until(stream, lambda: stream.connected)
        assert (stream.connections, server.overlaps) == (2, 0)


def test_bars_keep_the_connection(drive: Drive) -> None:
    said = threading.Event()

    def script(visitor: Visitor) -> None:
        visitor.subscribe()
        said.wait()
        visitor.say(bar())
        visitor.stay()

    with Scripted(script).running() as server, drive.running(server.access()) as stream:
        until(stream, lambda: stream.connected)
        drive.pass_s(179)
        said.set()
        until(stream, lambda: stream.received)
        drive.pass_s(179)
        assert (server.attempts, stream.trouble) == (1, None)
        drive.pass_s(1)
        until(stream, lambda: not stream.connected)


def test_silence_is_no_news_while_the_market_is_closed(drive: Drive) -> None:
    drive.opened_ms = inf
    with Scripted(subscribed).running() as server, drive.running(server.access()) as stream:
        until(stream, lambda: stream.connected)
        drive.pass_s(3600)
        assert (server.attempts, stream.trouble) == (1, None)


def test_the_night_does_not_count_after_the_open(drive: Drive) -> None:
    drive.opened_ms = drive.clock.now_ms() + 10_000_000
    with Scripted(subscribed).running() as server, drive.running(server.access()) as stream:
        until(stream, lambda: stream.connected)
        drive.pass_s(10_179)
        assert (server.attempts, stream.trouble) == (1, None)
        drive.pass_s(1)
        until(stream, lambda: not stream.connected)
        assert "silent for 180 s" in str(stream.trouble)


def test_a_connection_that_lasted_lets_the_backoff_begin_again(drive: Drive) -> None:
    with Scripted(subscribed).running() as server, drive.running(server.access(), silence_s=61) as stream:
        until(stream, lambda: stream.connected)
        drive.pass_s(600)
        assert server.attempts > 5
        assert set(drive.steps.seen) == {1}


def test_names_the_symbols_that_the_server_left_out(drive: Drive) -> None:
    def script(visitor: Visitor) -> None:
        visitor.subscribe(bars=("SPY", "OTHER"))
        visitor.say(bar("SPY"))
        visitor.stay()

    with Scripted(script).running() as server, drive.running(server.access()) as stream:
        until(stream, lambda: stream.connected and stream.received)
        assert stream.trouble == "Alpaca's stream sends no bars of AAPL."
        assert [each.symbol for each in stream.take()] == ["SPY"]


@pytest.mark.parametrize("nonsense", [5, True, "AAPL", [["AAPL"]], {"AAPL": 1}, None])
def test_a_confirmation_that_makes_no_sense_confirms_nothing(drive: Drive, nonsense: Any) -> None:
    def script(visitor: Visitor) -> None:
        visitor.subscribe()
        visitor.say({"T": "subscription", "bars": nonsense, "updatedBars": ["AAPL"]})
        visitor.say(bar())
        visitor.stay()

    with Scripted(script).running() as server, drive.running(server.access()) as stream:
        until(stream, lambda: stream.received and stream.trouble)
        assert stream.trouble == "Alpaca's stream sends no bars of AAPL, SPY."
        assert server.attempts == 1


def test_an_error_is_shown_until_bars_come_again(drive: Drive) -> None:
    go_on = threading.Event()

    def script(visitor: Visitor) -> None:
        visitor.subscribe()
        visitor.say({"T": "error", "code": 407, "msg": "slow client"})
        go_on.wait()
        visitor.say(bar())
        visitor.stay()

    with Scripted(script).running() as server, drive.running(server.access()) as stream:
        until(stream, lambda: stream.trouble)
        assert "too slow" in str(stream.trouble)
        go_on.set()
        until(stream, lambda: not stream.trouble)
        assert stream.connections == 1


def test_the_last_error_says_why_the_server_closed(drive: Drive) -> None:
    def script(visitor: Visitor) -> None:
        visitor.subscribe()
        visitor.say({"T": "error", "code": 409, "msg": "insufficient subscription"})
        visitor.connection.send("no frame of Alpaca's")

    with Scripted(script).running() as server, drive.running(server.access()) as stream:
        until(stream, lambda: drive.steps.seen)
        assert "FEED=iex" in str(stream.trouble)
        assert drive.steps.seen == [32]


def test_rests_while_nobody_takes_the_bars(drive: Drive) -> None:
    def script(visitor: Visitor) -> None:
        visitor.subscribe()
        visitor.say(*[bar(minute=minute) for minute in range(20)])
        visitor.stay()

    with Scripted(script).running() as server, drive.running(server.access(), most_pending=10) as stream:
        until(stream, lambda: drive.steps.seen)
        drive.pass_s(1000)
        assert server.attempts == 1
        assert "faster than they are taken" in str(stream.trouble)
        assert len(stream.take()) == 20
        drive.pass_s(60)
        until(stream, lambda: server.attempts == 2)


def test_a_fault_of_the_caller_is_not_hidden(drive: Drive, caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> float:
        raise ZeroDivisionError

    with Scripted(subscribed).running() as server, drive.clock.attending():
        stream = Stream(server.access(), drive.clock, ["AAPL"], broken, spawn=drive.clock.thread)
        stream.start()
        until(stream, lambda: stream.trouble)
        stream.stop()
    assert "ZeroDivisionError" in str(stream.trouble)
    assert "the stream's thread ended" in caplog.text.lower()


def test_can_be_stopped_before_it_is_started(drive: Drive) -> None:
    Stream(access(1), drive.clock, ["AAPL"], lambda: 0.0).stop()


def never_welcomes(visitor: Visitor) -> None:
    visitor.stay()


def never_answers_the_keys(visitor: Visitor) -> None:
    visitor.say({"T": "success", "msg": "connected"})
    visitor.stay()


def never_confirms(visitor: Visitor) -> None:
    visitor.let_in()
    visitor.stay()


def never_lets_go(visitor: Visitor) -> None:
    visitor.subscribe()
    visitor.ignore()


@pytest.mark.parametrize("script", [never_welcomes, never_answers_the_keys, never_confirms, never_lets_go])
def test_stops_at_once_wherever_it_is(drive: Drive, script: Script) -> None:
    with Scripted(script).running() as server:
        with drive.running(server.access()) as stream:
            while not server.present:
                stream.wake.wait(0.01)
        drive.pass_s(600)
        assert server.attempts == 1


def test_stops_while_a_listener_says_nothing_at_all(drive: Drive) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        for scheme in ("ws", "wss"):
            with drive.running(access(listener.getsockname()[1], scheme)):
                guest, _ = listener.accept()
            guest.close()
