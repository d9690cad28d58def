"""Reading `stocks.signals` as a member of a group, and what the group remembers of what was sent.

For each partition the group's committed offset says that everything before it was sent, or was no alert. Before a
message goes out, the same offset is committed once more with a note beside it (Kafka keeps a text with each offset):
"sending until N". When the process dies before the answer, the next reader of the partition finds the note, and
sends the alerts before N once more, marked as possibly repeated. Nothing is kept on disk.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from app.alerts.alert_progress import AlertProgress, CommittedPlace
from app.alerts.decode import TransitionDecoder
from app.avro.registry import RegistryUnavailable
from app.domain.records import Signal
from app.engine.rights import NotAllowed, Right, refused
from app.kafka.acls import ROLES
from app.kafka.broker import Broker
from app.kafka.clients import consumer_config, registry
from app.kafka.offsets import committed_offsets, watermarks
from app.kafka.topic_admin import TopicMissing, describe, require_rights
from app.kafka.topics import topics
from app.settings import Settings

log = logging.getLogger(__name__)

#: How many records of a partition are read again at the start, to know what was sent lately.
REMEMBERED = 20_000
_BATCH = 500
_ASSIGN_SECONDS = 60.0


class Received(NamedTuple):
    """A signal with its place. `handled`: it was dealt with before; `uncertain`: it may have been sent."""

    signal: Signal
    partition: int
    offset: int
    handled: bool = False
    uncertain: bool = False


class CommitFailed(Exception):
    """The group's offsets could not be committed now."""


class SignalInbox(Protocol):
    """What a lane reads from."""

    def read(self, seconds: float) -> list[Received]:
        """What comes within so many seconds, which may be nothing."""

    def pause(self, paused: bool) -> None:
        """Read nothing for now, and stay a member; or go on."""

    def is_catching_up(self) -> bool:
        """Whether alerts that may have been sent are still to be read."""

    def commit(self, first_waiting: Mapping[int, int], sending_until: Mapping[int, int]) -> None:
        """Remember where to go on. Raises CommitFailed.

        first_waiting: by partition, the offset of the first alert that waits. sending_until: by partition, the
        offset behind the last alert that may have been sent.
        """

    def close(self) -> None:
        """Leave the group."""


