"""Remembers the signals that workers wrote for a run since a replay began, in 8 bytes each."""

from array import array
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from app.domain.records import MINUTE_MS
from app.domain.row import ACTIONS, Bools, Ints

_CODES: Mapping[str, int] = {action: code for code, action in enumerate(ACTIONS)}
_TRANSITION = 0x80


class Newest(NamedTuple):
    """The last revision of each minute's signal, in the order of time."""

    #: Codes of actions, as in app.domain.row.
    actions: Ints
    transitions: Bools


class SeriesSignals:
    """The signals of one symbol, in the order in which they were written."""

    def __init__(self) -> None:
        self._minutes = array("I")
        self._revisions = array("H")
        self._codes = array("B")
        #: Whether the first of them is that of a series' first bar.
        self.starts_series = False

    def note(self, signal: Mapping[str, Any]) -> None:
        """Add a signal; its `timestamp` is UTC epoch milliseconds."""
        if not self._minutes:
            self.starts_series = signal["previous_action"] is None and signal["revision"] == 0
        self._minutes.append(signal["timestamp"] // MINUTE_MS)
        self._revisions.append(signal["revision"])
        self._codes.append(_CODES[signal["action"]] | (_TRANSITION if signal["transition"] else 0))

    def minutes_seen(self) -> Ints:
        """Each minute once, ascending."""
        return np.unique(self._all_minutes())

    def first_minutes(self) -> Ints:
        """The minutes of signals that replaced none."""
        first: Ints = self._all_minutes()[self.revisions() == 0]
        return first

    def revisions(self) -> Ints:
        """The revision of each signal."""
        return np.frombuffer(self._revisions, np.uint16).astype(np.int64)

    def newest(self) -> Newest:
        """The last revision of each minute's signal."""
        minutes, revisions = self._all_minutes(), self.revisions()
        order = np.lexsort((revisions, minutes))
        last = np.append(np.diff(minutes[order]) != 0, True)[: len(order)]
        codes = np.frombuffer(self._codes, np.uint8)[order[last]].astype(np.int64)
        return Newest(codes & ~_TRANSITION, (codes & _TRANSITION) > 0)

    def _all_minutes(self) -> Ints:
        return np.frombuffer(self._minutes, np.uint32).astype(np.int64)


class SignalLog:
    """All signals by symbol."""

    def __init__(self) -> None:
        self._series: dict[str, SeriesSignals] = {}

    def note(self, signal: Mapping[str, Any]) -> None:
        """Add a signal with the fields symbol, timestamp, revision, action, previous_action and transition."""
        series = self._series.get(signal["symbol"])
        if series is None:
            series = self._series[signal["symbol"]] = SeriesSignals()
        series.note(signal)

    def of(self, symbol: str) -> SeriesSignals | None:
        """The signals of a symbol; None if there are none."""
        return self._series.get(symbol)
