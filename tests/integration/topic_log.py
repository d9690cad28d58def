"""A topic of a test's own, its transactional writers, and what readers of committed records see of it."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from faust.types import TP

from app.engine.batch import Batch, ProducerRecord
from app.engine.failpoints import Observer, unobserved
from app.engine.transaction import TransactionalProducer
from tests.integration.waiting import eventually

#: Within this time a transaction that was ended is marked in its partitions: also one that only the coordinator ends.
MARKED_SECONDS = 60.0

BATCH = Batch(TP("raw", 0), [], 0, 1, epoch=1)


def always() -> bool:
    return True


class TopicLog:
    """A topic; `config` is the topic's."""

    def __init__(self, brokers: str, partitions: int = 1, config: Mapping[str, str] | None = None) -> None:
        self.brokers = brokers
        self.client: dict[str, Any] = {"bootstrap.servers": brokers, "log_level": 0, "error_cb": lambda error: None}
        self.admin = AdminClient(self.client)
        self.name = f"log-{uuid.uuid4().hex[:8]}"
        self._partitions, self._config = partitions, dict(config or {})
        self.create()

    def create(self) -> None:
        new = NewTopic(self.name, self._partitions, 1, config=self._config)
        self.admin.create_topics([new])[self.name].result(10)

    def delete(self) -> None:
        self.admin.delete_topics([self.name])[self.name].result(10)

    def writer(
        self, id_: str = "", seconds: float = 30.0, config: Mapping[str, Any] | None = None
    ) -> TransactionalProducer:
        """The one that has an id now; by default an id of its own."""
        settings = {**self.client, "linger.ms": 5, **(config or {})}
        made = TransactionalProducer(settings, id_ or uuid.uuid4().hex, seconds)
        made.fence(always)
        return made

    def records(self, *values: str, partition: int = 0) -> list[ProducerRecord]:
        """Each value is its record's key too."""
        return [ProducerRecord(self.name, value.encode(), value.encode(), partition) for value in values]

    def commit(
        self,
        writer: TransactionalProducer,
        outputs: Sequence[ProducerRecord],
        changelog: Sequence[ProducerRecord],
        reached: Observer = unobserved,
    ) -> int:
        """Commit, and wait for the transaction's markers: readers get on behind them, a moment after the answer."""
        offset = writer.commit(BATCH, outputs, changelog, always, reached)
        places = {(topic, partition) for topic, _, _, partition, *_ in (*outputs, *changelog)}
        eventually(lambda: all(self._is_decided(*place) for place in places), MARKED_SECONDS)
        return offset

    def abort(self, *values: str) -> None:
        """Leave records of an aborted transaction."""
        producer = self.open_transaction(*values)
        producer.abort_transaction(10)
        self.wait_decided()

    def open_transaction(self, *values: str, partition: int = 0) -> Producer:
        """Leave records of a transaction that has not ended."""
        producer = Producer({**self.client, "transactional.id": uuid.uuid4().hex})
        producer.init_transactions(10)
        producer.begin_transaction()
        for value in values:
            producer.produce(self.name, value.encode(), value.encode(), partition)
        assert producer.flush(10) == 0
        return producer

    def committed(self, partition: int = 0) -> dict[int, str]:
        """What is committed, by offset."""
        reader = self._consumer("read_committed")
        try:
            reader.assign([TopicPartition(self.name, partition, 0)])
            found: dict[int, str] = {}
            while True:
                for message in reader.consume(1000, 0.2):
                    error = message.error()
                    if error is None:
                        found[cast(int, message.offset())] = cast(bytes, message.value()).decode()
                    elif error.code() == KafkaError._PARTITION_EOF:
                        return found
        finally:
            reader.close()

    def wait_decided(self) -> None:
        """Wait until no transaction is open in the first partition: markers of an abort come after its answer, too."""
        eventually(lambda: self._is_decided(self.name, 0), MARKED_SECONDS)

    def stable(self, partition: int = 0) -> int:
        """The last stable offset."""
        return self._end("read_committed", self.name, partition)

    def end(self, partition: int = 0) -> int:
        """The end, with records whose transaction has not ended."""
        return self._end("read_uncommitted", self.name, partition)

    def _is_decided(self, topic: str, partition: int) -> bool:
        end = self._end("read_uncommitted", topic, partition)
        return end >= 0 and self._end("read_committed", topic, partition) == end

    def _end(self, isolation: str, topic: str, partition: int) -> int:
        reader = self._consumer(isolation)
        try:
            found = reader.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)
        except KafkaException:
            return -1
        finally:
            reader.close()
        assert found is not None
        return found[1]

    def _consumer(self, isolation: str) -> Consumer:
        return Consumer(
            {
                **self.client,
                "group.id": uuid.uuid4().hex,
                "isolation.level": isolation,
                "enable.partition.eof": True,
                "enable.auto.commit": False,
            }
        )
