"""A lane with a reader and a destination that do what the test says; time does not pass by itself."""

import threading
from collections.abc import Callable, Mapping
from typing import Any

from app.alerts.alert_progress import AlertProgress, CommittedPlace
from app.alerts.destination import AlertNotSent
from app.alerts.inbox import CommitFailed, Received
from app.alerts.lane import Lane
from app.alerts.message import AlertMessage
from app.alerts.outbox import DigestLimits
from app.alerts.rate_limit import RateLimit
from app.alerts.rules import Rules
from app.domain.records import Signal
from tests.unit.alerts.made import NOW_MS


class FakeTopic:
    """Partition 0 of a topic with what its group committed, which outlives a lane."""

    def __init__(self, *signals: Signal) -> None:
        self.signals = list(signals)
        self.committed = CommittedPlace(0)
        self.history: list[CommittedPlace] = []
        self.refuse_commits = 0


class TopicInbox:
    """Reads it, two records at a time."""

    def __init__(self, topic: FakeTopic, lost: Callable[[set[int]], None], idle: Callable[[], None]) -> None:
        self._topic, self._idle, self.lost = topic, idle, lost
        self.paused = self.closed = False
        self.rebalance()

    def rebalance(self) -> None:
        """The partition goes, and comes back."""
        self._progress = AlertProgress()
        self._progress.begin(0, self._topic.committed, 0, len(self._topic.signals))
        self._next = 0

    def read(self, seconds: float) -> list[Received]:
        if self.paused or self._next == len(self._topic.signals):
            self._idle()
            return []
        offsets = range(self._next, min(self._next + 2, len(self._topic.signals)))
        self._next = offsets.stop
        self._progress.advance(0, offsets.stop)
        return [
            Received(
                self._topic.signals[offset],
                0,
                offset,
                self._progress.is_handled(0, offset),
                self._progress.is_uncertain(0, offset),
            )
            for offset in offsets
        ]

    def pause(self, paused: bool) -> None:
        self.paused = paused

    def is_catching_up(self) -> bool:
        return self._progress.is_catching_up

    def commit(self, first_waiting: Mapping[int, int], sending_until: Mapping[int, int]) -> None:
        changed = self._progress.to_commit(first_waiting, sending_until)
        if changed and self._topic.refuse_commits:
            self._topic.refuse_commits -= 1
            raise CommitFailed("the broker is away")
        if changed:
            self._topic.committed = changed[0]
            self._topic.history.append(changed[0])
            self._progress.committed(changed)

    def close(self) -> None:
        self.closed = True


class Killed(BaseException):
    """The process ends here."""


class Target:
    """Takes messages, or does what `answers` has next."""

    name = "target"
    characters = 2000

    def __init__(self, *answers: BaseException | None) -> None:
        self.answers = list(answers)
        self.messages: list[AlertMessage] = []

    def send(self, message: AlertMessage, now_ms: int) -> None:
        answer = self.answers.pop(0) if self.answers else None
        if answer is None:
            self.messages.append(message)
            return
        if isinstance(answer, Killed) or (isinstance(answer, AlertNotSent) and answer.uncertain):
            self.messages.append(message)  # It arrived, and nobody learns of it.
        raise answer

    @property
    def offsets(self) -> list[list[int]]:
        return [[each.offset for each in message.alerts] for message in self.messages]

    @property
    def repeated(self) -> list[bool]:
        return [message.possibly_repeated for message in self.messages]


class ManualClock:
    """Seconds, which pass only when a lane has nothing to read."""

    def __init__(self) -> None:
        self.now = NOW_MS / 1000

    def time(self) -> float:
        return self.now


def run(topic: FakeTopic, target: Target, clock: ManualClock, seconds: float = 10, **changes: Any) -> TopicInbox:
    """A lane from its start until it was idle for so many seconds in all, or killed."""
    stop, until = threading.Event(), clock.now + seconds
    opened: list[TopicInbox] = []

    def idle() -> None:
        clock.now += 0.1
        if clock.now >= until:
            stop.set()

    def open_inbox(lost: Callable[[set[int]], None]) -> TopicInbox:
        opened.append(TopicInbox(topic, lost, idle))
        return opened[0]

    lane = Lane(
        target,
        open_inbox,
        Rules(),
        changes.get("limits", DigestLimits()),
        RateLimit(changes.get("per_minute", 20), clock.time),
        changes.get("quiet"),
        stop,
        clock.time,
        clock.time,
    )
    try:
        lane.run()
    except Killed:
        pass
    else:
        assert opened[0].closed
    return opened[0]
