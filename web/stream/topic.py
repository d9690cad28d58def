"""Reads stocks.signals as its consumers do: committed records only, all partitions, no group."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from app.avro.registry import RegistryUnavailable
from app.engine.rights import NotAllowed
from app.kafka.broker import BrokerUnavailable
from app.kafka.clients import consumer_config, registry
from app.kafka.offsets import watermarks
from app.kafka.topics import topics
from app.settings import Settings
from web.stream.codec import SignalCodec
from web.stream.position import Vector
from web.stream.signal_batch import SignalBatch, SignalRecord
from web.stream.signal_source import News, PositionGone, SourceUnavailable

#: Records taken at once: so many are decoded together, and one client's chunk has no more.
MOST_RECORDS = 1000

#: How long a read waits, and how soon a reader notices that it is to end, in seconds.
_WAIT = 0.2
_TIMEOUT = 5.0
#: How often to ask where the partitions end while nothing comes, in seconds.
_CONFIRM = 5.0

_GONE = (
    KafkaError._AUTO_OFFSET_RESET,
    KafkaError.OFFSET_OUT_OF_RANGE,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError._UNKNOWN_TOPIC,
    KafkaError._UNKNOWN_PARTITION,
)


class SignalTopic:
    """The topic of these settings; connects when it is read."""

    def __init__(self, settings: Settings) -> None:
        topic = topics(settings).signals
        self.name, self.partitions = topic.name, topic.partitions
        self._settings = settings
        self._codec = SignalCodec(registry(settings))

    @contextmanager
    def tail(self, start: Vector | None, back: int) -> Iterator["TopicTail"]:
        """See Source."""
        with self._consumer() as consumer:
            if start is None:
                bounds = zip(*self._bounds(consumer), strict=True)
                start = tuple(max(low, high - back) for low, high in bounds)
            else:
                self._check(consumer, start)
            consumer.assign([TopicPartition(self.name, *place) for place in enumerate(start)])
            yield TopicTail(self, consumer, start)

    def missed(self, start: Vector, end: Vector) -> Iterator[SignalBatch]:
        """See Source."""
        with self._consumer() as consumer:
            self._check(consumer, start)
            open_ = {number for number, (one, two) in enumerate(zip(start, end, strict=True)) if one < two}
            consumer.assign([TopicPartition(self.name, number, start[number]) for number in sorted(open_)])
            position = start
            while open_:
                messages, ends = _read(consumer)
                reached = {number: offset for number, offset in ends.items() if offset >= end[number]}
                for message in messages:
                    number, offset = _place(message)
                    if offset + 1 >= end[number]:
                        reached[number] = end[number]
                wanted = [message for message in messages if _place(message)[1] < end[_place(message)[0]]]
                batch = self.batch(wanted, position, {number: end[number] for number in reached})
                position = batch.after
                open_ -= reached.keys()
                consumer.pause([TopicPartition(self.name, number) for number in reached])
                yield batch

    def json(self, records: list[SignalRecord]) -> list[bytes]:
        """See Source."""
        return self._codec.json(records)

    def batch(self, messages: list[Message], before: Vector, ends: Mapping[int, int]) -> SignalBatch:
        """Messages that follow a position, and where partitions are known to end."""
        after = list(before)
        for message in messages:
            number, offset = _place(message)
            after[number] = offset + 1
        for number, end in ends.items():
            after[number] = max(after[number], end)
        try:
            return self._codec.batch(messages, before, tuple(after))
        except RegistryUnavailable as error:
            raise SourceUnavailable(str(error)) from error

    @contextmanager
    def _consumer(self) -> Iterator[Consumer]:
        # librdkafka wants a name, though without subscribing and committing no group comes to be.
        consumer = Consumer(
            consumer_config(self._settings, f"{self._settings.id}-stream")
            | {
                "enable.partition.eof": True,
                # Never silently from elsewhere.
                "auto.offset.reset": "error",
                "fetch.wait.max.ms": 100,
                "fetch.queue.backoff.ms": 20,
                "queued.max.messages.kbytes": 8192,
            }
        )
        try:
            yield consumer
        except KafkaException as error:
            raise SourceUnavailable(f"Kafka: {error.args[0].str()}") from error
        finally:
            consumer.close()

    def _bounds(self, consumer: Consumer) -> tuple[Vector, Vector]:
        """The first offset of each partition, and its last stable one."""
        places = [TopicPartition(self.name, number) for number in range(self.partitions)]
        try:
            found = watermarks(consumer, places, _TIMEOUT)
        except (BrokerUnavailable, NotAllowed) as error:
            raise SourceUnavailable(str(error)) from error
        lows, highs = zip(*found.values(), strict=True)
        return lows, highs

    def _check(self, consumer: Consumer, start: Vector) -> None:
        deadline = time.monotonic() + _TIMEOUT
        while True:
            lows, highs = self._bounds(consumer)
            for number, (offset, low) in enumerate(zip(start, lows, strict=True)):
                if offset < low:
                    raise PositionGone(f"partition {number} is kept from {low} on, and {offset} was asked for")
            beyond = [number for number, (offset, high) in enumerate(zip(start, highs, strict=True)) if offset > high]
            if not beyond:
                return
            # A broker that was just started says for a moment that it has less than it has.
            if time.monotonic() > deadline:
                number = beyond[0]
                raise PositionGone(
                    f"partition {number} ends at {highs[number]}, before {start[number]}: it is another topic"
                )
            consumer.poll(_WAIT)

    def ends(self, consumer: Consumer) -> Vector:
        """The last stable offset of each partition."""
        return self._bounds(consumer)[1]


class TopicTail:
    """See Tail."""

    def __init__(self, topic: SignalTopic, consumer: Consumer, start: Vector) -> None:
        self._topic, self._consumer = topic, consumer
        self._position = start
        self._as_of = [0] * len(start)
        self._confirmed = 0.0

    def read(self) -> News:
        """See Tail."""
        messages, ends = _read(self._consumer)
        batch = self._topic.batch(messages, self._position, ends)
        self._position = batch.after
        now = int(time.time() * 1000)
        for number in ends:
            self._as_of[number] = now
        if not messages and time.monotonic() - self._confirmed > _CONFIRM:
            highs = self._topic.ends(self._consumer)
            for number, high in enumerate(highs):
                if self._position[number] >= high:
                    self._as_of[number] = now
            self._confirmed = time.monotonic()
        return News(batch, tuple(self._as_of))


def _read(consumer: Consumer) -> tuple[list[Message], dict[int, int]]:
    """What is there, waiting a moment for the first; and the partitions that are read to their ends."""
    # To ask for many would wait for all of them.
    first = consumer.poll(_WAIT)
    if first is None:
        return [], {}
    messages: list[Message] = []
    ends: dict[int, int] = {}
    for message in [first, *consumer.consume(MOST_RECORDS - 1, 0)]:
        error = message.error()
        if error is None:
            messages.append(message)
            ends.pop(_place(message)[0], None)
        elif error.code() == KafkaError._PARTITION_EOF:
            number, offset = _place(message)
            ends[number] = offset
        elif error.code() in _GONE:
            raise PositionGone(f"{message.topic()}[{message.partition()}]: {error.str()}")
        else:
            raise SourceUnavailable(f"Kafka: {error.str()}")
    return messages, ends


def _place(message: Message) -> tuple[int, int]:
    return cast(int, message.partition()), cast(int, message.offset())
