"""Counting a topic's records: since markers of transactions take offsets, only reading can tell."""

from typing import cast

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

from app.clients import consumer_config
from app.settings import Settings
from app.topics import Topic

TIMEOUT = 10.0


class RecordCount:
    """Counts a topic's records by partition, and reads each only once, however often it is asked."""

    def __init__(self, settings: Settings, topic: Topic, *, committed: bool = True) -> None:
        level = "read_committed" if committed else "read_uncommitted"
        # It asks for ends through the connection that it fetches through, so no fetch may wait for long.
        own = {"isolation.level": level, "enable.partition.eof": True, "fetch.wait.max.ms": 50}
        self._reader = Consumer(consumer_config(settings, "test-counter") | own)
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
                error = message.error()
                assert error is None or error.code() == KafkaError._PARTITION_EOF, error
                self._counts[partition] += error is None
                self._reached[partition] = max(self._reached[partition], offset + (error is None))
        return dict(self._counts)
