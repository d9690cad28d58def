"""`stocks topics`."""

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app.cli import main
from app.kafka.broker import Broker, BrokerUnavailable
from app.kafka.topic_admin import TopicMissing, ensure_topics
from app.kafka.topics import topics
from app.settings import Settings, settings
from tests.unit.kafka.memory_broker import MemoryBroker


@pytest.fixture
def broker() -> MemoryBroker:
    return MemoryBroker(topics(settings()))


def listed(broker: MemoryBroker, *options: str) -> Result:
    return CliRunner().invoke(main, ["topics", "list", *options], obj={Broker: lambda _: broker})


def test_each_topic_is_shown_as_it_is_and_as_it_would_be_made(broker: MemoryBroker) -> None:
    broker.topics["stocks.signals"].config["retention.ms"] = "60000"
    broker.topics["stocks.signals"].extents.append((0, 0))
    del broker.topics["stocks.dead-letters"]
    result = listed(broker)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert [line for line in lines if not line.startswith(" ")] == [
        "stocks.raw.avro: 8 partitions",
        "stocks.signals: 9 partitions",
        "stocks.dead-letters: 8 partitions, MISSING",
        "stock-signals-windows-changelog: 8 partitions",
    ]
    signals = lines[lines.index("stocks.signals: 9 partitions") + 1 :]
    assert "    retention.ms=60000" in signals[:2]


def test_as_json_by_name(broker: MemoryBroker) -> None:
    del broker.topics["stocks.raw.avro"]
    told = json.loads(listed(broker, "--json").stdout)
    assert list(told) == [topic.name for topic in topics(settings())]
    assert (told["stocks.raw.avro"]["exists"], told["stocks.signals"]["exists"]) == (False, True)
    assert told["stocks.raw.avro"]["config"] == dict(topics(settings()).raw.config)


def test_a_broker_that_does_not_answer_is_one_sentence() -> None:
    def away(_: Settings) -> Any:
        raise BrokerUnavailable("No broker answers at 127.0.0.1:1: check that it runs")

    result = CliRunner().invoke(main, ["topics", "list"], obj={Broker: away})
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: No broker answers at 127.0.0.1:1: check that it runs\n"


def test_those_that_are_there_after_creating_are_named_with_their_ids() -> None:
    handed_in = {ensure_topics: lambda _: {"stocks.raw.avro": "AbC", "stocks.signals": "DeF"}}
    result = CliRunner().invoke(main, ["topics", "create"], obj=handed_in)
    assert result.stdout == "stocks.raw.avro  (id AbC)\nstocks.signals  (id DeF)\n"


def test_what_the_broker_objects_to_when_they_are_created_is_said() -> None:
    def objects(_: Settings) -> dict[str, str]:
        raise TopicMissing("The broker does not create these topics:\n  - stocks.signals: no")

    result = CliRunner().invoke(main, ["topics", "create"], obj={ensure_topics: objects})
    assert result.exit_code == 1
    assert result.stderr == "Error: The broker does not create these topics:\n  - stocks.signals: no\n"
