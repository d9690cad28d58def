"""`stocks worker`: which processes it starts, and when it starts none."""

import fcntl
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app.cli import main
from app.kafka.topic_admin import PartitionsDiffer, ensure_topics
from app.settings import Settings
from app.supervisor.process import WorkerPlace
from app.supervisor.supervisor import WorkerFailed, supervise

FAUST = ["-m", "faust", "-A", "app.main", "--quiet", "worker", "-l", "info"]


class Started:
    """What was started instead of workers."""

    def __init__(self) -> None:
        self.replaced: list[list[str]] = []
        self.supervised: list[tuple[Sequence[WorkerPlace], Sequence[str], bool]] = []
        self.status = 0
        self.fault: Exception | None = None
        self.topics_fault: Exception | None = None

    def _execv(self, path: str, arguments: list[str]) -> None:
        assert path == arguments[0] == sys.executable
        self.replaced.append(arguments[1:])

    def _supervise(self, places: Sequence[WorkerPlace], command: Sequence[str], _: int, *, json_lines: bool) -> int:
        if self.fault:
            raise self.fault
        self.supervised.append((places, command[1:], json_lines))
        return self.status

    def _ensure_topics(self, _: Settings) -> dict[str, str]:
        if self.topics_fault:
            raise self.topics_fault
        return {}

    def __call__(self, *arguments: str, **env: str) -> Result:
        handed_in: dict[Any, Any] = {
            os.execv: self._execv,
            supervise: self._supervise,
            ensure_topics: self._ensure_topics,
        }
        return CliRunner().invoke(main, ["worker", *arguments], obj=handed_in, env={"API_PORT": "0", **env})


@pytest.fixture
def started() -> Started:
    return Started()


def test_one_worker_is_the_process_itself_and_gets_fausts_options(started: Started) -> None:
    assert started("--without-web", "--blocking-timeout", "5").exit_code == 0
    assert started.replaced == [[*FAUST, "--without-web", "--blocking-timeout", "5"]]
    assert started.supervised == []


def test_several_have_a_folder_and_a_port_each(started: Started, tmp_path: Path) -> None:
    result = started("--processes", "3", "--without-web", DATA_DIR="data", LOG_FORMAT="json")
    assert result.exit_code == 0, result.output
    [(places, command, json_lines)] = started.supervised
    assert [place.data_dir for place in places] == [Path("data") / f"worker-{number}" for number in (1, 2, 3)]
    assert len({place.port for place in places}) == 3
    assert (command, json_lines) == ([*FAUST, "--without-web"], True)
    assert started.replaced == []


def test_how_many_can_come_from_the_environment(started: Started) -> None:
    started(PROCESSES="2")
    [(places, _, json_lines)] = started.supervised
    assert (len(places), json_lines) == (2, False)


def test_their_status_is_the_commands(started: Started) -> None:
    started.status = 3
    assert started("--processes", "2").exit_code == 3
    started.fault = WorkerFailed(2, 75, "no \x1b[2Jpartitions left")
    result = started("--processes", "2")
    assert result.exit_code == 75
    assert result.stderr.startswith("Error: Worker 2 has ended ")
    assert result.stderr.endswith("\nno \\x1b[2Jpartitions left\n")


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ({"PARTITIONS": "1"}, "2 workers cannot share 1 partitions"),
        ({"API_HOST": "0.0.0.0"}, "API_TOKEN"),  # noqa: S104
        ({"API_PORT": "65535"}, "There are no 2 ports from API_PORT=65535 on"),
    ],
)
def test_what_stands_in_the_way_of_all_is_said_once_and_none_is_started(
    started: Started, env: dict[str, str], message: str
) -> None:
    result = started("--processes", "2", **env)
    assert result.exit_code == 1
    assert result.stderr.count(message) == 1
    assert started.supervised == []


def test_topics_that_do_not_fit_likewise(started: Started) -> None:
    started.topics_fault = PartitionsDiffer("Topics have another number of partitions")
    result = started("--processes", "2")
    assert (result.exit_code, result.stderr) == (1, "Error: Topics have another number of partitions\n")
    assert started.supervised == []


def test_a_replica_takes_the_first_folder_that_nobody_has(
    started: Started, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    (data / "worker-1").mkdir(parents=True)
    # The command sets it for the worker that takes its place.
    monkeypatch.setenv("DATA_DIR", str(data))
    with (data / "worker-1" / "taken").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        result = started("--own-folder")
        assert result.exit_code == 0, result.output
        assert os.environ["DATA_DIR"] == str(data / "worker-2")
    assert started.replaced == [FAUST]


def test_a_folder_of_its_own_is_for_one(started: Started) -> None:
    result = started("--own-folder", "--processes", "2")
    assert result.exit_code == 2
    assert "leave out --own-folder" in result.stderr
