"""One client's events: what it missed or a snapshot, then what comes, without a gap or a repeat."""

import asyncio
import random
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from threading import Lock
from time import monotonic
from typing import Any

from web.stream.events import HEARTBEAT, Json, is_new, json_event, make_json, opening, own_events, pieces, shared_events
from web.stream.filter import StreamFilter
from web.stream.hub import Hub
from web.stream.intervals import USUAL, Intervals
from web.stream.partitions import Partitions
from web.stream.position import StreamId, Vector, format_id, is_behind, merged
from web.stream.signal_batch import SignalBatch
from web.stream.signal_source import PositionGone, SourceUnavailable
from web.stream.snapshot import Snapshots

#: So few signals become JSON at once on the loop, in less than a millisecond.
_FEW = 16

_AGAIN = 1.0


class Subscriber:
    """One connection. It owns nothing but references into the hub's memory, and the one chunk that is being sent."""

    def __init__(
        self,
        hub: Hub,
        snapshots: Snapshots,
        partitions: Partitions,
        wanted: StreamFilter,
        at: StreamId | str | None,
        intervals: Intervals = USUAL,
    ) -> None:
        """`at`: where it was; a sentence when its id cannot be used; None for one that is new."""
        self._hub, self._snapshots, self._partitions = hub, snapshots, partitions
        self._intervals = intervals
        self._filter = wanted
        self._at = at
        self._vector: Vector = ()
        self._queue: deque[SignalBatch] = deque()
        self._awake = asyncio.Event()
        self._is_live = False
        self._is_ended = False
        self._restarted: str | None = None
        #: Called when the client is to be cut, even while it waits.
        self.on_end: Callable[[], object] = lambda: None

    # What the hub calls, see Listener.

    def offer(self, batch: SignalBatch) -> None:
        """Take signals that have come."""
        if self._is_live and self._filter.may_want(batch):
            self._queue.append(batch)
            self._awake.set()

    def restart(self, reason: str) -> None:
        """Start again: what the client has read belongs to another topic."""
        self._restarted = reason
        self._is_live = False
        self._queue.clear()
        self._awake.set()

    def forget_before(self, batch: SignalBatch) -> None:
        """Cut the client if it has not read this batch yet: it is too slow. It resumes from the topic."""
        if self._queue and self._queue[0].number < batch.number:
            self.end()

    def end(self) -> None:
        """No more events."""
        self._is_ended = True
        self._queue.clear()
        self._awake.set()
        self.on_end()

    async def events(self) -> AsyncGenerator[bytes, None]:
        """Everything to be written, in pieces; ends when the client is to be cut."""
        yield opening()
        with self._hub.listening(self):
            reason = self._at if isinstance(self._at, str) else None
            if isinstance(self._at, StreamId):
                try:
                    async for piece in self._missed(self._at.vector):
                        yield piece
                except PositionGone as error:
                    reason = str(error)
            while not self._is_ended:
                if not self._is_live:
                    async for piece in self._begin(reason):
                        yield piece
                async for piece in self._live():
                    yield piece
                reason, self._restarted = self._restarted, None

    async def _begin(self, reason: str | None) -> AsyncIterator[bytes]:
        """A reset where there is a reason for one, and a snapshot."""
        if reason is not None:
            yield json_event("reset", None, {"reason": reason})
        while True:
            async for beat in self._patiently(made := asyncio.ensure_future(self._snapshots.of(self._filter))):
                yield beat
            snapshot = made.result()
            if self._hub.remembers(snapshot.vector):
                break
        self._filter = self._filter.with_run(snapshot.run_id)
        self._vector = snapshot.vector
        self._join()
        for part in snapshot.parts(self._filter):
            for piece in pieces(part):
                yield piece

    def _join(self) -> None:
        """Join the hub's listeners, and take what is in memory already."""
        waiting = (batch for batch in self._hub.memory if is_behind(self._vector, batch.after))
        self._queue = deque(batch for batch in waiting if self._filter.may_want(batch))
        self._is_live = True

    async def _missed(self, vector: Vector) -> AsyncIterator[bytes]:
        """What lies between the client's position and the hub's memory, from the topic."""
        self._vector = vector
        is_checked = False
        while not self._is_ended:
            async for beat in self._patiently(known := asyncio.ensure_future(self._hub.known())):
                yield beat
            end = known.result()
            # Another worker may have read a little more than this one, or another topic altogether.
            if self._hub.remembers(self._vector) and (is_checked or not is_behind(end, self._vector)):
                self._join()
                return
            while not await self._may_catch_up():
                yield HEARTBEAT
            try:
                async for piece in self._from_topic(merged(end, self._vector)):
                    yield piece
                is_checked = True
            except SourceUnavailable:
                await asyncio.sleep(_AGAIN)
            finally:
                self._hub.catching_up.release()

    async def _may_catch_up(self) -> bool:
        """Whether it is this client's turn, after some waiting."""
        try:
            async with asyncio.timeout(self._intervals.heartbeat):
                return await self._hub.catching_up.acquire()
        except TimeoutError:
            return False

    async def _from_topic(self, end: Vector) -> AsyncIterator[bytes]:
        missed = _Missed(self._hub.source.missed(self._vector, end))
        loop = asyncio.get_running_loop()
        try:
            while not self._is_ended:
                async for beat in self._patiently(taken := loop.run_in_executor(self._hub.catch_up, missed.next)):
                    yield beat
                batch = taken.result()
                if batch is None:
                    return
                async for piece in self._of(batch):
                    yield piece
        finally:
            if not self._hub.closed:
                self._hub.catch_up.submit(missed.close)

    async def _live(self) -> AsyncIterator[bytes]:
        """The events from now on, until the client is cut or must begin again."""
        # Random, so that not all clients send at the same time.
        progress_at = monotonic() + random.uniform(0, self._intervals.progress)  # noqa: S311 - no secret
        while self._is_live and not self._is_ended:
            while self._queue:
                async for piece in self._of(self._queue.popleft()):
                    yield piece
            wait = progress_at - monotonic()
            if wait <= 0:
                progress_at = monotonic() + self._intervals.progress
                yield self._progress()
            elif self._is_live and not await self._is_awake(min(wait, self._intervals.heartbeat)):
                yield HEARTBEAT

    async def _is_awake(self, seconds: float) -> bool:
        """Whether something has come within so many seconds."""
        self._awake.clear()
        try:
            async with asyncio.timeout(seconds):
                return await self._awake.wait()
        except TimeoutError:
            return False

    def _progress(self) -> bytes:
        if self._hub.position is not None:
            self._vector = merged(self._vector, self._hub.position)
        id_ = format_id(self._vector, self._filter.run_in_id)
        return json_event("progress", id_, {"partitions": self._partitions.now(self._vector)})

    async def _of(self, batch: SignalBatch) -> AsyncIterator[bytes]:
        """The events of one batch."""
        if self._filter.run_id is None and batch.records:
            self._filter = self._filter.with_run(batch.records[0].run_id)
        vector = merged(self._vector, batch.before)
        indexes = self._filter.wanted(batch)
        if vector != batch.before:
            indexes = [index for index in indexes if is_new(batch.records[index], vector)]
        if indexes:
            made = await self._json(batch, indexes)
            if vector == batch.before:
                data = shared_events(batch, self._filter, indexes, made)
            else:
                data = own_events(batch, vector, self._filter, indexes, made)
            for piece in pieces(data):
                yield piece
        self._vector = merged(vector, batch.after)

    async def _json(self, batch: SignalBatch, indexes: Sequence[int]) -> Json:
        missing = sum(index not in batch.json for index in indexes)
        if missing > _FEW:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._hub.encoder, make_json, self._hub.source, batch, indexes)
        return make_json(self._hub.source, batch, indexes)

    async def _patiently(self, future: asyncio.Future[Any]) -> AsyncIterator[bytes]:
        """Heartbeats until a future is done; it is cancelled together with its waiter."""
        try:
            while not (await asyncio.wait({future}, timeout=self._intervals.heartbeat))[0]:
                yield HEARTBEAT
        finally:
            if not future.done():
                future.cancel()


class _Missed:
    """An iterator for threads, which may be closed while it is asked."""

    def __init__(self, batches: Iterator[SignalBatch]) -> None:
        self._batches = batches
        self._lock = Lock()

    def next(self) -> SignalBatch | None:
        with self._lock:
            return next(self._batches, None)

    def close(self) -> None:
        with self._lock:
            self._batches.close()  # type: ignore[attr-defined]
