"""The alerts that wait, and which of them go out next."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from app.alerts.alert import Alert
from app.alerts.message import AlertMessage, last_offsets


@dataclass(frozen=True, slots=True)
class DigestLimits:
    """When alerts are sent together: more than `singles` of them, or older than `fresh_ms`.

    `most` alerts wait at a time; what comes after them stays in Kafka.
    """

    singles: int = 3
    fresh_ms: int = 15 * 60_000
    most: int = 1000


class Outbox:
    """Alerts in the order in which they came. What is sent is always the first ones of each partition.

    So two offsets for each partition say everything: all alerts before the first one were sent, and those before
    the second one may have been sent.
    """

    def __init__(self, limits: DigestLimits) -> None:
        self._limits = limits
        self._waiting: list[Alert] = []

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def is_full(self) -> bool:
        """Whether no more should be read for now."""
        return len(self._waiting) >= self._limits.most

    def add(self, alert: Alert) -> None:
        """Add an alert that waits to be sent."""
        self._waiting.append(alert)

    def next(self, now_ms: int, fitting: Callable[[Sequence[Alert]], int]) -> AlertMessage | None:
        """What to send now; None when nothing waits.

        `fitting` says how many of these alerts, at least one, one digest can hold. What may have been sent is one
        message again, so that at most one is repeated.
        """
        if uncertain := self.uncertain():
            return AlertMessage(tuple(uncertain), digest=len(uncertain) > 1, possibly_repeated=True)
        if not self._waiting:
            return None
        stale = self._leading_stale(now_ms)
        if len(self._waiting) > self._limits.singles:
            chosen = self._waiting
        elif stale:
            chosen = self._waiting[:stale]
        else:
            return AlertMessage((self._waiting[0],))
        return AlertMessage(tuple(chosen[: max(1, fitting(chosen))]), digest=True)

    def _leading_stale(self, now_ms: int) -> int:
        for index, each in enumerate(self._waiting):
            if each.age_ms(now_ms) <= self._limits.fresh_ms:
                return index
        return len(self._waiting)

    def uncertain(self) -> list[Alert]:
        """Those that may have been sent."""
        return [each for each in self._waiting if each.uncertain]

    def doubt(self, message: AlertMessage) -> None:
        """Mark what was sent without an answer."""
        places = _places(message)
        self._waiting = [
            replace(each, uncertain=True) if (each.partition, each.offset) in places else each for each in self._waiting
        ]

    def remove(self, message: AlertMessage) -> None:
        """Forget what has arrived."""
        places = _places(message)
        self._waiting = [each for each in self._waiting if (each.partition, each.offset) not in places]

    def drop(self, partitions: Collection[int]) -> None:
        """Forget partitions that another member reads now."""
        self._waiting = [each for each in self._waiting if each.partition not in partitions]

    def first_offsets(self) -> dict[int, int]:
        """By partition, the offset of the first alert that waits."""
        return {each.partition: each.offset for each in reversed(self._waiting)}

    def uncertain_ends(self) -> dict[int, int]:
        """By partition, the offset behind the last alert that may have been sent."""
        return last_offsets(self.uncertain())


def _places(message: AlertMessage) -> set[tuple[int, int]]:
    return {(each.partition, each.offset) for each in message.alerts}
