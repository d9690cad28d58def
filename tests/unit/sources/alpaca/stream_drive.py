"""A stream under a virtual clock: minutes of backoff and silence in no time."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from typing import Any

from app.sources.alpaca.access import Access
from app.sources.alpaca.stream import Stream
from tests.harness.doubles.virtual_clock import VirtualClock
from tests.unit.sources.alpaca.scripted_stream import SYMBOLS

WITHIN_S = 20.0


class Steps(random.Random):
    """Remembers the steps that the waits were taken from."""

    def __init__(self) -> None:
        super().__init__(7)
        self.seen: list[float] = []
        self.newest_wait = 0.0
        self._changed = threading.Condition()

    def uniform(self, a: float, b: float) -> float:
        with self._changed:
            self.seen.append(b)
            self.newest_wait = super().uniform(a, b)
            self._changed.notify_all()
            return self.newest_wait

    def wait_for(self, count: int) -> None:
        """In real time."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.seen) >= count, WITHIN_S), self.seen


class Drive:
    """Streams that it started are stopped, and their time stands still while the test does not `wait`."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.steps = Steps()
        self.bad: list[str] = []
        self.opened_ms: float = -inf
        """Of the session that goes on; inf while the market is closed."""

    def stream(self, access: Access, **options: Any) -> Stream:
        stream = Stream(
            access,
            self.clock,
            SYMBOLS,
            lambda: max(0.0, (self.clock.now_ms() - self.opened_ms) / 1000),
            self.bad.append,
            randomness=self.steps,
            spawn=self.clock.thread,
            **options,
        )
        stream.start()
        return stream

    def pass_s(self, seconds: float) -> None:
        """Lets so much time pass."""
        self.clock.wait(seconds, threading.Event())

    def fail_times(self, times: int) -> None:
        """Until so many attempts have failed, whose backoff passes as soon as it begins, but for the last."""
        for failures in range(1, times + 1):
            self.steps.wait_for(failures)
            if failures < times:
                self.pass_s(self.steps.newest_wait)

    @contextmanager
    def running(self, access: Access, **options: Any) -> Iterator[Stream]:
        with self.clock.attending():
            stream = self.stream(access, **options)
            try:
                yield stream
            finally:
                stream.stop()


def until(stream: Stream, true: Callable[[], object]) -> None:
    """Waits, in real time, until something is true of a stream that says by `wake` when it changed."""
    for _ in range(1000):
        if true():
            return
        stream.wake.clear()
        if not true():
            stream.wake.wait(WITHIN_S / 1000)
    raise TimeoutError(f"still not so: {stream.trouble}")
