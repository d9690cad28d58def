"""Counting a topic's records: since markers of transactions take offsets, only reading can tell."""

from typing import cast

from confluent_kafka import OFFSET_BEGINNING, KafkaError, TopicPartition

from app.kafka.topics import Topic
from app.settings import Settings
from tests.harness.chaos.topic_records import consumer, go_back

TIMEOUT = 10.0


class RecordCount:
    """Counts a topic's records by partition, and reads each only once, however often it is asked."""

    def __init__(self, settings: Settings, topic: Topic, *, committed: bool = True) -> None:
        # It asks for ends through the connection that it fetches through, so no fetch may wait for long.
        self._reader = consumer(settings, committed=committed, group="test-counter", fetch_wait_ms=50)
        self._topic = topic.name
        self._counts = dict.fromkeys(range(topic.partitions), 0)
        self._reached = dict.fromkeys(self._counts, 0)
        self._reader.assign([TopicPartition(topic.name, partition, OFFSET_BEGINNING) for partition in self._counts])

    def close(self) -> None:
        self._reader.close()

    def now(self) -> dict[int, int]:
        """The records of each partition, up to its end as it stands now. Raises KafkaException."""
        ends = {
            partition: self._reader.get_watermark_offsets(TopicPartition(self._topic, partition), timeout=TIMEOUT)[1]
            for partition in self._counts
        }
        while any(self._reached[partition] < end for partition, end in ends.items()):
            for message in self._reader.consume(10_000, 0.05):
                partition, offset = cast(int, message.partition()), cast(int, message.offset())
                if go_back(self._reader, message, self._reached[partition]):
                    continue
                error = message.error()
                assert error is None or error.code() == KafkaError._PARTITION_EOF, error
                self._counts[partition] += error is None
                self._reached[partition] = max(self._reached[partition], offset + (error is None))
        return dict(self._counts)
