"""A source and a sink that need no Kafka, and a clock that only moves when somebody waits."""

from collections.abc import Callable, Iterator

from app.domain.records import MINUTE_MS, Bar, Origin
from app.producer.bar_producer import DeliveryFailed
from app.sources.base import NeverWaits
from tests.unit.records import BAR


class ListSource(NeverWaits):
    """So many bars of one symbol, a minute apart."""

    name = "list"
    origin: Origin = "replay"
    run_id = "replay-2024-11-14-deadbeef"

    def __init__(self, count: int) -> None:
        self.total = count
        self.read = 0

    def bars(self) -> Iterator[Bar | None]:
        self.read = 0
        for minute in range(self.total):
            self.read += 1
            yield {**BAR, "timestamp": BAR["timestamp"] + minute * MINUTE_MS}


class ListSink:
    """Keeps what it is offered, with the time; refuses while `room` is 0, and gets room with each poll.

    What it was offered arrives after so many polls that wait.
    """

    def __init__(self, room: int = 1_000_000, *, slow_polls: int = 0) -> None:
        self.now = 0.0
        self.taken: list[tuple[float, Bar]] = []
        self.room = room
        self.polls: list[float] = []
        self._slow_polls, self._left = slow_polls, 0

    def offer(self, bar: Bar) -> bool:
        if not self.room:
            return False
        self.room -= 1
        self.taken.append((self.now, bar))
        self._left = self._slow_polls
        return True

    def poll(self, timeout_s: float) -> None:
        self.polls.append(timeout_s)
        if timeout_s:
            self._left = max(0, self._left - 1)
        self.now += timeout_s
        self.room += 1

    def clock(self) -> float:
        return self.now

    @property
    def waiting(self) -> int:
        return self._left


class FakeBarProducer(ListSink):
    """A ListSink that keeps accounts: everything arrives with the flush, unless `fails` says why not."""

    def __init__(self, fails: str | None = None) -> None:
        super().__init__()
        self.acknowledged = 0
        self.failed = 0
        self.trouble: str | None = None
        self.closed = False
        self._fails = fails

    @property
    def sent(self) -> int:
        return len(self.taken)

    @property
    def waiting(self) -> int:
        return self.sent - self.acknowledged - self.failed

    def flush(self, given_up: Callable[[], bool]) -> None:
        if self._fails:
            self.failed = self.waiting
            raise DeliveryFailed(self._fails)
        self.acknowledged = self.sent

    def close(self) -> None:
        self.closed = True
