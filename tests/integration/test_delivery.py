"""Transactions against a broker that hangs: whatever was committed is there once, and in order."""

import threading
from pathlib import Path

import psutil
from confluent_kafka import KafkaException
from faust.types import TP

from app.engine.batch import Batch, ProducerRecord
from app.engine.errors import Fenced, NotCommitted
from app.engine.transaction import TransactionalProducer
from app.kafka.clients import producer_config
from app.kafka.topic_admin import ensure_topics
from app.kafka.topics import Topic
from tests.harness.chaos.topic_records import read_all
from tests.integration.deployment import Deployment
from tests.integration.own_broker import MakeBroker
from tests.integration.waiting import eventually, passes

RECORDS = 500

#: A small queue, so that records are under way while others wait for room.
QUEUE = {"queue.buffering.max.messages": 1_000, "batch.num.messages": 100, "linger.ms": 0}
LIMIT_SECONDS = 4.0
HANG_SECONDS = 2 * LIMIT_SECONDS


def test_a_broker_that_hangs_beyond_the_time_limit_leaves_no_hole_and_no_repeat(
    make_broker: MakeBroker, tmp_path: Path
) -> None:
    own = make_broker()
    deployment = Deployment(own.status.kafka, own.status.schema_registry, tmp_path, "hang", partitions=1)
    broker = psutil.Process(own.status.kafka_pid)
    topic = deployment.topics.dead_letters
    writer = Writer(deployment, topic)
    try:
        ensure_topics(deployment.settings)
        writing = threading.Thread(target=writer.write_all)
        writing.start()
        eventually(lambda: has_records(deployment, topic), 60)
        broker.suspend()
        eventually(passes(HANG_SECONDS), HANG_SECONDS + 60)
        broker.resume()
        before = writer.written
        eventually(lambda: writer.written > before + 1 or not writing.is_alive(), 120)
        writer.enough.set()
        writing.join(120)
        assert writer.failure is None
        assert not writing.is_alive()
        eventually(lambda: deployment.undecided() == 0, 30)  # A commit is answered before it is marked.
        values = [int(message.value() or b"") for message in deployment.messages(topic)]
        assert values == list(range(writer.written * RECORDS))
    finally:
        broker.resume()
        writer.enough.set()
        deployment.close()


class Writer:
    """Writes batches as a worker does: one after the other, each again until it is committed, until it is `enough`."""

    def __init__(self, deployment: Deployment, topic: Topic) -> None:
        self._settings = deployment.settings
        self._config = producer_config(deployment.settings) | QUEUE
        self._source = TP(deployment.topics.raw.name, 0)
        self._topic = topic.name
        self._changelog = deployment.topics.windows_changelog.name
        self._id = f"{deployment.settings.id}-hang-0"
        self.enough = threading.Event()
        #: Batches that are committed.
        self.written = 0
        self.failure: BaseException | None = None

    def write_all(self) -> None:
        try:
            self._write_all()
        except BaseException as error:
            self.failure = error
            raise

    def _write_all(self) -> None:
        producer = self._fenced()
        while not self.enough.is_set():
            number = self.written
            first = number * RECORDS
            outputs = [ProducerRecord(self._topic, b"key", b"%d" % each, 0) for each in range(first, first + RECORDS)]
            checkpoint = [ProducerRecord(self._changelog, b"checkpoint", b"%d" % (number + 1), 0)]
            try:
                producer.commit(Batch(self._source, [], first, first + RECORDS, 1), outputs, checkpoint, lambda: True)
                self.written += 1
            except (NotCommitted, Fenced):
                # Whether the transaction was committed after all, the checkpoint says, once nobody else can write.
                producer = self._fenced()
                self.written = self._checkpoint()

    def _fenced(self) -> TransactionalProducer:
        producer = TransactionalProducer(self._config, self._id, LIMIT_SECONDS)
        producer.fence(lambda: True)
        return producer

    def _checkpoint(self) -> int:
        """The number of batches that are committed."""
        return max((int(message.value() or b"") for message in read_all(self._settings, self._changelog)), default=0)


def has_records(deployment: Deployment, topic: Topic) -> bool:
    try:
        return deployment.count(topic) > 0
    except KafkaException:  # A partition made just now may have no leader yet.
        return False
