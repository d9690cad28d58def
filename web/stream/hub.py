"""One reader of all signals for all clients of a worker: it starts with the first and ends soon after the last."""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from time import monotonic
from typing import Protocol

from app import metrics
from web.give_way import BURST_RECORDS
from web.stream.position import Vector, is_behind
from web.stream.signal_batch import SignalBatch
from web.stream.signal_source import News, PositionGone, SignalSource, SourceUnavailable

log = logging.getLogger(__name__)

#: Signals kept in memory, some 13 MB; two bursts of 11,000 symbols and more, so that nobody is slow for one burst.
MOST_KEPT = 30_000

#: Signals of each partition to begin with, so that those who were cut a moment ago resume from memory.
BACK = 2000

#: The newest signals whose JSON is kept for others who want it, some 2 kB each.
MOST_WARM = 5000

#: The reader stays for so many seconds after the last client: who was cut comes again, and finds it.
LINGER_SECONDS = 10.0

#: Seconds until the topic is tried again.
_AGAIN = 1.0

#: Signals are read for clients so many seconds later at most while bursts are computed.
GIVE_WAY_SECONDS = 0.5

#: How often to look whether a burst is over.
_LOOK_SECONDS = 0.02


class HubClosed(Exception):
    """The worker stops."""


class Listener(Protocol):
    """The hub's view of a client."""

    def offer(self, batch: SignalBatch) -> None:
        """Take signals that have come."""

    def restart(self, reason: str) -> None:
        """Start again: what was read belongs to another topic."""

    def forget_before(self, batch: SignalBatch) -> None:
        """The hub forgets everything older than this batch."""

    def end(self) -> None:
        """The worker stops."""


