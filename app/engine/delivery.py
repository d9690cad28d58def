"""Sending many records and knowing that the broker has them all."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Any, NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer

#: How often a wait for deliveries looks whether it is still wanted.
POLL_SECONDS = 0.1

#: How long librdkafka may take to drop what was given up; it needs milliseconds.
PURGE_SECONDS = 5.0

#: Errors of librdkafka's own that pass when the broker is back; the broker's say themselves whether they do.
PASSING = frozenset(
    {
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

    What a partition gets of a group is always its beginning, never a part with a
    hole before it: the reader takes what lies behind a hole for the newest, and
    what fills it later for a repeat. So no record may time out by itself while
    others go on; a group is given up as a whole, once the broker has taken nothing
    for `patience` seconds.

    Not shared between agents: its `flush` waits for whatever is under way.
    """

    def __init__(self, config: Mapping[str, Any], patience: float) -> None:
        self._config = {**config, "message.timeout.ms": 0}
        self._patience = patience
        self._producer: Producer | None = None

    async def send(self, records: Sequence[Outgoing], wanted: Callable[[], bool]) -> int:
        """Send records in order and wait until the broker has them; returns the highest offset it gave one.

        `wanted` is asked now and then whether to go on waiting. Raises NotDelivered
        when the broker refused or took nothing for too long, Abandoned when `wanted`
        says no, and KafkaException for what no repetition can mend.
        """
        if not records:
            return -1
        if self._producer is None:
            self._producer = Producer(self._config)
        producer = self._producer
        outcome = _Outcome()
        try:
            for record in records:
                # A coroutine for each record would cost as much as producing it.
                while not _queued(producer, record, outcome):
                    await self._serve(producer.poll, outcome, wanted)
            while outcome.reported < len(records):
                await self._serve(producer.flush, outcome, wanted)
        except BaseException:
            await asyncio.to_thread(self._purge, producer)
            raise
        return outcome.offset

    async def _serve(self, serve: Callable[[float], int], outcome: "_Outcome", wanted: Callable[[], bool]) -> None:
        """Give librdkafka a moment to report deliveries; raises when there is no point in waiting any longer."""
        if not wanted():
            raise Abandoned
        reported = outcome.reported
        await asyncio.to_thread(serve, POLL_SECONDS)
        _check(outcome.error)
        if outcome.reported > reported:
            outcome.moved_at = monotonic()
        elif monotonic() - outcome.moved_at > self._patience:
            raise NotDelivered(f"the broker has taken nothing for {self._patience:g} s")

    def _purge(self, producer: Producer) -> None:
        """Drop what has not been sent, so that a worker that lost its partitions writes nothing more."""
        producer.purge()
        if producer.flush(PURGE_SECONDS):
            # Whatever it still holds must not come before the next group.
            self._producer = None


def _check(error: KafkaError | None) -> None:
    if error is None:
        return
    if error.fatal() or not (error.retriable() or error.code() in PASSING):
        raise KafkaException(error)
    raise NotDelivered(error.str())


class _Outcome:
    """What the broker said of one group of records."""

    __slots__ = ("error", "moved_at", "offset", "reported")

    def __init__(self) -> None:
        self.reported = 0
        self.offset = -1
        self.moved_at = monotonic()
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
