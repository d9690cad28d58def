import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app import stack
from app.cli import main
from app.settings import settings
from app.stack import StackStatus
from app.stack.errors import StackError

RUNNING = StackStatus(
    kafka="127.0.0.1:9092",
    schema_registry="http://127.0.0.1:8081/apis/ccompat/v7",
    kafka_pid=11,
    schema_registry_pid=12,
    kafka_version="4.2.2",
    schema_registry_version="3.3.3",
    cluster_id="id",
)


@pytest.fixture(autouse=True)
def stack_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("STACK_DIR", str(tmp_path))
    settings.cache_clear()
    yield tmp_path
    settings.cache_clear()


STARTS = {stack.start: lambda *_, **__: RUNNING}
RUNS = {stack.status: lambda _: RUNNING}


def run(*arguments: str, obj: object = None, env: Mapping[str, str] | None = None) -> Result:
    return CliRunner().invoke(main, ["stack", *arguments], obj=obj, env=env)


def test_status_as_json_is_the_two_addresses() -> None:
    result = run("status", "--json", obj=RUNS)
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {"kafka": RUNNING.kafka, "schema_registry": RUNNING.schema_registry}


@pytest.mark.parametrize("option", [[], ["--json"]])
def test_status_of_a_stack_that_does_not_run_ends_with_1(option: list[str]) -> None:
    result = run("status", *option)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "Start it with `stocks stack up`" in result.stderr


def test_up_says_where_and_whether_it_ran_already() -> None:
    assert "Kafka 4.2.2 running at 127.0.0.1:9092 (process 11)" in run("up", obj=STARTS).stdout
    assert "Registry 3.3.3 already running at http://127.0.0.1:8081" in run("up", obj=STARTS | RUNS).stdout


def test_up_says_that_other_commands_go_elsewhere() -> None:
    found = run("up", obj=STARTS, env={"KAFKA_BOOTSTRAP": "broker.example:9092"})
    assert "KAFKA_BOOTSTRAP is broker.example:9092" in found.stderr


def test_an_error_is_a_message_and_no_traceback() -> None:
    def fail(*_: object, **__: object) -> StackStatus:
        raise StackError("Port 1 is taken.")

    result = run("up", obj={stack.start: fail})
    assert result.exit_code == 1
    assert result.stderr == "Error: Port 1 is taken.\n"


def test_down_says_whether_anything_ran() -> None:
    assert run("down").stdout == "Nothing was running\n"


def test_logs_are_their_last_lines(stack_dir: Path) -> None:
    assert "There is no" in run("logs").stderr
    (stack_dir / "logs").mkdir()
    for name in ("kafka", "registry"):
        (stack_dir / "logs" / f"{name}.log").write_text(f"old\n{name} line\n")
    output = run("logs", "-n", "1").stdout
    assert "kafka.log <==\nkafka line\n" in output
    assert "registry line" in output
    assert "old" not in output
