"""Topics that are not as the system needs them."""

from typing import cast

import pytest
from confluent_kafka import KafkaError

from app.doctor.finding import Finding
from app.doctor.topics import check_topics
from app.kafka.broker import Broker, BrokerUnavailable
from app.kafka.topics import topics
from app.settings import Settings
from tests.unit.kafka.memory_broker import MemoryBroker


def found(ours: Settings, broker: MemoryBroker) -> list[Finding]:
    return list(check_topics(ours, cast(Broker, broker)))


def test_when_all_are_as_they_should_be_it_is_one_line(ours: Settings, broker: MemoryBroker) -> None:
    assert found(ours, broker) == [Finding("ok", "topics", "all 4 there, with 2 partitions each")]


def test_those_that_are_missing_are_named_with_how_to_make_them(ours: Settings, broker: MemoryBroker) -> None:
    del broker.topics["dips.stocks.signals"], broker.topics["dips.stocks.dead-letters"]
    [finding] = found(ours, broker)
    assert (finding.level, finding.message) == ("broken", "missing: dips.stocks.signals, dips.stocks.dead-letters")
    assert finding.fix.startswith("`stocks topics create`")
    assert "TOPIC_PREFIX and APP_ID" in finding.fix


def test_another_partition_count_is_broken_with_both_counts(ours: Settings, broker: MemoryBroker) -> None:
    broker.topics["dips.stocks.signals"].extents.append((0, 0))
    [finding] = found(ours, broker)
    assert finding.level == "broken"
    assert "dips.stocks.signals: found 3, wanted 2" in finding.message
    assert "set PARTITIONS=3" in finding.fix


def test_partitions_that_nobody_leads_are_named(ours: Settings, broker: MemoryBroker) -> None:
    broker.topics["dips.stocks.raw.avro"].leaderless = frozenset({0, 1})
    [finding] = found(ours, broker)
    assert (finding.level, finding.message) == ("broken", "dips.stocks.raw.avro[0, 1] has no leader")


def test_fewer_replicas_than_wanted_is_a_warning(ours: Settings, broker: MemoryBroker) -> None:
    for topic in broker.topics.values():
        topic.replicas = 3
    broker.topics["dips.stocks.signals"].replicas = 2
    [finding] = found(ours.model_copy(update={"replication_factor": 3}), broker)
    assert finding.level == "warning"
    assert finding.message == "dips.stocks.signals has 2 replicas, REPLICATION_FACTOR is 3"
    assert "kafka-reassign-partitions" in finding.fix


def test_another_configuration_is_a_warning_with_the_command_that_mends_it(
    ours: Settings, broker: MemoryBroker
) -> None:
    broker.topics["dips.stocks.signals"].config["retention.ms"] = "60000"
    [finding] = found(ours, broker)
    wanted = topics(ours).signals.config["retention.ms"]
    assert finding.level == "warning"
    assert finding.message == f"dips.stocks.signals: retention.ms is 60000, not {wanted}"
    assert finding.fix.endswith(f"--entity-name dips.stocks.signals --add-config retention.ms={wanted}")


def test_everything_that_is_wrong_is_said_at_once(ours: Settings, broker: MemoryBroker) -> None:
    del broker.topics["dips.stocks.dead-letters"]
    broker.topics["dips.stocks.raw.avro"].leaderless = frozenset({1})
    broker.topics["dips.stocks.signals"].config["cleanup.policy"] = "compact"
    assert [finding.level for finding in found(ours, broker)] == ["broken", "broken", "warning"]


def test_a_broker_that_does_not_answer_is_an_error(ours: Settings, broker: MemoryBroker) -> None:
    broker.refuses = KafkaError.TOPIC_AUTHORIZATION_FAILED
    with pytest.raises(BrokerUnavailable):
        found(ours, broker)
