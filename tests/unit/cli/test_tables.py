"""`stocks tables rebuild`: what is asked and said before anything is forgotten."""

from typing import Any

import pytest
from click.testing import CliRunner, Result

from app.cli import main
from app.kafka.broker import Broker
from app.kafka.topics import topics
from app.settings import settings
from tables.rebuild.plan import RebuildPlan
from tables.rebuild.set_back import rebuild
from tests.unit.kafka.memory_broker import MemoryBroker


class Rebuilding:
    """stocks tables rebuild, which sets nothing back but notes that it would."""

    def __init__(self) -> None:
        self.broker = MemoryBroker(topics(settings()))
        self.done: list[RebuildPlan] = []

    def __call__(self, *options: str, answer: str = "") -> Result:
        def set_back(_settings: Any, _broker: Any, plan: RebuildPlan, say: Any) -> None:
            self.done.append(plan)
            say("The group's offsets are set back.")

        handed_in = {Broker: lambda _: self.broker, rebuild: set_back}
        return CliRunner().invoke(main, ["tables", "rebuild", *options], obj=handed_in, input=answer)


@pytest.fixture
def command() -> Rebuilding:
    return Rebuilding()


def test_a_dry_run_says_what_would_be_done_and_does_nothing(command: Rebuilding) -> None:
    command.broker.topics["stocks.raw.avro"].extents[0] = (0, 1234)
    result = command("--dry-run")
    assert result.exit_code == 0, result.output
    assert "computes them again from stocks.raw.avro: 1,234 records, 8 partitions." in result.stdout
    assert command.done == []


@pytest.mark.parametrize(("answer", "status"), [("y\n", 0), ("n\n", 1), ("", 1)])
def test_it_asks_first(command: Rebuilding, answer: str, status: int) -> None:
    result = command(answer=answer)
    assert "Forget the tables? [y/N]" in result.stdout
    assert result.exit_code == status
    assert len(command.done) == (1 if answer == "y\n" else 0)


def test_with_yes_it_does_not_ask(command: Rebuilding) -> None:
    result = command("--yes")
    assert "Forget the tables?" not in result.stdout
    assert result.stdout.splitlines()[-2:] == [
        "The group's offsets are set back.",
        "Done: start a worker, and it computes the tables again.",
    ]
    assert len(command.done) == 1


def test_where_retention_has_deleted_bars_it_goes_on_only_when_told_to(command: Rebuilding) -> None:
    command.broker.topics["stocks.raw.avro"].extents[3] = (500, 900)
    result = command("--yes")
    assert result.exit_code == 1
    assert "stocks.raw.avro[3]: retention has deleted records 0 to 499" in result.stdout
    assert "if that is what you want, --partial" in result.stderr
    assert command.done == []
    assert command("--yes", "--partial").exit_code == 0
    assert len(command.done) == 1


def test_while_workers_run_nothing_is_set_back(command: Rebuilding) -> None:
    command.broker.members = ["/10.0.0.2", "/10.0.0.3", "/10.0.0.2"]
    result = command("--yes")
    assert result.exit_code == 1
    assert "Workers are running in group stock-signals: 3 (on /10.0.0.2, /10.0.0.3)." in result.stderr
    assert command.done == []


def test_without_the_topics_there_is_nothing_to_set_back(command: Rebuilding) -> None:
    del command.broker.topics["stock-signals-windows-changelog"]
    result = command("--yes")
    assert result.exit_code == 1
    assert "There is no topic stock-signals-windows-changelog" in result.stderr
