"""Merges streams of rows in order of time; each stream keeps its own order.

A row that is late in its stream stays behind the row before it. So a stream has a clock that only goes on, the
newest time so far, and the streams are merged by their clocks. Held in memory is one part of each stream that has
begun and not ended.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from app.sources.files.bar_rows import BarRows, Column, joined


class RowStream(Protocol):
    """Rows, and when they begin."""

    @property
    def first_ms(self) -> int:
        """The time of its first row: before that it need not be opened."""

    def parts(self) -> Iterator[BarRows]:
        """Its rows."""


class _Part(NamedTuple):
    rows: BarRows
    #: i8[n], never falling.
    clock: Column


def merged(streams: Sequence[RowStream]) -> Iterator[BarRows]:
    """All rows in order of their streams' clocks; at the same time in the order of the streams."""
    if len(streams) == 1:
        yield from streams[0].parts()
        return
    waiting = sorted(range(len(streams)), key=lambda number: streams[number].first_ms, reverse=True)
    open_: dict[int, _StreamReader] = {}
    while waiting or open_:
        if not open_:
            _begin(waiting.pop(), streams, open_)
            continue
        for reader in open_.values():
            reader.fill()
        horizon = min(reader.last for reader in open_.values())
        while waiting and streams[waiting[-1]].first_ms <= horizon:
            _begin(waiting.pop(), streams, open_)
            horizon = min(reader.last for reader in open_.values())
        taken = [open_[number].take(horizon) for number in sorted(open_)]
        ready = [part for part in taken if len(part.rows)]
        if len(ready) == 1:
            yield ready[0].rows
        elif ready:
            order = np.argsort(np.concatenate([part.clock for part in ready]), kind="stable")
            yield joined([part.rows for part in ready]).take(order)
        for number in [number for number, reader in open_.items() if reader.ended]:
            del open_[number]


def _begin(number: int, streams: Sequence[RowStream], open_: "dict[int, _StreamReader]") -> None:
    reader = _StreamReader(streams[number].parts())
    if not reader.ended:
        open_[number] = reader


class _StreamReader:
    """One stream, with the part that is not yet taken."""

    def __init__(self, parts: Iterator[BarRows]) -> None:
        self._parts = parts
        self._newest = -1
        self._most = 0
        self.ended = False
        self._part = self._next()
        self.ended = not len(self._part.rows)

    @property
    def last(self) -> int:
        """The clock at the end of the part."""
        return int(self._part.clock[-1])

    def fill(self) -> None:
        """Read on when little is left: else of many streams each round would take few rows of each."""
        if 2 * len(self._part.rows) < self._most and len((more := self._next()).rows):
            part = self._part
            self._part = _Part(joined([part.rows, more.rows]), np.concatenate([part.clock, more.clock]))

    def take(self, horizon: int) -> _Part:
        """Take the rows that are not newer than the horizon."""
        part = self._part
        end = int(np.searchsorted(part.clock, horizon, side="right"))
        if end == len(part.rows):
            self._part = self._next()
            self.ended = not len(self._part.rows)
            return part
        self._part = _Part(part.rows.take(slice(end, None)), part.clock[end:])
        return _Part(part.rows.take(slice(None, end)), part.clock[:end])

    def _next(self) -> _Part:
        for rows in self._parts:
            if len(rows):
                clock = np.maximum(np.maximum.accumulate(rows.timestamp), self._newest)
                self._newest = int(clock[-1])
                self._most = max(self._most, len(rows))
                return _Part(rows, clock)
        return _Part(_NOTHING, np.zeros(0, np.int64))


_NONE, _NO_NUMBER = np.zeros(0, np.int64), np.zeros(0)
_NOTHING = BarRows(_NONE, (), _NONE, _NONE, *(_NO_NUMBER,) * 5, _NONE, _NO_NUMBER, _NONE)
