"""How far a group has come, and where records lie whose transaction is open, by clients that live through outages."""

from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import Consumer, KafkaException, TopicPartition

from app.kafka.clients import consumer_config
from app.kafka.topics import Topic, topics
from app.settings import Settings
from tests.harness.chaos.topic_records import consumer

TIMEOUT = 10.0


class Offsets:
    """Asks the broker for offsets. All methods raise KafkaException while it cannot tell."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._topics = topics(settings)
        self._connect()

    def _connect(self) -> None:
        # In the workers' group, to see what they committed; it never joins.
        self._observer = Consumer(consumer_config(self._settings, self._settings.id))
        self._uncommitted = consumer(self._settings, committed=False)

    def close(self) -> None:
        for client in (self._observer, self._uncommitted):
            client.close()

    def lag(self) -> int:
        """Offsets of the raw topic that the group has not committed."""
        raw = self._topics.raw
        with self._connected():
            committed = self._observer.committed(_places(raw), timeout=TIMEOUT)
        ends = self.watermarks(raw)
        return sum(ends[place.partition][1] - max(place.offset, 0) for place in committed)

    def undecided(self) -> int:
        """Offsets behind the last stable one, where records of transactions lie that are open now."""
        written = self._topics.signals, self._topics.dead_letters, self._topics.windows_changelog
        with self._connected():
            return sum(max(self._undecided(place), 0) for topic in written for place in _places(topic))

    def _undecided(self, place: TopicPartition) -> int:
        stable, end = (
            client.get_watermark_offsets(place, timeout=TIMEOUT)[1] for client in (self._observer, self._uncommitted)
        )
        return end - stable

    def watermarks(self, topic: Topic) -> dict[int, tuple[int, int]]:
        """The first offset of each partition, and its last stable one."""
        with self._connected():
            return {
                place.partition: self._observer.get_watermark_offsets(place, timeout=TIMEOUT)
                for place in _places(topic)
            }

    @contextmanager
    def _connected(self) -> Iterator[None]:
        """With new clients after an error: librdkafka may wait for minutes for a leader or an answer that is gone."""
        try:
            yield
        except KafkaException:
            self.close()
            self._connect()
            raise


def _places(topic: Topic) -> list[TopicPartition]:
    return [TopicPartition(topic.name, partition) for partition in range(topic.partitions)]
