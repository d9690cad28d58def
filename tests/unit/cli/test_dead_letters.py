"""`stocks dead-letters`, with letters handed in."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app.avro.serde import Encoder
from app.cli import main
from app.dead_letters.letter import Letter
from app.dead_letters.letter_filter import LetterFilter
from app.dead_letters.read_letters import find_letters
from app.dead_letters.record_place import RecordPlace
from app.dead_letters.resend import resend
from app.kafka.clients import registry
from tests.bars import make_bar
from tests.harness.doubles.schema_source import SchemasInMemory
from tests.unit.dead_letters.made import letter


class Letters:
    """What is in the topic, and what was sent again."""

    def __init__(self) -> None:
        self.registry = SchemasInMemory()
        encoder = Encoder("bar")
        asyncio.run(encoder.register(self.registry, "bars"))
        value = encoder.encode(make_bar(0, 10.0))
        self.found = [
            letter(0, reason="unknown_schema", value=value),
            letter(1),
            letter(2, reason="stale", value=value, key=b"SPY"),
            letter(3, source=RecordPlace("elsewhere", 0, 3), value=value),
        ]
        self.sent: list[Letter] = []

    def _read(self, _: object, choice: LetterFilter) -> Iterator[Letter]:
        return (each for each in self.found if choice.takes(each))

    def _resend(self, _: object, chosen: Sequence[Letter]) -> int:
        self.sent += chosen
        return len(chosen)

    def __call__(self, *arguments: str, answer: str = "") -> Result:
        handed_in: dict[Any, Any] = {find_letters: self._read, registry: lambda _: self.registry, resend: self._resend}
        return CliRunner().invoke(main, ["dead-letters", *arguments], obj=handed_in, input=answer)


@pytest.fixture
def command() -> Letters:
    return Letters()


def test_each_is_a_line(command: Letters) -> None:
    result = command("list")
    assert result.exit_code == 0, result.output
    _, *rows = result.stdout.splitlines()
    assert [row.split()[1:4] for row in rows] == [
        ["unknown_schema", "stocks.raw.avro[1]@0", "AAPL"],
        ["not_avro", "stocks.raw.avro[1]@1", "AAPL"],
        ["stale", "stocks.raw.avro[1]@2", "SPY"],
        ["not_avro", "elsewhere[0]@3", "AAPL"],
    ]


def test_only_those_that_were_asked_for(command: Letters) -> None:
    def offsets(*options: str) -> list[int]:
        return [json.loads(line)["offset"] for line in command("list", "--json", *options).stdout.splitlines()]

    assert offsets("--reason", "stale", "--reason", "unknown_schema") == [0, 2]
    assert offsets("--symbol", "SPY") == [2]
    assert offsets("--topic", "elsewhere") == [3]
    assert offsets("--offsets", "1..2") == [1, 2]
    assert offsets("--limit", "1") == [0]
    assert offsets("--until", "2024-11-14T14:30:00Z") == []


def test_a_summary_counts_reasons(command: Letters) -> None:
    assert command("list", "--summary").stdout.splitlines() == [
        "         2  not_avro",
        "         1  unknown_schema",
        "         1  stale",
        "         4  in all",
    ]
    assert json.loads(command("list", "--summary", "--json").stdout) == {"not_avro": 2, "unknown_schema": 1, "stale": 1}


def test_one_is_shown_with_its_value_and_what_would_become_of_it(command: Letters) -> None:
    readable = command("show", "stocks.raw.avro[1]@0").stdout
    assert "sent again  would be read now: it can be read now" in readable
    assert '"symbol": "AAPL"' in readable
    garbage = command("show", "1:101").stdout
    assert "sent again  would come back: not_avro" in garbage
    assert "value       cannot be decoded: " in garbage
    assert "6e 6f 6e 73 65 6e 73 65" in garbage


@pytest.mark.parametrize("arguments", [["show", "stocks.raw.avro[1]@99"], ["replay", "--reason", "invalid"]])
def test_where_there_is_no_such_letter_it_says_how_to_see_them(command: Letters, arguments: list[str]) -> None:
    result = command(*arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: There is no such dead letter: `stocks dead-letters list`")


def test_what_would_fail_again_is_not_sent(command: Letters) -> None:
    result = command("replay", "--yes")
    assert result.exit_code == 0, result.output
    assert [each.source and each.source.offset for each in command.sent] == [0]
    assert "4 dead letters chosen." in result.stdout
    assert "1 would be read now:" in result.stdout
    assert "2 would come back:" in result.stdout
    assert "1 cannot be sent:" in result.stdout
    assert result.stdout.endswith("Sent 1, all acknowledged.\n")


def test_force_sends_what_would_come_back_but_not_what_cannot_be_sent(command: Letters) -> None:
    assert command("replay", "--yes", "--force").stdout.endswith("Sent 3, all acknowledged.\n")
    assert [each.source and each.source.offset for each in command.sent] == [0, 1, 2]


@pytest.mark.parametrize(("answer", "sent", "status"), [("y\n", 1, 0), ("n\n", 0, 1), ("", 0, 1)])
def test_it_asks_first(command: Letters, answer: str, sent: int, status: int) -> None:
    result = command("replay", answer=answer)
    assert "Send 1 to where they came from? [y/N]" in result.stdout
    assert (len(command.sent), result.exit_code) == (sent, status)


def test_a_dry_run_sends_nothing_and_neither_does_one_with_nothing_to_send(command: Letters) -> None:
    assert command("replay", "--dry-run").stdout.endswith("Would send 1.\n")
    assert command("replay", "--reason", "stale", "--yes").stdout.endswith("Nothing to send.\n")
    assert command.sent == []
