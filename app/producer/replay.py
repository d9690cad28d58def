"""The loop that takes bars from a source and sends each when it is due."""

from collections.abc import Callable
from typing import Protocol

from app.domain.records import Bar
from app.producer.pace import AsFastAsPossible, Pace
from app.sources.base import Source

# Long enough to cost nothing, short enough that a stop feels immediate.
LONGEST_WAIT_S = 0.2


class Sink(Protocol):
    """What takes the bars; see delivery.py."""

    @property
    def waiting(self) -> int:
        """Bars taken that have neither arrived nor failed yet."""

    def offer(self, bar: Bar) -> bool:
        """Take the bar; False if the queue is full."""

    def poll(self, timeout_s: float) -> None:
        """Handle delivery reports for at most so long."""


def replay(
    source: Source,
    sink: Sink,
    *,
    pace: Pace,
    clock: Callable[[], float],
    stopped: Callable[[], bool],
    on_sent: Callable[[Bar], None] = lambda _: None,
) -> bool:
    """Sends every bar; False when `stopped` said so before the last. `clock` is in seconds.

    What was sent need not have arrived yet; the sink knows. Raises what the source and the sink raise.
    """
    start = clock()
    waits = not isinstance(pace, AsFastAsPossible)
    sent = 0
    for bar in source.bars():
        if bar is None:
            if stopped():
                return False
            _settle(sink, stopped)
            continue
        if waits:
            due = start + pace.due_s(sent, bar["timestamp"])
            while not stopped() and (remaining := due - clock()) > 0:
                sink.poll(min(remaining, LONGEST_WAIT_S))
        while not stopped():
            if sink.offer(bar):
                sent += 1
                on_sent(bar)
                break
            sink.poll(LONGEST_WAIT_S)
        else:
            return False
    return True


def _settle(sink: Sink, stopped: Callable[[], bool]) -> None:
    """Wait until all bars have arrived. While the broker is away no bars are read: they would be old later."""
    sink.poll(0.0)
    while sink.waiting and not stopped():
        sink.poll(LONGEST_WAIT_S)
