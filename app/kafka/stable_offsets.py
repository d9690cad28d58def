"""Asks the broker again and again for last stable offsets and ends."""

import time
from collections.abc import Callable, Collection
from concurrent.futures import wait
from typing import NamedTuple

from confluent_kafka import IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from app.kafka.stalls import Offsets, PartitionPlace, Stall, StallDetector

_GONE = (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION)
# The client's own time limit comes first.
_SPARE_SECONDS = 1.0


class _Answers(NamedTuple):
    offsets: dict[PartitionPlace, int]
    gone: set[PartitionPlace]


class StableOffsets:
    """Finds partitions whose last stable offset has stood behind the end for more than `limit_seconds`.

    To be asked every few seconds, by one thread at a time. A question takes two requests, each of `request_seconds`
    at most (about 1 ms in all for 8 partitions on a broker nearby).
    """

    def __init__(
        self,
        admin: AdminClient,
        limit_seconds: float,
        clock: Callable[[], float] = time.monotonic,
        request_seconds: float = 5.0,
    ) -> None:
        self._admin = admin
        self._detector = StallDetector(limit_seconds)
        self._clock = clock
        self._request_seconds = request_seconds
        #: The partitions that gave no answer last time.
        self.unanswered: frozenset[PartitionPlace] = frozenset()

    def ask(self, places: Collection[PartitionPlace]) -> list[Stall]:
        """The stalled ones of these partitions; all others are forgotten. Blocks, and never raises for a broker.

        While the broker is away, what it said last stays. A partition that is not there is not stalled; where none
        of them is there, they count as unanswered, for librdkafka says the same when no broker answers.
        """
        asked_at = self._clock()
        # The end first: what lies between it and a stable offset that is read later is undecided for certain.
        ends = self._latest(places, IsolationLevel.READ_UNCOMMITTED)
        stable = self._latest(ends.offsets, IsolationLevel.READ_COMMITTED)
        found = {place: Offsets(offset, ends.offsets[place]) for place, offset in stable.offsets.items()}
        gone = ends.gone | stable.gone
        self.unanswered = frozenset(set(places) - found.keys() - gone)
        self._detector.retain(set(places) - gone)
        self._detector.update(found, asked_at, self._clock())
        return self._detector.stalls()

    def standing(self) -> dict[PartitionPlace, float]:
        """The partitions that waited for a transaction when last asked, and since how many seconds."""
        return self._detector.standing()

    def _latest(self, places: Collection[PartitionPlace], level: IsolationLevel) -> _Answers:
        answers = _Answers({}, set())
        if not places:
            return answers
        # Errors that nobody takes would pile up in the client.
        self._admin.poll(0)
        request = {TopicPartition(*place): OffsetSpec.latest() for place in places}  # type: ignore[no-untyped-call]
        try:
            pending = self._admin.list_offsets(request, isolation_level=level, request_timeout=self._request_seconds)
        except KafkaException:
            return answers
        wait(pending.values(), self._request_seconds + _SPARE_SECONDS)
        for partition, answer in pending.items():
            place = (partition.topic, partition.partition)
            if not answer.done():
                continue
            try:
                answers.offsets[place] = answer.result().offset
            except KafkaException as error:
                if error.args[0].code() in _GONE:
                    answers.gone.add(place)
        return answers
