"""A clock for whole trading days in seconds: time stands still while anybody works, and jumps when all wait.

Threads that take part are made by `thread` (or enter `attending`): time moves
only while each of them waits in `wait`, and then straight to the earliest
moment that somebody waits for or that an action is planned for. Others may wait
too, but nobody waits for them: what they do takes no time that could be relied
on, so `hold_while` has time stand still as long as something of theirs is not done.
"""

import heapq
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from math import ceil
from typing import NamedTuple

# How often a waiting thread looks at its event: nothing tells the clock that it was set.
_LOOK_S = 0.0005
_STUCK_S = 60.0


class _Waiting(NamedTuple):
    until_ms: int
    wake: threading.Event
    attends: bool


class VirtualClock:
    """Starts at `now_ms` (UTC epoch milliseconds). Implements app.sources.clock.Clock for any number of threads.

    A thread that waits while no time passes for `stuck_s` seconds of real time gets an error.
    """

    def __init__(self, now_ms: int, stuck_s: float = _STUCK_S) -> None:
        self._now_ms = now_ms
        self._stuck_s = stuck_s
        self._changed = threading.Condition()
        self._attending: set[int] = set()
        self._waiting: dict[int, _Waiting] = {}
        self._planned: list[tuple[int, int, Callable[[], None]]] = []
        self._holds: list[Callable[[], bool]] = []
        self._acting = False
        self._numbers = count()

    def now_ms(self) -> int:
        """UTC epoch milliseconds."""
        return self._now_ms

    def wait(self, seconds: float, wake: threading.Event) -> bool:
        """Whether `wake` was set before so many seconds of this clock had passed.

        Raises TimeoutError when others let no time pass for a minute of real time.
        """
        me = next(self._numbers)
        with self._changed:
            until_ms = self._now_ms + max(0, ceil(seconds * 1000))
            self._waiting[me] = _Waiting(until_ms, wake, threading.get_ident() in self._attending)
            try:
                self._await(until_ms, wake)
            finally:
                del self._waiting[me]
                self._changed.notify_all()
        return wake.is_set()

    def at(self, moment_ms: int, action: Callable[[], None]) -> None:
        """Has `action` called at that moment, in a thread that waits; time goes on when it returns."""
        with self._changed:
            heapq.heappush(self._planned, (moment_ms, next(self._numbers), action))

    def hold_while(self, busy: Callable[[], bool]) -> None:
        """Lets no time pass while `busy` says so; it is asked often, from threads that wait."""
        with self._changed:
            self._holds.append(busy)

    @contextmanager
    def attending(self) -> Iterator[None]:
        """No time passes while this thread does not wait."""
        me = threading.get_ident()
        with self._changed:
            self._attending.add(me)
        try:
            yield
        finally:
            with self._changed:
                self._attending.discard(me)
                self._changed.notify_all()

    def thread(self, work: Callable[[], None], name: str) -> threading.Thread:
        """A started thread that takes part from the start, before it runs, to its end."""
        ready = threading.Event()

        def run() -> None:
            with self.attending():
                ready.set()
                work()

        thread = threading.Thread(target=run, name=name, daemon=True)
        thread.start()
        ready.wait()
        return thread

    def _await(self, until_ms: int, wake: threading.Event) -> None:
        stuck_at = time.monotonic() + self._stuck_s
        seen_ms = self._now_ms
        while not wake.is_set() and self._now_ms < until_ms:
            if self._may_pass():
                self._pass()
            else:
                self._changed.wait(_LOOK_S)
            if self._now_ms != seen_ms:
                seen_ms, stuck_at = self._now_ms, time.monotonic() + self._stuck_s
            elif time.monotonic() > stuck_at:
                raise TimeoutError(f"time stands still at {self._now_ms}: {self._reasons()}")

    def _may_pass(self) -> bool:
        return not self._acting and self._idle() and not any(busy() for busy in self._holds)

    def _idle(self) -> bool:
        waiting = self._waiting.values()
        return sum(each.attends for each in waiting) == len(self._attending) and not any(
            each.until_ms <= self._now_ms or each.wake.is_set() for each in waiting
        )

    def _pass(self) -> None:
        moment_ms = min(each.until_ms for each in self._waiting.values())
        if not self._planned or self._planned[0][0] > moment_ms:
            self._now_ms = moment_ms
            self._changed.notify_all()
            return
        planned_ms, _, action = heapq.heappop(self._planned)
        self._now_ms = max(self._now_ms, planned_ms)
        self._acting = True
        self._changed.release()
        try:
            action()
        finally:
            self._changed.acquire()
            self._acting = False

    def _reasons(self) -> str:
        if self._acting:
            return "a planned action has not returned"
        if holding := [busy.__qualname__ for busy in self._holds if busy()]:
            return f"held by {', '.join(holding)}"
        working = len(self._attending) - sum(each.attends for each in self._waiting.values())
        return f"{working} threads that take part do not wait"
