"""How far a group of workers is, as Kafka has it."""

from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import Consumer, KafkaException, TopicPartition

from app.kafka.clients import consumer_config
from app.kafka.topics import Topic, topics
from app.settings import Settings
from tests.harness.chaos.topic_records import TIMEOUT, consumer


class GroupView:
    """Looks at what the group committed, and at where its topics end; it joins no group.

    After a KafkaException it looks by new clients: librdkafka may wait for minutes for a leader that is gone, or an
    answer that was lost, and may not know the topics until then.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings, self._topics = settings, topics(settings)
        self._connect()

    def _connect(self) -> None:
        # A client with the workers' group, to see what they committed; it never joins.
        self._committed = Consumer(consumer_config(self._settings, self._settings.id))
        self._uncommitted = consumer(self._settings, committed=False)

    def close(self) -> None:
        self._committed.close()
        self._uncommitted.close()

    @contextmanager
    def _looking(self) -> Iterator[None]:
        try:
            yield
        except KafkaException:
            self.close()
            self._connect()
            raise

    def written(self) -> tuple[Topic, ...]:
        """The topics that workers write to, in one transaction a batch."""
        return self._topics.signals, self._topics.dead_letters, self._topics.windows_changelog

    def watermarks(self, topic: Topic) -> dict[int, tuple[int, int]]:
        """The first offset of each partition, and its last stable one. Raises KafkaException."""
        with self._looking():
            return self._extents(topic)

    def lag(self) -> int:
        """Offsets of the raw topic that the group has not committed. Raises KafkaException."""
        raw = self._topics.raw
        places = [TopicPartition(raw.name, partition) for partition in range(raw.partitions)]
        with self._looking():
            committed = self._committed.committed(places, timeout=TIMEOUT)
            ends = self._extents(raw)
        return sum(ends[place.partition][1] - max(place.offset, 0) for place in committed)

    def undecided(self) -> int:
        """Offsets behind the last stable one, where records of transactions lie that are open now.

        Raises KafkaException.
        """
        found = 0
        with self._looking():
            for topic in self.written():
                for partition in range(topic.partitions):
                    stable, end = (_extent(each, topic, partition)[1] for each in (self._committed, self._uncommitted))
                    found += max(end - stable, 0)
        return found

    def is_settled(self) -> bool:
        """Whether everything sent is processed and committed, and can be read."""
        try:
            # The group's offset may be seen before the outputs: a transaction's end is marked partition by partition.
            return self.lag() == 0 and self.undecided() == 0
        except KafkaException:  # A broker that has just come back cannot tell yet.
            return False

    def __str__(self) -> str:
        """What is left to be done."""
        try:
            return f"a lag of {self.lag()}, {self.undecided()} undecided"
        except KafkaException as error:
            return str(error)

    def _extents(self, topic: Topic) -> dict[int, tuple[int, int]]:
        return {partition: _extent(self._committed, topic, partition) for partition in range(topic.partitions)}


def _extent(client: Consumer, topic: Topic, partition: int) -> tuple[int, int]:
    return client.get_watermark_offsets(TopicPartition(topic.name, partition), timeout=TIMEOUT)
