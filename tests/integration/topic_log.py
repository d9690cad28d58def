"""A topic of a test's own, its transactional writers, and what readers of committed records see of it."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from faust.types import TP

from app.engine.batch import Batch, ProducerRecord
from app.engine.failpoints import Observer, unobserved
from app.engine.transaction import TransactionalProducer
from tests.integration.waiting import eventually

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
        offset = writer.commit(BATCH, outputs, changelog, always, reached)
        self.await_markers({each.partition for each in (*outputs, *changelog) if each.topic == self.name})
        return offset

    def await_markers(self, partitions: Iterable[int] = (0,)) -> None:
        """Return when nothing is open there: a transaction's markers come a moment after the answer that it ended."""
        eventually(lambda: all(-1 < self.stable(each) == self.end(each) for each in partitions), 60)

    def abort(self, *values: str) -> None:
        """Leave records of an aborted transaction."""
        producer = self.open_transaction(*values)
        producer.abort_transaction(10)
        self.await_markers()

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
                    if message.error():
                        return found
                    found[cast(int, message.offset())] = cast(bytes, message.value()).decode()
        finally:
            reader.close()

    def stable(self, partition: int = 0) -> int:
        """The last stable offset."""
        return self._end("read_committed", partition)

    def end(self, partition: int = 0) -> int:
        """The end, with records whose transaction has not ended."""
        return self._end("read_uncommitted", partition)

    def _end(self, isolation: str, partition: int) -> int:
        reader = self._consumer(isolation)
        try:
            found = reader.get_watermark_offsets(TopicPartition(self.name, partition), timeout=10)
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
