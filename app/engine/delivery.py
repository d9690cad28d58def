"""Sending many records and knowing that the broker has them all."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer

#: How often a wait for deliveries looks whether it is still wanted.
POLL_SECONDS = 0.1


#: Errors of librdkafka's own that pass when the broker is back; the broker's say themselves whether they do.
PASSING = frozenset(
    {
        KafkaError._MSG_TIMED_OUT,
        KafkaError._TIMED_OUT,
        KafkaError._TRANSPORT,
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._PURGE_QUEUE,
        KafkaError._PURGE_INFLIGHT,
    }
)


class Outgoing(NamedTuple):
    """One record to send; the partition follows from the key where it is None."""

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int | None = None
    headers: Sequence[tuple[str, bytes]] | None = None


class NotDelivered(Exception):
    """The broker did not take every record in time; sending them again may help."""


class Abandoned(Exception):
    """Nobody waits for these records any more: the worker is stopping or has lost the partition."""


class Delivery:
    """An idempotent librdkafka producer that sends one group of records at a time.

    Not shared between agents: its `flush` waits for whatever is under way.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config = dict(config)
        self._producer: Producer | None = None

    async def send(self, records: Sequence[Outgoing], wanted: Callable[[], bool]) -> int:
        """Send records in order and wait until the broker has them; returns the highest offset it gave one.

        `wanted` is asked now and then whether to go on waiting. Raises NotDelivered
        when the broker refused or timed out, Abandoned when `wanted` says no, and
        KafkaException for what no repetition can mend.
        """
        if not records:
            return -1
        if self._producer is None:
            self._producer = Producer(self._config)
        producer = self._producer
        outcome = _Outcome()
        for record in records:
            # A coroutine for each record would cost as much as producing it.
            while not _queued(producer, record, outcome):
                if not wanted():
                    self.purge()
                    raise Abandoned
                await asyncio.to_thread(producer.poll, POLL_SECONDS)
        while outcome.reported < len(records):
            if not wanted():
                self.purge()
                raise Abandoned
            await asyncio.to_thread(producer.flush, POLL_SECONDS)
        if outcome.error is not None:
            if outcome.error.fatal() or not (outcome.error.retriable() or outcome.error.code() in PASSING):
                raise KafkaException(outcome.error)
            raise NotDelivered(outcome.error.str())
        return outcome.offset

    def purge(self) -> None:
        """Drop what has not been sent, so that a worker that lost its partitions writes nothing more."""
        if self._producer is not None:
            self._producer.purge()
            self._producer.flush(POLL_SECONDS)


class _Outcome:
    """What the broker said of one group of records."""

    __slots__ = ("error", "offset", "reported")

    def __init__(self) -> None:
        self.reported = 0
        self.offset = -1
        self.error: KafkaError | None = None

    def report(self, error: KafkaError | None, message: Message) -> None:
        self.reported += 1
        if error is not None:
            self.error = error
        else:
            offset = message.offset()
            if offset is not None and offset > self.offset:
                self.offset = offset


def _queued(producer: Producer, record: Outgoing, outcome: _Outcome) -> bool:
    """Hand a record to librdkafka; False when its queue is full."""
    topic, key, value, partition, headers = record
    try:
        producer.produce(
            topic,
            value,
            key,
            -1 if partition is None else partition,
            outcome.report,
            headers=list(headers) if headers else None,
        )
    except BufferError:
        return False
    return True
