"""A cluster of two brokers: one dies, leaders change; records are refused for want of a replica."""

from contextlib import closing
from pathlib import Path

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import NewTopic

from app.kafka.broker import Broker, BrokerUnavailable
from app.kafka.clients import consumer_config, producer_config
from app.kafka.topic_admin import describe
from app.settings import Settings
from app.stack import StackStatus
from tests.integration.deployment import Deployment
from tests.integration.own_broker import MakeBroker
from tests.integration.random_bars import random_bars
from tests.integration.second_broker import SecondBroker
from tests.integration.stack_settings import configure_topic, settings_for
from tests.integration.test_outages import says
from tests.integration.waiting import eventually

COORDINATORS = ("__consumer_offsets", "__transaction_state")


def test_leaders_change_and_a_replica_is_missed(make_broker: MakeBroker, tmp_path: Path) -> None:
    own = make_broker()
    keep_coordinator(own.status)
    second = SecondBroker(own)
    with closing(replicated(own.status, tmp_path, "two")) as deployment:
        bars = list(random_bars(symbols=100, minutes=300, seed=17))
        third = len(bars) // 3
        deployment.send(bars[:third])
        assert leaders(deployment) == {1, 2}
        # Each takes one of the two brokers for the controller.
        watchers = [Broker(deployment.settings) for _ in range(4)]
        worker = deployment.start_worker().wait_ready()
        eventually(lambda: deployment.count(deployment.topics.signals) > 1000, 60, worker.tail)
        second.kill()
        deployment.settle()
        assert leaders(deployment) == {1}
        eventually(lambda: all(sees_topics(watcher, deployment) for watcher in watchers), 60, worker.tail)

        # What the worker writes needs two replicas now, and there is one.
        deployment.send(bars[third : 2 * third])
        for topic in (deployment.topics.windows_changelog, deployment.topics.signals):
            configure_topic(deployment.settings, topic.name, "min.insync.replicas", "2")
        deployment.send(bars[2 * third :])
        eventually(lambda: says(worker, "the broker has taken nothing"), 60, worker.tail)
        second.start()
        worker.wait_ready()
        deployment.settle()
        assert worker.process.poll() is None
        assert deployment.wrong_signals(bars) == []
        assert deployment.count(deployment.topics.dead_letters) == 0


def test_the_coordinators_of_group_and_transactions_move(make_broker: MakeBroker, tmp_path: Path) -> None:
    own = make_broker()
    second = SecondBroker(own)
    # With the second broker for their leader, before anybody has asked for them.
    keep_coordinators(settings_for(own.status), [2, 1])
    with closing(replicated(own.status, tmp_path, "moving")) as deployment:
        bars = list(random_bars(symbols=100, minutes=300, seed=18))
        half = len(bars) // 2
        deployment.send(bars[:half])
        worker = deployment.start_worker(BATCH_MAX=500).wait_ready()
        eventually(lambda: deployment.count(deployment.topics.signals) > 1000, 60, worker.tail)
        assert coordinators(deployment) == {2}
        eventually(lambda: deployment.undecided() > 0, 30, worker.tail)
        second.kill()
        eventually(lambda: coordinators(deployment) == {1}, 60)
        deployment.settle()
        assert deployment.wrong_signals(bars[:half]) == []

        # And back: a broker that returns is the leader of what it prefers to lead, once it has caught up.
        second.start()
        deployment.send(bars[half:])
        worker.wait_ready()
        deployment.settle()
        assert worker.process.poll() is None
        assert deployment.wrong_signals(bars) == []
        assert deployment.count(deployment.topics.dead_letters) == 0


def replicated(status: StackStatus, directory: Path, name: str) -> Deployment:
    """A deployment whose topics have a replica on each of the two brokers."""
    return Deployment(status.kafka, status.schema_registry, directory, name, partitions=4, replication_factor=2)


def keep_coordinators(settings: Settings, replicas: list[int]) -> None:
    """Make the topics by which Kafka knows coordinators, of the stack's one partition each."""
    config = {"cleanup.policy": "compact", "min.insync.replicas": "1"}
    wanted = [NewTopic(name, 1, replica_assignment=[replicas], config=config) for name in COORDINATORS]
    broker = Broker(settings)
    for made in broker.admin.create_topics(wanted).values():
        made.result(30)


def coordinators(deployment: Deployment) -> set[int]:
    """The brokers that lead what coordinators keep."""
    topics = Broker(deployment.settings).metadata().topics
    return {topics[name].partitions[0].leader for name in COORDINATORS}


def keep_coordinator(status: StackStatus) -> None:
    """Have what coordinators keep, of which there is one replica, kept by the only broker there is yet."""
    settings = settings_for(status)
    Producer(producer_config(settings) | {"transactional.id": settings.id}).init_transactions(30)
    observer = Consumer(consumer_config(settings, settings.id))

    def is_there() -> bool:
        try:
            return bool(observer.committed([TopicPartition(settings.id, 0)], timeout=10))
        except KafkaException:  # It is being made.
            return False

    eventually(is_there, 30, lambda: "nobody keeps the groups' offsets")


def leaders(deployment: Deployment) -> set[int]:
    """The brokers that lead partitions of the deployment's topics."""
    topics = Broker(deployment.settings).metadata().topics
    return {part.leader for topic in deployment.topics for part in topics[topic.name].partitions.values()}


def sees_topics(broker: Broker, deployment: Deployment) -> bool:
    """Whether this client, which has been open for a while, learns what topics there are."""
    try:
        return len(describe(broker, [topic.name for topic in deployment.topics])) == len(list(deployment.topics))
    except BrokerUnavailable:
        return False
