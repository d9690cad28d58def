import io
from types import SimpleNamespace
from typing import cast

import pytest
from rich.console import Console

from app.cli.replay_progress import WorkerProgress, cut_short, follow, summary, worker_progress
from app.producer.pace import AsFastAsPossible
from app.producer.runner import Runner
from app.sources.base import Fault
from app.sources.fault_counter import FaultCounter
from tests.unit.producer.doubles import FakeBarProducer, ListSource


class Arriving(FakeBarProducer):
    """Of what was taken, all but some have arrived."""

    def __init__(self, missing: int) -> None:
        super().__init__()
        self._missing = missing

    def flush(self, given_up: object) -> None:
        self.acknowledged = len(self.taken) - self._missing


def ended(missing: int) -> Runner:
    runner = Runner(ListSource(5), lambda: Arriving(missing), pace=AsFastAsPossible(), clock=lambda: 0.0, patient=False)
    runner.start()
    assert runner.wait(10)
    return runner


def test_an_end_at_once_says_what_is_certain_and_how_to_go_on() -> None:
    assert cut_short(ended(missing=2)) == (
        "Stopped at once: 5 of 5 bars sent, 2 of them may or may not have arrived. "
        "With --run-id replay-2024-11-14-deadbeef the same command goes on with this run: what is there already is a "
        "duplicate, or `stale`, and changes nothing."
    )
    assert "5 of 5 bars sent, all of them arrived." in cut_short(ended(missing=0))


def test_the_summary_says_what_became_of_each_bar() -> None:
    faults = FaultCounter(lambda _: None, "Line")
    whole = ended(missing=0)
    assert summary(whole, faults, interrupted=False) == "Sent 5 bars, all acknowledged (0 bars/s)."
    faults(Fault(3, "no"))
    assert summary(ended(missing=2), faults, interrupted=False).startswith("Sent 5 bars, 2 not acknowledged (")
    assert summary(whole, faults, interrupted=False).endswith(" 1 line skipped.")
    faults(Fault(4, "no"))
    assert summary(whole, faults, interrupted=True) == (
        "Stopped: 5 of 5 bars sent, all acknowledged up to AAPL 2024-11-14T14:34:00Z. 2 lines skipped."
    )
    assert "5 of 5 bars sent, 2 not acknowledged. 2 lines" in summary(ended(missing=2), faults, interrupted=True)


class Running:
    """A runner that is waited for so many times."""

    def __init__(self, *states: tuple[str, int, str | None]) -> None:
        self._states = list(states)
        self.source = SimpleNamespace(total=10, read=0)
        self.started_at: float | None = None
        self.acknowledged, self.bars_per_second = 0, 1234.0
        self.status, self.last_error = "starting", None

    def wait(self, _: float) -> bool:
        if not self._states:
            return True
        self.status, self.acknowledged, self.last_error = self._states.pop(0)  # type: ignore[assignment]
        self.started_at = None if self.status == "starting" else 1.0
        self.source.read = self.acknowledged
        return False


def followed(*states: tuple[str, int, str | None], terminal: bool) -> str:
    console = Console(file=io.StringIO(), width=200, force_terminal=terminal, color_system=None)
    follow(cast(Runner, Running(*states)), console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_while_it_sends_a_file_or_a_pipe_gets_a_line_now_and_then() -> None:
    states = [("starting", 0, None), ("running", 5, None), ("waiting", 7, "no broker [b]")]
    assert followed(*states, terminal=False).splitlines() == [
        "Waiting for broker and registry",
        "5 bars, 1,234 bars/s (50%)",
        "7 bars, 1,234 bars/s, waiting: no broker [b] (70%)",
    ]


def test_a_terminal_gets_a_bar() -> None:
    shown = followed(("running", 5, None), ("running", 10, None), terminal=True)
    assert "10 bars, 1,234 bars/s" in shown
    assert "100%" in shown


@pytest.mark.parametrize("terminal", [False, True])
def test_how_far_the_worker_is_and_that_there_is_none(terminal: bool) -> None:
    console = Console(file=io.StringIO(), width=200, force_terminal=terminal, color_system=None)
    now = iter([0.0, 1.0, 6.0, 6.0, 12.0, 12.0])
    with worker_progress(console, 10, lambda: next(now)) as show:
        for processed, workers in ((1, 0), (2, 0), (7, 2)):
            show(WorkerProgress(processed, 10, workers))
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    if terminal:
        assert "Worker: 7 of 10 bars processed" in shown
    else:
        assert shown.splitlines() == [
            "Worker: 2 of 10 bars processed, waiting for a worker (`make worker`)",
            "Worker: 7 of 10 bars processed",
        ]
