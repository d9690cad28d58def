"""The loop that takes bars from a source and sends each when it is due."""

from collections.abc import Callable
from typing import Protocol

from app.domain.records import Bar
from app.producer.pace import AsFastAsPossible, Pace
from app.sources.base import Source

# Long enough to cost nothing, short enough that a stop feels immediate.
LONGEST_WAIT_S = 0.2


class Sink(Protocol):
    """Where bars go; see delivery.py."""

    def offer(self, bar: Bar) -> bool:
        """Takes the bar, unless its queue is full."""

    def poll(self, timeout_s: float) -> None:
        """Sees to deliveries for at most that long."""


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

    What was sent need not have arrived: that is the sink's to say. Raises what the source and the sink raise.
    """
    start = clock()
    waits = not isinstance(pace, AsFastAsPossible)
    for sent, bar in enumerate(source.bars()):
        if waits:
            due = start + pace.due_s(sent, bar["timestamp"])
            while not stopped() and (remaining := due - clock()) > 0:
                sink.poll(min(remaining, LONGEST_WAIT_S))
        while not stopped():
            if sink.offer(bar):
                on_sent(bar)
                break
            sink.poll(LONGEST_WAIT_S)
        else:
            return False
    return True