class Hub:
    """The newest signals, and the position behind them. All for the event loop, but `_read_all` has its own thread."""

    def __init__(
        self,
        source: SignalSource,
        most_kept: int = MOST_KEPT,
        back: int = BACK,
        linger: float = LINGER_SECONDS,
        in_hand: Callable[[], int] = lambda: 0,
    ) -> None:
        """`in_hand` says how many records the worker is computing now; it is called in a thread."""
        self.source = source
        self._in_hand = in_hand
        self._most_kept, self._back, self._linger = most_kept, back, linger
        self.listeners: set[Listener] = set()
        self.memory: deque[SignalBatch] = deque()
        #: Position up to which everything was handed out, and where memory begins; None until it is known.
        self.position: Vector | None = None
        self.start: Vector | None = None
        self.as_of: tuple[int, ...] = ()
        #: Why nothing can be read now.
        self.trouble: str | None = None
        self.closed = False
        self._warm: deque[SignalBatch] = deque()
        self._kept = self._taken = self._warm_records = 0
        self._known = asyncio.Event()
        self._reading: threading.Event | None = None
        #: Until when the reader waits for a burst to be computed; None while it waits for no burst.
        self._gave_way_until: float | None = None
        self._leaving: asyncio.TimerHandle | None = None
        #: One thread makes JSON, so that it has at most half of Python's time; two read what clients missed.
        self.encoder = ThreadPoolExecutor(1, thread_name_prefix="stream-json")
        self.catch_up = ThreadPoolExecutor(2, thread_name_prefix="stream-missed")
        #: How many may read what they missed at the same time: each has a consumer.
        self.catching_up = asyncio.Semaphore(8)
        metrics.streams_open.set_function(lambda: len(self.listeners))

    @contextmanager
    def listening(self, listener: Listener) -> Iterator[None]:
        """Give the listener all signals that come inside the block."""
        self.listeners.add(listener)
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None
        if self._reading is None:
            self._start()
        try:
            yield
        finally:
            self.listeners.discard(listener)
            if not self.listeners and not self.closed:
                self._leaving = asyncio.get_running_loop().call_later(self._linger, self._stop)

    def close(self) -> None:
        """End all streams: the worker stops."""
        self.closed = True
        self._known.set()
        for listener in list(self.listeners):
            listener.end()
        if self._leaving is not None:
            self._leaving.cancel()
        if self._reading is not None:
            self._reading.set()
        self.encoder.shutdown(wait=False, cancel_futures=True)
        self.catch_up.shutdown(wait=False, cancel_futures=True)

    async def known(self) -> Vector:
        """The position, as soon as the topic has been reached. Raises HubClosed."""
        await self._known.wait()
        if self.closed:
            raise HubClosed
        assert self.position is not None  # noqa: S101 - that is what the event says
        return self.position

    @property
    def active_run(self) -> str | None:
        """The run of the signal that was computed last, among those in memory."""
        newest = max((batch.newest for batch in self.memory), default=(0, ""))
        return newest[1] or None

    def _start(self) -> None:
        self._reading = stop = threading.Event()
        self._gave_way_until = None
        loop = asyncio.get_running_loop()
        thread = threading.Thread(target=self._read_all, args=(loop, stop), name="stream-reader", daemon=True)
        thread.start()

    def _stop(self) -> None:
        if self._reading is not None:
            self._reading.set()
            self._reading = None
        self._forget()

    def _forget(self) -> None:
        self.memory.clear()
        self._warm.clear()
        self._kept = self._warm_records = 0
        self.position = self.start = None
        self._known.clear()

    def _read_all(self, loop: asyncio.AbstractEventLoop, stop: threading.Event) -> None:
        """In a thread: read until `stop` is set, and after trouble go on where it ended."""

        def tell(do: Callable[[], None]) -> None:
            """Call this in the event loop and wait for it, so that the loop does not fall behind."""
            done = threading.Event()

            def run() -> None:
                try:
                    if not stop.is_set():
                        do()
                finally:
                    done.set()

            loop.call_soon_threadsafe(run)
            while not done.wait(0.2) and not stop.is_set():
                pass

        position: Vector | None = None
        while not stop.is_set():
            try:
                with self.source.tail(position, self._back) as tail:
                    while not stop.is_set():
                        self._give_way(stop)
                        news = tail.read()
                        position = news.batch.after
                        tell(lambda news=news: self._take(news))  # type: ignore[misc]
            except SourceUnavailable as error:
                why = str(error)
                tell(lambda why=why: self._cannot_read(why))  # type: ignore[misc]
                stop.wait(_AGAIN)
            except PositionGone as error:
                position, why = None, str(error)
                tell(lambda why=why: self._begin_again(why))  # type: ignore[misc]
                stop.wait(_AGAIN)
            except RuntimeError:
                if not loop.is_closed():
                    raise
                return

    def _give_way(self, stop: threading.Event) -> None:
        """Let a burst be computed first: both hold Python's lock, and who looks on can wait for a moment.

        Once for each burst, not for each read: in a replay the reader would fall behind for ever.
        """
        while self._in_hand() >= BURST_RECORDS:
            if self._gave_way_until is None:
                self._gave_way_until = monotonic() + GIVE_WAY_SECONDS
            if monotonic() >= self._gave_way_until or stop.wait(_LOOK_SECONDS):
                return
        self._gave_way_until = None

    def _take(self, news: News) -> None:
        batch = news.batch
        if self.trouble:
            log.info("Signals can be read again")
        self.trouble, self.as_of = None, news.as_of
        if self.start is None:
            self.start = batch.before
        self.position = batch.after
        if batch.records:
            self._keep(batch)
        # Until all partitions were read to their ends once, nobody could tell which run is active.
        if not self._known.is_set() and all(news.as_of):
            self._known.set()
        for listener in list(self.listeners) if batch.records else ():
            listener.offer(batch)

    def _keep(self, batch: SignalBatch) -> None:
        self._taken += 1
        batch.number = self._taken
        self.memory.append(batch)
        self._kept += len(batch.records)
        while self._kept > self._most_kept and len(self.memory) > 1:
            gone = self.memory.popleft()
            self._kept -= len(gone.records)
            self.start = self.memory[0].before
            for listener in list(self.listeners):
                listener.forget_before(self.memory[0])
        self._warm.append(batch)
        self._warm_records += len(batch.records)
        while self._warm_records > MOST_WARM and len(self._warm) > 1:
            cold = self._warm.popleft()
            self._warm_records -= len(cold.records)
            cold.cool()

    def _cannot_read(self, why: str) -> None:
        if not self.trouble:
            log.warning("Signals cannot be read for those who listen: %s", why)
        self.trouble = why

    def _begin_again(self, why: str) -> None:
        log.warning("The topic of signals is not the one that was read: %s", why)
        self._forget()
        for listener in list(self.listeners):
            listener.restart(why)

    def remembers(self, vector: Vector) -> bool:
        """Whether everything from a position on is in memory."""
        return self.start is not None and not is_behind(vector, self.start)
