"""A topic of signals in memory, and clients of a hub over it."""

import asyncio
import json
import threading
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from web.stream.position import Vector
from web.stream.signal_batch import SignalBatch, SignalRecord
from web.stream.signal_source import News, PositionGone, SourceUnavailable

RUN = "replay-2024-11-14-1f6a09c3"


def record(
    offset: int,
    partition: int = 0,
    *,
    symbol: str = "AAPL",
    run_id: str = RUN,
    is_transition: bool = False,
    minute: int | None = None,
    revision: int = 0,
) -> SignalRecord:
    """A signal whose bytes are its JSON."""
    timestamp = 60_000 * (offset if minute is None else minute)
    said = {"id": f"{partition}:{offset}", "run_id": run_id, "symbol": symbol, "timestamp": timestamp}
    value = json.dumps(said | {"revision": revision}).encode()
    return SignalRecord(partition, offset, run_id, symbol, is_transition, timestamp, revision, value)


def batch(records: Sequence[SignalRecord], before: Vector) -> SignalBatch:
    """Records that follow a position."""
    after = list(before)
    for each in records:
        after[each.partition] = each.offset + 1
    newest = max(((each.timestamp, each.run_id) for each in records), default=(0, ""))
    return SignalBatch(records, before, tuple(after), newest)


class MemoryTopic:
    """Partitions as lists; records may be deleted from their beginnings, and reading may fail."""

    def __init__(self, partitions: int = 2) -> None:
        self.partitions = partitions
        self.records: list[list[SignalRecord]] = [[] for _ in range(partitions)]
        self.lows = [0] * partitions
        self.trouble = ""
        self.tails = 0
        self.left = threading.Event()
        self.missed_from: list[Vector] = []
        self.made_json = self.reads = 0
        self._came = threading.Condition()

    def add(self, symbol: str = "AAPL", partition: int = 0, **said: Any) -> SignalRecord:
        """Write a signal."""
        with self._came:
            made = record(len(self.records[partition]), partition, symbol=symbol, **said)
            self.records[partition].append(made)
            self._came.notify_all()
        return made

    def delete_before(self, offset: int, partition: int = 0) -> None:
        """As retention does."""
        self.lows[partition] = offset

    @property
    def ends(self) -> Vector:
        return tuple(map(len, self.records))

    @contextmanager
    def tail(self, start: Vector | None, back: int) -> Iterator["MemoryTail"]:
        if start is None:
            start = tuple(max(low, end - back) for low, end in zip(self.lows, self.ends, strict=True))
        self._check(start)
        self.tails += 1
        try:
            yield MemoryTail(self, start)
        finally:
            self.tails -= 1
            self.left.set()

    def missed(self, start: Vector, end: Vector) -> Iterator[SignalBatch]:
        self.missed_from.append(start)
        self._check(start)
        position = start
        for partition, (one, two) in enumerate(zip(start, end, strict=True)):
            for at in range(one, two, 3):
                made = batch(self.records[partition][at : min(at + 3, two)], position)
                position = made.after
                yield made

    def json(self, records: list[SignalRecord]) -> list[bytes]:
        self.made_json += len(records)
        return [each.value for each in records]

    def read(self, position: Vector) -> SignalBatch:
        """What follows, after a moment at most."""
        self.reads += 1
        with self._came:
            self._came.wait_for(lambda: self.trouble or self.ends != position, 0.05)
            if self.trouble:
                raise SourceUnavailable(self.trouble)
            self._check(position)
            new = [each[at:] for each, at in zip(self.records, position, strict=True)]
            return batch([each for records in new for each in records], position)

    def _check(self, start: Vector) -> None:
        for partition, offset in enumerate(start):
            if not self.lows[partition] <= offset <= len(self.records[partition]):
                raise PositionGone(f"partition {partition} has no {offset}")


class MemoryTail:
    def __init__(self, topic: MemoryTopic, position: Vector) -> None:
        self._topic, self._position = topic, position

    def read(self) -> News:
        found = self._topic.read(self._position)
        self._position = found.after
        return News(found, (1_731_594_600_000,) * self._topic.partitions)


class MadeEvent(NamedTuple):
    name: str
    id: str | None
    data: Any


def parse(text: bytes) -> list[MadeEvent]:
    """The events of a text, comments left out."""
    found = []
    for block in text.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line)
        if "data" in fields:
            found.append(MadeEvent(fields["event"], fields.get("id"), json.loads(fields["data"])))
    return found


class Reading:
    """Events from a client's generator."""

    def __init__(self, pieces: AsyncGenerator[bytes, None]) -> None:
        self._pieces = pieces
        self._rest = b""
        self._events: list[MadeEvent] = []

    async def next(self, name: str | None = None) -> MadeEvent:
        """The next event, of that name if one is given."""
        async with asyncio.timeout(20):
            while True:
                while self._events:
                    event = self._events.pop(0)
                    if name in (None, event.name):
                        return event
                self._rest += await anext(self._pieces)
                whole, _, self._rest = self._rest.rpartition(b"\n\n")
                self._events += parse(whole)

    async def signals(self, count: int) -> list[MadeEvent]:
        return [await self.next("signal") for _ in range(count)]

    async def close(self) -> None:
        await self._pieces.aclose()


def ids(events: Iterable[MadeEvent]) -> list[str]:
    """Which signals."""
    return [event.data["id"] for event in events]