class GroupInbox:
    """A member of a consumer group; `lost` is called with partitions that are another member's now."""

    def __init__(self, settings: Settings, group: str, lost: Callable[[set[int]], None]) -> None:
        self._topic = topics(settings).signals.name
        check_topic(settings, self._topic)
        self._settings = settings
        self._group = group
        self._lost = lost
        self._decoder = TransitionDecoder(registry(settings))
        self._consumer = Consumer(
            consumer_config(settings, group)
            | {
                "fetch.wait.max.ms": 100,
                "session.timeout.ms": int(settings.session_seconds * 1000),
                # One that joins waits until each other member's next heartbeat says so.
                "heartbeat.interval.ms": 1000,
            }
        )
        self._progress = AlertProgress()
        self._paused = False
        self._consumer.subscribe([self._topic], on_assign=self._on_assign, on_revoke=self._on_revoke)

    def read(self, seconds: float) -> list[Received]:
        """What comes within so many seconds. Raises BrokerUnavailable where offsets cannot be looked up."""
        batch = [message for message in self._consumer.consume(_BATCH, seconds) if self._is_record(message)]
        if not batch:
            return []
        try:
            found = asyncio.run(self._decoder.decode([message.value() for message in batch]))
        except RegistryUnavailable as error:
            log.warning("Signals wait: %s", error)
            self._read_again(batch)
            time.sleep(1.0)
            return []
        for index, poison in found.poisoned:
            log.warning("%s[%d]@%d cannot be read: %s", self._topic, *_place(batch[index]), poison)
        received = [self._received(signal, *_place(batch[index])) for index, signal in found.signals]
        for message in batch:
            partition, offset = _place(message)
            self._progress.advance(partition, offset + 1)
        return received

    def _is_record(self, message: Message) -> bool:
        if error := message.error():
            if refused(error):
                raise NotAllowed([self._right(error)])
            # It goes on by itself; what lasts is logged by the client's own error callback.
            log.debug("Reading %s: %s", self._topic, error.str())
            return False
        return self._progress.has(message.partition() or 0)

    def _received(self, signal: Signal, partition: int, offset: int) -> Received:
        handled = self._progress.is_handled(partition, offset)
        return Received(signal, partition, offset, handled, self._progress.is_uncertain(partition, offset))

    def _read_again(self, batch: list[Message]) -> None:
        first: dict[int, int] = {}
        for message in batch:
            partition, offset = _place(message)
            first[partition] = min(first.get(partition, offset), offset)
        for partition, offset in first.items():
            self._consumer.seek(TopicPartition(self._topic, partition, offset))

    def pause(self, paused: bool) -> None:
        """Read nothing for now, and stay a member; or go on."""
        if paused != self._paused:
            self._paused = paused
            (self._consumer.pause if paused else self._consumer.resume)(self._consumer.assignment())

    def is_catching_up(self) -> bool:
        """Whether alerts that may have been sent are still to be read."""
        return self._progress.is_catching_up

    def commit(self, first_waiting: Mapping[int, int], sending_until: Mapping[int, int]) -> None:
        """Remember where to go on; nothing is asked of the broker where nothing has changed. Raises CommitFailed."""
        changed = self._progress.to_commit(first_waiting, sending_until)
        if not changed:
            return
        places = [TopicPartition(self._topic, number, *place) for number, place in changed.items()]
        try:
            answers = self._consumer.commit(offsets=places, asynchronous=False)
        except KafkaException as error:
            raise CommitFailed(error.args[0].str()) from None
        if refused := [answer.error for answer in answers or [] if answer.error]:
            raise CommitFailed(refused[0].str())
        self._progress.committed(changed)

    def close(self) -> None:
        """Leave the group, so that others take over at once."""
        self._consumer.close()

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        starts = []
        for place, (low, high) in self._look_up(consumer, partitions):
            begun = self._progress.begin(place.partition, CommittedPlace(place.offset, place.metadata or ""), low, high)
            if begun.surprise:
                log.error("%s[%d] %s", self._topic, place.partition, begun.surprise)
            starts.append(TopicPartition(self._topic, place.partition, max(low, begun.offset - REMEMBERED)))
        consumer.assign(starts)
        self._paused = False
        try:
            # Committed at once, so that a first run that ends early leaves its starting point behind.
            self.commit({}, {})
        except CommitFailed as error:
            log.warning("Offsets are committed later: %s", error)

    def _look_up(
        self, consumer: Consumer, partitions: list[TopicPartition]
    ) -> list[tuple[TopicPartition, tuple[int, int]]]:
        """What the group has committed, and the first and the last stable offset of each partition."""
        try:
            places = committed_offsets(consumer, self._group, partitions, _ASSIGN_SECONDS, "Read")
            extents = watermarks(consumer, partitions, _ASSIGN_SECONDS)
        except NotAllowed as error:
            raise error.widened(ROLES["alerts"](self._settings)) from None
        return [(place, extents[place.partition]) for place in places]

    def _right(self, error: KafkaError) -> Right:
        """What is missing, where the broker has refused something."""
        if error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED:
            return Right("Read", "group", f"{self._settings.id}-alerts-", prefixed=True)
        return Right("Read", "topic", self._topic)

    def _on_revoke(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        numbers = {place.partition for place in partitions}
        self._progress.drop(numbers)
        self._lost(numbers)


def check_topic(settings: Settings, topic: str) -> None:
    """Raises TopicMissing, NotAllowed, BrokerUnavailable, ClusterMissing."""
    broker = Broker(settings)
    require_rights(broker, [Right("Read", "topic", topic)])
    if topic not in describe(broker, [topic]):
        raise TopicMissing(f"There is no topic {topic}: `stocks topics create` makes it, as does the worker")


def _place(message: Message) -> tuple[int, int]:
    return message.partition() or 0, message.offset() or 0
