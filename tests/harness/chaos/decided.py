"""Transactions that are decided, and whose markers are not written yet: the coordinator's own log tells.

A commit is answered once the decision is in that log. The markers, behind which readers of committed records get on,
follow at once; but where the broker is killed between the two, only some seconds after it is back.
"""

from math import inf
from struct import unpack_from
from time import monotonic
from typing import cast

from confluent_kafka import KafkaError, KafkaException, TopicPartition

from app.settings import Settings
from tests.harness.chaos.topic_records import consumer

LOG = "__transaction_state"

TIMEOUT = 5.0

#: In the value of a transaction's record: its status, behind version, producer id, epoch and time limit.
_STATUS_AT = 16
_PREPARE_COMMIT, _COMPLETE_COMMIT = 2, 4


class Commits:
    """What the log says of commits: when each id's last one was decided, and when its markers were there."""

    def __init__(self) -> None:
        self._of: dict[str, tuple[float, float]] = {}

    def note(self, key: bytes, value: bytes | None, at: float) -> None:
        """Note a record of the log that was written at this time (s since 1970)."""
        if value is None:
            return
        (length,) = unpack_from(">h", key, 2)
        id_, status = key[4 : 4 + length].decode(), value[_STATUS_AT]
        if status == _PREPARE_COMMIT:
            self._of[id_] = at, inf
        elif status == _COMPLETE_COMMIT and id_ in self._of:
            self._of[id_] = self._of[id_][0], at

    def decided_at(self, moment: float) -> frozenset[str]:
        """The ids whose last commit was decided by then, and marked not before."""
        # The log counts whole milliseconds.
        return frozenset(id_ for id_, (decided, marked) in self._of.items() if decided <= moment < marked + 0.001)


class Decided:
    """Follows the coordinator's log, of which the local stack has one partition."""

    def __init__(self, settings: Settings) -> None:
        self._place = TopicPartition(LOG, 0)
        self._reader = consumer(settings, committed=False, group="test-decided", fetch_wait_ms=10)
        self._next: int | None = None
        self._commits = Commits()

    def at(self, moment: float) -> frozenset[str]:
        """The ids whose last commit was decided by then, and marked not before. Raises KafkaException."""
        self._read_on()
        return self._commits.decided_at(moment)

    def close(self) -> None:
        self._reader.close()

    def _read_on(self) -> None:
        """Read what has been written since the last time."""
        _, end = self._reader.get_watermark_offsets(self._place, timeout=TIMEOUT)
        if self._next is None:
            # What was decided before the first look is of no interest.
            self._next = end
            self._reader.assign([TopicPartition(LOG, 0, end)])
        deadline = monotonic() + TIMEOUT
        while self._next < end and monotonic() < deadline:
            for message in self._reader.consume(1000, 0.01):
                if message.error() is not None:
                    continue  # The end of the partition, or a broker that is away.
                self._commits.note(cast(bytes, message.key()), message.value(), message.timestamp()[1] / 1000)
                self._next = cast(int, message.offset()) + 1
        if self._next < end:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
