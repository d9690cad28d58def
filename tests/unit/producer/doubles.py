"""A source and a sink that need no Kafka, and a clock that only moves when somebody waits."""

from collections.abc import Iterator

from app.domain.records import MINUTE_MS, Bar, Origin
from tests.unit.records import BAR


class ListSource:
    """So many bars of one symbol, a minute apart."""

    name = "list"
    origin: Origin = "replay"
    run_id = "replay-2024-11-14-deadbeef"

    def __init__(self, count: int) -> None:
        self.total = count
        self.read = 0

    def bars(self) -> Iterator[Bar]:
        self.read = 0
        for minute in range(self.total):
            self.read += 1
            yield {**BAR, "timestamp": BAR["timestamp"] + minute * MINUTE_MS}


class ListSink:
    """Keeps what it is offered, with the time; refuses while `room` is 0, and gets room with each poll."""

    def __init__(self, room: int = 1_000_000) -> None:
        self.now = 0.0
        self.taken: list[tuple[float, Bar]] = []
        self.room = room
        self.polls: list[float] = []

    def offer(self, bar: Bar) -> bool:
        if not self.room:
            return False
        self.room -= 1
        self.taken.append((self.now, bar))
        return True

    def poll(self, timeout_s: float) -> None:
        self.polls.append(timeout_s)
        self.now += timeout_s
        self.room += 1

    def clock(self) -> float:
        return self.now
