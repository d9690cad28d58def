"""The newest signals over all symbols, without a scan of RocksDB.

The worker tells this index of every value it writes or restores; it keeps a
few numbers a symbol and reads the value itself only when someone asks.
"""

import heapq
from collections.abc import Callable, Iterable

from app.domain import history_rows as rows
from app.domain.history import History, is_transition
from app.domain.key import split_key, table_key
from app.domain.records import Origin, Signal
from app.domain.strategy import Strategy
from app.turns import in_turns
from tables.signals_value import decode_history, summary_of
from web.reader import Page, RunInfo, Wanted

Read = Callable[[int, bytes], bytes | None]
"""The signals table's value of a partition and key."""

_Found = tuple[int, str, int, History]
"""Minus the bar's start, symbol, and where the row is: the smallest is the newest."""


class _Symbol:
    """What is known of one symbol of one run."""

    __slots__ = ("key", "newest", "partition", "run", "signals", "symbol")

    def __init__(self, partition: int, key: bytes, run: "_Run", symbol: str) -> None:
        self.partition = partition
        self.key = key
        self.run = run
        self.symbol = symbol
        self.signals = 0
        self.newest = 0


class _Run:
    """What is known of one run: totals, and the symbol that was active last."""

    __slots__ = ("active", "latest", "newest", "run_id", "signals", "symbols")

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self.symbols: dict[str, _Symbol] = {}
        self.signals = 0
        self.newest = 0
        self.active = -1
        self.latest: _Symbol


class NewestSignals:
    """An index over the signals table's values on this worker, in memory.

    `read` is called with the partition and key of a value it was told of and
    not told to drop. Times are UTC epoch milliseconds. For one event loop.
    """

    def __init__(self, read: Read, strategy: Strategy) -> None:
        self._read = read
        self._strategy = strategy
        self._symbols: dict[bytes, _Symbol] = {}
        self._runs: dict[str, _Run] = {}

    def put(self, partition: int, key: bytes, value: bytes) -> None:
        """Take note of a value that the table now holds. Raises UnknownFormat."""
        summary = summary_of(value)
        if summary is None:
            return
        signals, newest, emitted_at = summary
        symbol = self._symbols.get(key)
        if symbol is None:
            symbol = self._add(partition, key)
        run = symbol.run
        run.signals += signals - symbol.signals
        before = symbol.newest
        symbol.partition = partition
        symbol.signals = signals
        symbol.newest = newest
        if newest > run.newest:
            run.newest = newest
        elif newest < before:
            run.newest = max(each.newest for each in run.symbols.values())
        if emitted_at >= run.active:
            run.active = emitted_at
            run.latest = symbol

    def load(self, partition: int, items: Iterable[tuple[bytes, bytes]]) -> None:
        """Take note of all of a partition's keys and values, and forget what was known of it."""
        self.drop(partition)
        for key, value in items:
            self.put(partition, key, value)

    def drop(self, partition: int) -> None:
        """Forget a partition: this worker no longer holds it."""
        gone = [symbol for symbol in self._symbols.values() if symbol.partition == partition]
        for symbol in gone:
            del self._symbols[symbol.key]
            del symbol.run.symbols[symbol.symbol]
        for run in {symbol.run for symbol in gone}:
            self._recount(run)

    def runs(self) -> list[RunInfo]:
        """Every run, the one active last first."""
        return [
            RunInfo(run.run_id, _origin(history), run.newest, len(run.symbols), run.signals)
            for run in sorted(self._runs.values(), key=lambda run: (-run.active, run.run_id))
            if (history := self._history(run.latest))
        ]

    def symbols(self, run_id: str) -> list[str]:
        """The run's symbols, ascending; none for an unknown run."""
        run = self._runs.get(run_id)
        return sorted(run.symbols) if run else []

    def signals(self, run_id: str, symbol: str, wanted: Wanted) -> Page | None:
        """The symbol's signals that match; None for an unknown run or symbol."""
        known = self._symbols.get(table_key(run_id, symbol))
        history = known and self._history(known)
        if not known or not history:
            return None
        found = _matching(known, history, wanted)
        return Page(len(found), [self._signal(run_id, each) for each in heapq.nsmallest(wanted.limit, found)])

    def knows(self, symbol: str) -> bool:
        """Whether any run has the symbol here, on whichever partition its producer put it."""
        return any(symbol in run.symbols for run in self._runs.values())

    def partition_of(self, run_id: str, symbol: str) -> int | None:
        """The partition that holds the symbol; None for an unknown run or symbol."""
        known = self._symbols.get(table_key(run_id, symbol))
        return known.partition if known else None

    async def recent(self, run_id: str, wanted: Wanted) -> Page:
        """The signals of all the run's symbols that match, each as its value stands when its turn comes."""
        run = self._runs.get(run_id)
        if not run:
            return Page(0, [])
        symbols = list(run.symbols.values())
        total = run.signals
        if wanted.everything:
            # Each of the newest `limit` signals is of one of the `limit` symbols with the newest bars.
            symbols = heapq.nsmallest(wanted.limit, symbols, key=lambda symbol: (-symbol.newest, symbol.symbol))
        best: list[_Found] = []
        matching = 0
        async for symbol in in_turns(symbols):
            history = self._history(symbol)
            if history:
                found = _matching(symbol, history, wanted)
                matching += len(found)
                best += found
                if len(best) > 10 * wanted.limit + 1000:
                    best = heapq.nsmallest(wanted.limit, best)
        newest = in_turns(heapq.nsmallest(wanted.limit, best))
        signals = [self._signal(run_id, found) async for found in newest]
        return Page(total if wanted.everything else matching, signals)

    def _add(self, partition: int, key: bytes) -> _Symbol:
        run_id, name = split_key(key)
        run = self._runs.setdefault(run_id, _Run(run_id))
        symbol = self._symbols[key] = run.symbols[name] = _Symbol(partition, key, run, name)
        return symbol

    def _recount(self, run: _Run) -> None:
        if not run.symbols:
            del self._runs[run.run_id]
            return
        run.signals = sum(symbol.signals for symbol in run.symbols.values())
        run.newest = max(symbol.newest for symbol in run.symbols.values())
        run.latest = max(run.symbols.values(), key=lambda symbol: symbol.newest)

    def _history(self, symbol: _Symbol) -> History | None:
        # While a reader had given way to the loop, the partition may have gone.
        if self._symbols.get(symbol.key) is not symbol:
            return None
        value = self._read(symbol.partition, symbol.key)
        return None if value is None else decode_history(value)

    def _signal(self, run_id: str, found: _Found) -> Signal:
        _, symbol, index, history = found
        row = history.rows[index * rows.SIZE : (index + 1) * rows.SIZE]
        return history._replace(rows=row).signals(run_id, symbol, self._strategy)[0]


def _origin(history: History) -> Origin:
    return history.labels[rows.labels(history.rows)[-1]].origin


def _matching(symbol: _Symbol, history: History, wanted: Wanted) -> list[_Found]:
    packed = history.rows
    starts = rows.timestamps(packed)
    indexes: Iterable[int] = range(len(starts))
    if not wanted.everything:
        actions = rows.actions(packed)
        if wanted.actions and wanted.actions.isdisjoint(actions):
            return []
        previous = rows.previous_actions(packed) if wanted.transitions else []
        indexes = [
            index
            for index, action in enumerate(actions)
            if (not wanted.actions or action in wanted.actions)
            and (not wanted.transitions or is_transition(action, previous[index]))
        ]
    return [(-starts[index], symbol.symbol, index, history) for index in indexes]
