"""`stocks replay` from the file to its last line, without a cluster."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app.cli import main
from app.cli.replay_verdict import find_verdict
from app.domain.records import Bar
from app.kafka.broker import BrokerUnavailable
from app.producer.connect import connect
from app.producer.outcome_reader import OutcomeReader
from app.producer.sent_bars import SentBars
from app.sources.base import Source
from tests.unit.producer.doubles import FakeBarProducer
from tests.unit.sources.files import written

RUN = "replay-2024-11-14-0a1b2c3d"


class Sending(FakeBarProducer):
    """A delivery of which the test sees what it took."""

    def __init__(self, fails: str | None, on_bar: Callable[[], None]) -> None:
        super().__init__(fails)
        self._on_bar = on_bar

    def offer(self, bar: Bar) -> bool:
        self._on_bar()
        return super().offer(bar)


class Replaying:
    """stocks replay; what a worker makes of it is `verdict`."""

    def __init__(self) -> None:
        self.refuses: Exception | None = None
        self.fails: str | None = None
        self.verdict: bool | BaseException = True
        self.on_bar: Callable[[], None] = lambda: None
        self.sent: list[Bar] = []
        self.begun_with: list[int] = []
        self.patient: list[bool] = []

    def __call__(self, *arguments: str, text: str | None = None, **env: str) -> Result:
        handed_in: dict[Any, Any] = {connect: self._connect, find_verdict: self._verdict, OutcomeReader: self._outcome}
        return CliRunner().invoke(main, ["replay", *arguments], obj=handed_in, input=text, env=env)

    def _connect(self, _: object, __: Source, *, sent_bars: SentBars, **___: object) -> Sending:
        if self.refuses:
            raise self.refuses
        self.delivery = Sending(self.fails, self.on_bar)
        return self.delivery

    def _outcome(self, _: object, run_id: str) -> "Replaying":
        self.run_id = run_id
        return self

    def begin(self) -> None:
        """As of an OutcomeReader."""
        self.begun_with.append(len(self.delivery.taken))

    def _verdict(self, _: object, __: SentBars, outcome: object, *, patient: bool) -> bool:
        assert outcome is self
        self.patient.append(patient)
        self.sent = [bar for _, bar in self.delivery.taken]
        if isinstance(self.verdict, BaseException):
            raise self.verdict
        return self.verdict


@pytest.fixture
def replay() -> Replaying:
    return Replaying()


@pytest.fixture
def bars(tmp_path: Path) -> str:
    """A file of five bars."""
    return str(written.write(tmp_path / "bars.csv", written.own(written.made())))


def test_a_good_file_that_a_worker_takes_is_status_0(replay: Replaying, bars: str) -> None:
    result = replay(bars, "--run-id", RUN)
    assert result.exit_code == 0, result.output
    *_, summary, hint = result.stdout.splitlines()
    assert summary.startswith("Sent 5 bars, all acknowledged (")
    assert hint == f"Signals, while a worker runs: curl 'http://127.0.0.1:8001/signals?run={RUN}'"
    assert {bar["run_id"] for bar in replay.sent} == {replay.run_id} == {RUN}
    assert [bar["close"] for bar in replay.sent] == [row.close for row in written.made()]
    assert replay.begun_with == [0], "where topics end is to be noted before the first bar"
    assert replay.patient == [False]


def test_with_wait_it_waits_for_a_worker(replay: Replaying, bars: str) -> None:
    replay(bars, "--wait")
    assert replay.patient == [True]


@pytest.mark.parametrize(("bad_line", "accepted"), [(True, True), (False, False)])
def test_a_line_or_a_bar_that_was_refused_is_status_1(
    replay: Replaying, bars: str, bad_line: bool, accepted: bool
) -> None:
    if bad_line:
        with Path(bars).open("a") as file:
            file.write("oops\n")
    replay.verdict = accepted
    result = replay(bars)
    assert result.exit_code == 1
    assert ("1 line skipped." in result.stdout) is bad_line
    assert len(replay.sent) == 5


def test_what_says_which_bars_comes_from_options_and_from_the_environment(replay: Replaying) -> None:
    assert replay("--symbols", "AAPL,SPY", "--seed", "3", "--date", "2024-11-15").exit_code == 0
    first = replay.sent
    assert {bar["symbol"] for bar in first} == {"AAPL", "SPY"}
    assert {bar["origin"] for bar in first} == {"synthetic"}
    assert replay(SYMBOLS="AAPL,SPY", SEED="3", DATE="2024-11-15", RUN_ID=first[0]["run_id"]).exit_code == 0
    assert replay.sent == first
    assert replay("--symbols", "AAPL,SPY", "--seed", "4", "--date", "2024-11-15").exit_code == 0
    assert [bar["close"] for bar in replay.sent] != [bar["close"] for bar in first]


def test_a_file_is_read_as_its_options_say(replay: Replaying, tmp_path: Path) -> None:
    lines = ["when,o,h,l,c,v", "2024-11-14 09:31,2,2,2,2,5", "2024-11-14 09:30,1,1,1,1,5"]
    path = written.write(tmp_path / "odd.csv", "\n".join(lines) + "\n")
    columns = "timestamp=when,open=o,high=h,low=l,close=c,volume=v"
    result = replay(str(path), "--map", columns, "--tz", "America/New_York", "--symbol", "X", "--sort")
    assert result.exit_code == 0, result.output
    assert [(bar["symbol"], bar["timestamp"], bar["close"]) for bar in replay.sent] == [
        ("X", 1_731_594_600_000, 1.0),
        ("X", 1_731_594_660_000, 2.0),
    ]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["bars.csv", "--speed", "fast"], 2, "'fast' is not a speed: give max, realtime, or bars a second"),
        (["bars.csv", "--tz", "Mars/Olympus"], 2, "Mars/Olympus"),
        (["bars.csv", "--map", "close"], 2, "'--map'"),
        (["bars.csv", "--symbol", ""], 2, "'--symbol'"),
        (["bars.csv", "--seed", "3"], 1, "--seed only shape bars of other sources"),
        (["--tz", "UTC"], 1, "--tz only say how files are read"),
        (["nowhere.csv"], 1, "nowhere.csv: No such file"),
        (["bars.csv", "--symbols", "MSFT"], 1, "There was nothing to send in csv:bars.csv"),
        (["bars.csv", "--run-id", "a\nb"], 1, "The run id 'a\\nb' must be"),
        (["--check"], 1, "--check reads files: give one"),
        (["--sessions", "0"], 2, "0 is not in the range"),
        (["--date", "yesterday"], 2, "'yesterday' does not match the format"),
    ],
)
def test_a_users_mistake_is_a_sentence(
    replay: Replaying, bars: str, arguments: list[str], status: int, message: str
) -> None:
    result = replay(*arguments)
    assert result.exit_code == status
    assert message in result.stderr
    assert replay.patient == []


def test_where_no_broker_answers_nothing_is_said_to_be_sent(replay: Replaying, bars: str) -> None:
    replay.refuses = BrokerUnavailable("No broker answers at 127.0.0.1:1: check that it runs")
    result = replay(bars)
    assert result.exit_code == 1
    assert result.stderr.endswith("Error: No broker answers at 127.0.0.1:1: check that it runs\n")
    assert "Sent" not in result.stdout


def test_bars_that_do_not_arrive_are_counted_and_are_an_error(replay: Replaying, bars: str) -> None:
    replay.fails = "5 bars did not arrive"
    result = replay(bars)
    assert result.exit_code == 1
    assert "Sent 5 bars, 5 not acknowledged" in result.stdout
    assert result.stderr.endswith("Error: 5 bars did not arrive\n")
    assert replay.patient == []


def test_ctrl_c_while_it_waits_for_the_worker_leaves_all_bars_in_kafka(replay: Replaying, bars: str) -> None:
    replay.verdict = KeyboardInterrupt()
    result = replay(bars)
    assert result.exit_code == 130
    assert result.stdout.endswith("Stopped waiting for the worker. All bars are in Kafka, and it goes on with them.\n")


def test_check_says_what_is_in_a_file_and_sends_nothing(replay: Replaying, bars: str) -> None:
    assert replay("--check", bars).exit_code == 0
    with Path(bars).open("a") as file:
        file.write("oops\n")
    for result in (replay("--check", bars), replay(CHECK="1", FILE=bars)):
        assert result.exit_code == 1
        assert "line 7: it has 1 fields" in result.stdout
    assert not hasattr(replay, "delivery")


def test_check_reads_standard_input(replay: Replaying) -> None:
    result = replay("--check", "-", text=written.own(written.made()))
    assert result.exit_code == 0, result.output
    assert "standard input" in result.stdout


def test_bars_are_sent_in_a_thread_of_their_own(replay: Replaying, bars: str) -> None:
    """So that Ctrl-C is noticed while a bar waits."""
    threads: set[str] = set()
    replay.on_bar = lambda: threads.add(threading.current_thread().name)
    replay(bars)
    assert threads == {"producer"}
