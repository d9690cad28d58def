from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from app.kafka.broker import Broker
from app.kafka.topic_admin import (
    PartitionsDiffer,
    TopicMissing,
    TopicReplaced,
    check_unchanged,
    config_drift,
    create,
    describe,
    ensure_topics,
)
from app.kafka.topics import topics
from app.settings import Settings
from tests.integration.fixtures_stack import LocalStack
from tests.integration.stack_settings import settings_for
from tests.integration.waiting import eventually


@pytest.fixture
def settings(stack: LocalStack) -> Settings:
    return settings_for(stack.status)


def names(settings: Settings) -> list[str]:
    return [topic.name for topic in topics(settings)]


def test_all_topics_are_created_as_the_catalogue_says_and_again_changes_nothing(settings: Settings) -> None:
    ids = ensure_topics(settings)
    assert list(ids) == names(settings)
    assert len(set(ids.values())) == len(ids)
    assert ensure_topics(settings) == ids
    broker = Broker(settings)
    there = describe(broker, names(settings))
    assert {len(description.partitions) for description in there.values()} == {settings.partitions}
    assert config_drift(broker, topics(settings)) == {}


def test_workers_that_start_at_once_get_the_same_topics(settings: Settings) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ensure_topics, [settings] * 4))
    assert answers == [answers[0]] * 4


def test_another_number_of_partitions_is_an_error_that_names_both_and_the_fix(settings: Settings) -> None:
    ensure_topics(settings)
    with pytest.raises(PartitionsDiffer) as caught:
        ensure_topics(settings.model_copy(update={"partitions": 8}))
    message = str(caught.value)
    assert f"{settings.topic_prefix}stocks.raw.avro: found 2, wanted 8" in message
    assert "set PARTITIONS=2, or delete these topics" in message


def test_where_topics_may_not_be_created_all_missing_ones_are_named(settings: Settings) -> None:
    with pytest.raises(TopicMissing, match="TOPIC_ALLOW_DECLARE is false") as caught:
        ensure_topics(settings.model_copy(update={"topic_allow_declare": False}))
    assert all(f"{name} with 2 partitions" in str(caught.value) for name in names(settings))
    assert describe(Broker(settings), names(settings)) == {}
    ids = ensure_topics(settings)
    assert ensure_topics(settings.model_copy(update={"topic_allow_declare": False})) == ids


def test_what_the_broker_objects_to_is_said_with_the_fix(settings: Settings) -> None:
    with pytest.raises(TopicMissing, match="Set REPLICATION_FACTOR to what the cluster has brokers for"):
        ensure_topics(settings.model_copy(update={"replication_factor": 3}))


def test_a_topic_whose_tuning_the_broker_refuses_gets_the_essential_part(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    wanted = topics(settings).windows_changelog
    refused = replace(wanted, config={**wanted.config, "segment.bytes": "-1"})
    broker = Broker(settings)
    create(broker, [refused], replication_factor=1)
    drift = config_drift(broker, [wanted])[wanted.name]
    assert drift.keys().isdisjoint({"cleanup.policy", "min.compaction.lag.ms"})
    assert drift["compression.type"] == ("producer", "zstd")
    assert f"{wanted.name} is created without its tuning" in caplog.text


def test_a_topic_made_again_has_another_id(settings: Settings) -> None:
    before = ensure_topics(settings)
    broker = Broker(settings)
    name = topics(settings).raw.name
    broker.admin.delete_topics([name])[name].result(10)
    while describe(broker, [name]):
        broker.admin.poll(0.05)
    after = ensure_topics(settings)
    assert {topic for topic in before if before[topic] != after[topic]} == {name}


def test_topics_that_are_as_they_were_are_unchanged_and_those_deleted_are_named(settings: Settings) -> None:
    ids, broker = ensure_topics(settings), Broker(settings)
    check_unchanged(broker, settings, ids)
    name = topics(settings).signals.name
    broker.admin.delete_topics([name])[name].result()
    eventually(lambda: not describe(broker, [name]), 30)
    with pytest.raises(TopicReplaced, match=f"{name}: deleted\n"):
        check_unchanged(broker, settings, ids)
    ensure_topics(settings)
    with pytest.raises(TopicReplaced, match=f"{name}: deleted and made again"):
        check_unchanged(broker, settings, ids)
