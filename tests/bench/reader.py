"""Reading topics as a consumer of committed records sees them."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from time import monotonic, time
from typing import NamedTuple, cast

import numpy as np
import pyarrow as pa
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from app.avro.columns import ColumnDecoder
from app.domain.records import Signal
from app.kafka.broker import TIMEOUT
from app.kafka.clients import consumer_config, registry
from app.kafka.topics import Topic
from app.settings import Settings
from tests.bench.check import WrongSignals
from tests.bench.running import Running, WorkerStuck

#: A worker that makes no signal for so long is stuck.
PATIENCE_SECONDS = 60.0

LOOK_SECONDS = 0.25

BATCH = 5000

#: How long to wait for a full batch, and the broker for anything new: at the end of a partition there is nothing.
WAIT_MS = 10

Place = tuple[str, int]
"""A topic's name and a partition."""


class Delivered(NamedTuple):
    """A record's value and when it was here (seconds since 1970)."""

    at: float
    value: bytes


class SignalReader:
    """Follows the signals from the beginning: a record counts from when librdkafka hands it out, so once committed."""

    def __init__(self, settings: Settings, topic: Topic) -> None:
        self._decoder = ColumnDecoder(registry(settings), "signal")
        self._consumer = Consumer(consumer_config(settings, "bench-signals"))
        partitions = range(topic.partitions)
        self._consumer.assign([TopicPartition(topic.name, number, OFFSET_BEGINNING) for number in partitions])

    def take(self, count: int, worker: Running, report: Callable[[int], None]) -> list[Delivered]:
        """Wait for so many more signals. Raises WorkerEnded, WorkerStuck."""
        return list(self._follow(count, worker, report))

    def skip(self, count: int, worker: Running, report: Callable[[int], None]) -> None:
        """The same, keeping none."""
        for _ in self._follow(count, worker, report):
            pass

    def columns(self, found: Sequence[Delivered]) -> pa.RecordBatch:
        """The signals, with the fields of schemas/signal.avsc; schemas are fetched that were not met before."""
        values = [each.value for each in found]
        asyncio.run(self._decoder.prepare(values))
        decoded = self._decoder.decode_columns(values)
        if decoded.poisoned:
            raise WrongSignals(f"{len(decoded.poisoned)} signals cannot be read, such as {decoded.poisoned[0]}")
        # Few are not made columns; in the order in which they came they go back among the others.
        rest = pa.RecordBatch.from_pylist([record for _, record in decoded.records], decoded.columns.schema)
        both = pa.Table.from_batches([decoded.columns, rest]).combine_chunks()
        order = np.argsort([*decoded.indexes, *(index for index, _ in decoded.records)])
        return pa.RecordBatch.from_arrays(
            [column.combine_chunks() for column in both.take(order).columns], schema=both.schema
        )

    def decoded_at_once(self, found: Delivered) -> Signal:
        """A signal of a schema that was met before."""
        return cast(Signal, self._decoder.decode(found.value))

    def take_until_quiet(self, seconds: float) -> list[Delivered]:
        """What comes until nothing has for so long."""
        found = []
        deadline = monotonic() + seconds
        while monotonic() < deadline:
            message = self._consumer.poll(LOOK_SECONDS)
            if message is not None:
                raise_error(message)
                found.append(Delivered(time(), cast(bytes, message.value())))
                deadline = monotonic() + seconds
        return found

    def close(self) -> None:
        self._consumer.close()

    def _follow(self, count: int, worker: Running, report: Callable[[int], None]) -> Iterator[Delivered]:
        done = reported = 0
        looked = deadline = monotonic()
        while done < count:
            message = self._consumer.poll(LOOK_SECONDS)
            if message is not None:
                raise_error(message)
                done += 1
                yield Delivered(time(), cast(bytes, message.value()))
            now = monotonic()
            if now >= looked + LOOK_SECONDS:
                looked = now
                worker.check_alive()
                if done > reported:
                    reported, deadline = done, now
                    report(done)
                elif now > deadline + PATIENCE_SECONDS:
                    raise WorkerStuck(f"no signal for {PATIENCE_SECONDS:g} s:\n{worker.log_tail()}")


def bulk_consumer(settings: Settings) -> Consumer:
    """A consumer for `read_to_end`, connected to the broker."""
    more = {"enable.partition.eof": True, "fetch.wait.max.ms": WAIT_MS}
    consumer = Consumer(consumer_config(settings, "bench") | more)
    consumer.list_topics(timeout=TIMEOUT)
    return consumer


def read_to_end(consumer: Consumer, starts: Mapping[Place, int]) -> Iterator[Message]:
    """The committed records of partitions from an offset each to their ends."""
    left = set(starts)
    consumer.assign([TopicPartition(topic, partition, offset) for (topic, partition), offset in starts.items()])
    while left:
        for message in consumer.consume(BATCH, WAIT_MS / 1000):
            error = message.error()
            # Behind the last record there may be a transaction's marker, so offsets do not tell the end.
            if error is not None and error.code() == KafkaError._PARTITION_EOF:
                left.discard((cast(str, message.topic()), cast(int, message.partition())))
                continue
            raise_error(message)
            yield message


def raise_error(message: Message) -> None:
    """Raise KafkaException for what is no record."""
    error = message.error()
    if error is not None:
        raise KafkaException(error)
