"""No offset may be committed beyond a record whose outputs are missing: seen while it runs, judged afterwards.

What was committed is looked up first, where the outputs end afterwards: all
outputs of what was committed must lie below those ends. The ends are those for
readers of committed records: outputs of an open transaction are not there yet. Those of
one that is decided may be committed: nothing can undo it, though its markers may be late.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from time import time
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaException, TopicPartition

from app.kafka.clients import consumer_config
from app.kafka.topics import topics
from app.settings import Settings
from tests.harness.chaos.decided import Decided

SECONDS = 0.5
TIMEOUT = 5.0

Offsets = dict[tuple[str, int], int]


class Observation(NamedTuple):
    """By topic and partition, what the group had committed, and where the outputs' topics ended then or later."""

    committed: Offsets
    ends: Offsets
    #: The sources whose last transaction was decided by then and not marked before.
    decided: frozenset[tuple[str, int]] = frozenset()


class Observer:
    """Looks twice a second, from a thread of its own; sees nothing while the broker does not answer."""

    def __init__(self, settings: Settings) -> None:
        names = topics(settings)
        partitions = range(settings.partitions)
        self._sources = [TopicPartition(names.raw.name, number) for number in partitions]
        self._outputs = [
            TopicPartition(topic.name, number) for topic in (names.signals, names.dead_letters) for number in partitions
        ]
        # In the workers' group, to see what they committed; it never joins.
        self._consumer = Consumer(consumer_config(settings, settings.id))
        self._decided = Decided(settings)
        self._source_of = {
            f"{settings.id}-{place.topic}-{place.partition}": (place.topic, place.partition) for place in self._sources
        }
        self._seen: list[Observation] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="observer")
        self._thread.start()

    def close(self) -> None:
        self._stopping.set()
        self._thread.join()
        self._consumer.close()
        self._decided.close()

    def taken(self) -> list[Observation]:
        """What was seen since this was asked last."""
        seen, self._seen = self._seen, []
        return seen

    def _run(self) -> None:
        while not self._stopping.wait(SECONDS):
            try:
                self._seen.append(self._look())
            except KafkaException:
                continue

    def _look(self) -> Observation:
        committed = {
            (place.topic, place.partition): max(place.offset, 0)
            for place in self._consumer.committed(self._sources, timeout=TIMEOUT)
        }
        moment = time()
        ends = {
            (place.topic, place.partition): self._consumer.get_watermark_offsets(place, timeout=TIMEOUT)[1]
            for place in self._outputs
        }
        decided = {self._source_of[id_] for id_ in self._decided.at(moment) if id_ in self._source_of}
        return Observation(committed, ends, frozenset(decided))


class Needs:
    """Of one source partition: up to where its output partition must reach, by how much of it is committed.

    `needed` gives the end of the outputs that each record needs, by its offset; `first` is where the round began.
    """

    def __init__(self, first: int, needed: Mapping[int, int]) -> None:
        self._first = first
        last = max(needed, default=first - 1)
        each = [needed.get(offset, 0) for offset in range(first, last + 1)]
        self._reached = [0, *accumulate(each, max)]

    def end(self, committed: int) -> int:
        """Where the outputs of all records below `committed` end."""
        return self._reached[min(max(committed - self._first, 0), len(self._reached) - 1)]


def too_early(
    observations: Sequence[Observation], source: str, output: str, needs: Mapping[int, Needs]
) -> Iterator[str]:
    """Sentences that tell what was committed before its outputs were there."""
    for committed, ends, decided in observations:
        for partition, need in needs.items():
            offset, end = committed[source, partition], ends[output, partition]
            if need.end(offset) > end and (source, partition) not in decided:
                yield (
                    f"{source}[{partition}]: {offset} was committed while {output} ended at {end}, "
                    f"and its outputs at {need.end(offset)}"
                )
