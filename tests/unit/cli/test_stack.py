"""`stocks stack`, with a stack that is handed in."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app import stack
from app.cli import main
from app.stack import StackError, StackStatus

STATUS = StackStatus("127.0.0.1:9092", "http://127.0.0.1:8081/apis", 11, 12, "4.3.1", "3.3.0", "C1")


class Stack:
    """Whether it runs, and how it was started."""

    def __init__(self, *, runs: bool) -> None:
        self.runs = runs
        self.asked: dict[str, Any] = {}

    def start(self, folder: Path, **asked: Any) -> StackStatus:
        self.asked, self.runs = {"folder": folder, **asked}, True
        return STATUS

    def stop(self, _: Path, **__: Any) -> bool:
        stopped, self.runs = self.runs, False
        return stopped

    def status(self, _: Path) -> StackStatus | None:
        return STATUS if self.runs else None

    def __call__(self, *arguments: str, **env: str) -> Result:
        handed_in: dict[Any, Any] = {stack.start: self.start, stack.stop: self.stop, stack.status: self.status}
        return CliRunner().invoke(main, ["stack", *arguments], obj=handed_in, env=env)


SHOWN = [
    "Kafka 4.3.1 {how} at 127.0.0.1:9092 (process 11)",
    "Apicurio Registry 3.3.0 {how} at http://127.0.0.1:8081/apis (process 12)",
]


@pytest.mark.parametrize(("runs", "how"), [(False, "running"), (True, "already running")])
def test_up_says_where_they_listen_and_whether_they_did_before(runs: bool, how: str) -> None:
    command = Stack(runs=runs)
    result = command("up", KAFKA_PORT="19092", SCHEMA_REGISTRY_PORT="18081", STACK_DIR="here")
    assert result.stdout.splitlines() == [line.format(how=how) for line in SHOWN]
    assert result.stderr == ""
    asked = command.asked
    assert (asked["folder"], asked["kafka_port"], asked["registry_port"]) == (Path("here"), 19092, 18081)


def test_where_other_commands_use_another_broker_it_says_so() -> None:
    result = Stack(runs=False)("up", KAFKA_BOOTSTRAP="elsewhere:9092")
    assert result.stderr == "Other commands do not use it: KAFKA_BOOTSTRAP is elsewhere:9092\n"


def test_a_start_that_fails_is_a_sentence() -> None:
    def start(*_: Any, **__: Any) -> StackStatus:
        raise StackError("Port 9092 is taken by process 7 (java).\nStop that")

    result = CliRunner().invoke(main, ["stack", "up"], obj={stack.start: start, stack.status: lambda _: None})
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: Port 9092 is taken by process 7 (java).\nStop that\n"


@pytest.mark.parametrize(("runs", "said"), [(True, "Stopped\n"), (False, "Nothing was running\n")])
def test_down(runs: bool, said: str) -> None:
    command = Stack(runs=runs)
    assert command("down").stdout == said
    assert not command.runs


def test_status() -> None:
    assert Stack(runs=True)("status").stdout.splitlines() == [line.format(how="running") for line in SHOWN]
    told = json.loads(Stack(runs=True)("status", "--json").stdout)
    assert told == {"kafka": "127.0.0.1:9092", "schema_registry": "http://127.0.0.1:8081/apis"}


def test_status_of_one_that_does_not_run_says_which_and_how_to_start_it() -> None:
    away = Stack(runs=False)("status", STACK_DIR="here")
    assert (away.exit_code, away.stdout) == (1, "")
    assert away.stderr.startswith("Error: The local stack in here is not running, or does not answer.")


def test_logs_are_the_end_of_each_and_move_no_cursor(tmp_path: Path) -> None:
    from app.stack import apicurio, kafka
    from app.stack.processes import log_file

    folder = tmp_path / "stack"
    without = Stack(runs=False)("logs", STACK_DIR=str(folder))
    assert without.exit_code == 1
    assert "Start the local stack with `stocks stack up`." in without.stderr
    for role in (kafka.ROLE, apicurio.ROLE):
        path = log_file(folder, role)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{role} {number}\n" for number in range(30)) + "\x1b[2J\n")
    shown = Stack(runs=False)("logs", "-n", "3", STACK_DIR=str(folder)).stdout
    assert "kafka 28\nkafka 29\n\\x1b[2J" in shown
    assert "registry 29" in shown
    assert "kafka 27" not in shown
    assert shown.count("==>") == 2
