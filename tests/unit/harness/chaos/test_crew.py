"""What a crew notices of its workers, which are shells with a child here."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from math import inf
from pathlib import Path
from typing import cast

import psutil
import pytest

from tests.harness.chaos.crew import Crew
from tests.harness.crashing.forked import ForkedWorker
from tests.integration.waiting import eventually

LEAVES_IT = "sleep 300 & echo $!; wait"
ENDS_IT = "sleep 300 & trap 'kill $!; exit 0' TERM; echo $!; wait"


class Shell(subprocess.Popen[str]):
    """In a worker's place: a script that says its child's pid."""

    def __init__(self, script: str) -> None:
        super().__init__(["sh", "-c", script], stdout=subprocess.PIPE, text=True)
        assert self.stdout is not None
        self.child = psutil.Process(int(self.stdout.readline()))
        # The shell may say the pid before its child has become another program.
        eventually(lambda: self.child.cmdline() == ["sleep", "300"], 20)

    @property
    def exitcode(self) -> int | None:
        return self.poll()

    def tail(self) -> str:
        return ""


@pytest.fixture
def shells() -> Iterator[list[Shell]]:
    started: list[Shell] = []
    yield started
    for shell in started:
        for process in (shell, shell.child):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        shell.communicate()


def crew_of(script: str, shells: list[Shell], directory: Path) -> Crew:
    """A crew of one, who works."""

    def start(environment: Mapping[str, str], log: Path) -> ForkedWorker:
        shells.append(Shell(script))
        return cast(ForkedWorker, shells[-1])

    crew = Crew(directory, {}, start_worker=start, look_seconds=0)
    crew.hire(["w0"])
    crew.tend()
    return crew


def test_a_process_that_an_ended_worker_left_is_named(shells: list[Shell], tmp_path: Path) -> None:
    crew = crew_of(LEAVES_IT, shells, tmp_path)
    [shell] = shells
    crew.stop("w0", inf)
    shell.wait(10)
    crew.tend()
    assert crew.working() == []
    assert crew.left_behind(seconds=0.1) == [f"w0 left process {shell.child.pid} behind: sleep 300"]
    shell.child.kill()
    assert crew.left_behind() == []
    assert crew.problems == []


def test_what_a_worker_left_that_ended_by_itself_was_seen_before(shells: list[Shell], tmp_path: Path) -> None:
    crew = crew_of(LEAVES_IT, shells, tmp_path)
    [shell] = shells
    crew.tend()
    shell.kill()
    shell.wait(10)
    crew.tend()
    assert [each.name for each in crew.ended] == ["w0"]
    assert crew.left_behind(seconds=0.1) == [f"w0 left process {shell.child.pid} behind: sleep 300"]


def test_a_process_that_ends_with_its_worker_is_not_left_behind(shells: list[Shell], tmp_path: Path) -> None:
    crew = crew_of(ENDS_IT, shells, tmp_path)
    [shell] = shells
    crew.stop("w0", inf)
    assert shell.wait(10) == 0
    crew.tend()
    assert crew.left_behind() == []
    assert (crew.starts, crew.problems) == (1, [])
