import os
import signal

import pytest

from app.supervisor.restarts import BAD_STARTS, GOOD_START_SECONDS, LONGEST_PAUSE_SECONDS, Restarts


class Runs:
    """A worker's runs, one after the other, on a clock that only they move."""

    def __init__(self) -> None:
        self._now = 100.0
        self._restarts = Restarts(lambda: self._now)

    def run(self, status: int, seconds: float = 2.0) -> float | None:
        self._restarts.started()
        self._now += seconds
        return self._restarts.ended(status)


def test_pauses_double_while_runs_are_short() -> None:
    runs = Runs()
    pauses = [runs.run(-signal.SIGKILL) for _ in range(8)]
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, *[LONGEST_PAUSE_SECONDS] * 3]


def test_a_broker_that_is_away_for_days_does_not_end_it() -> None:
    runs = Runs()
    pauses = [runs.run(os.EX_TEMPFAIL) for _ in range(10_000)]
    assert set(pauses[5:]) == {LONGEST_PAUSE_SECONDS}


def test_bad_starts_in_a_row_end_it() -> None:
    runs = Runs()
    assert [runs.run(1) is None for _ in range(BAD_STARTS)] == [False] * (BAD_STARTS - 1) + [True]


def test_a_good_start_makes_up_for_all_before_it() -> None:
    runs = Runs()
    for _ in range(BAD_STARTS - 1):
        runs.run(1)
    assert runs.run(1, GOOD_START_SECONDS) == 1.0
    assert [runs.run(1) is None for _ in range(BAD_STARTS - 1)] == [False] * (BAD_STARTS - 2) + [True]


@pytest.mark.parametrize("status", [0, os.EX_TEMPFAIL, -signal.SIGKILL, -signal.SIGTERM])
def test_what_it_cannot_help_is_no_bad_start(status: int) -> None:
    runs = Runs()
    assert None not in [runs.run(status) for _ in range(50)]


def test_a_crash_of_the_interpreter_is_its_own_fault() -> None:
    runs = Runs()
    assert [runs.run(-signal.SIGSEGV) for _ in range(BAD_STARTS)][-1] is None
