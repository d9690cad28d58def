"""A reader over plain lists, answering by brute force."""

from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence

from app.dead_letters.letter import Letter
from app.domain.records import MINUTE_MS, Origin, Signal
from app.errors import StocksError
from tests.unit.web.made_series import EMITTED_AT, STRATEGY, MadeSeries
from web.line import Line
from web.operations import NewestLetters
from web.reader import (
    PartitionOwner,
    PartitionProgress,
    Position,
    Readiness,
    RunInfo,
    SeriesAt,
    SessionRows,
    SignalFilter,
    SignalPage,
    SymbolBars,
    SymbolState,
)
from web.run_choice import is_live
from web.signal_lines import line_of

POSITION = Position("stocks.raw.avro", "topic", 0, 11)


def page(signals: Iterable[Signal], wanted: SignalFilter) -> SignalPage:
    since = wanted.since or 0
    if wanted.latest:
        newest: dict[str, Signal] = {}
        for signal in signals:
            symbol = signal["symbol"]
            newest[symbol] = max(newest.get(symbol, signal), signal, key=lambda each: each["timestamp"])
        signals = newest.values()
    matching = [
        signal
        for signal in signals
        if (not wanted.actions or signal["action"] in wanted.actions)
        and (not wanted.transitions or signal["transition"])
        and since <= signal["timestamp"]
        and (wanted.until is None or signal["timestamp"] < wanted.until)
    ]

    def place(timestamp: int, symbol: str) -> tuple[int, str]:
        return 0 if wanted.latest else -timestamp, symbol

    matching.sort(key=lambda signal: place(signal["timestamp"], signal["symbol"]))
    rest = [
        signal
        for signal in matching
        if wanted.after is None or place(signal["timestamp"], signal["symbol"]) > place(*wanted.after)
    ]
    shown = rest[: wanted.limit]
    last = (shown[-1]["timestamp"], shown[-1]["symbol"]) if len(rest) > len(shown) else None
    is_synthetic = any(signal["origin"] == "synthetic" for signal in shown)
    return SignalPage(len(matching), [line_of(signal) for signal in shown], is_synthetic, last)


class FakeOperations:
    """An address, and dead letters."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.letters: list[Letter] = []
        self.fault: StocksError | None = None

    async def dead_letters(self, limit: int) -> NewestLetters:
        if self.fault:
            raise self.fault
        return NewestLetters(
            len(self.letters), dict(Counter(each.reason for each in self.letters)), self.letters[:limit]
        )


class FakeReader:
    """The run of the series given last is the one active last. All of two partitions are here.

    Symbols are on partition 0, or where `placed` says. `bug` is raised when it is asked for the runs. Where
    `loses_partitions` another worker takes some over while a list is read.
    """

    strategy = STRATEGY

    def __init__(self, *series: MadeSeries, address: str = "http://here:8001") -> None:
        self.series = list(series)
        self.state = Readiness()
        self.bug: Exception | None = None
        self.loses_partitions = False
        self.operations = FakeOperations(address)
        self.partitions = [PartitionOwner(number, address, here=True) for number in range(2)]
        self.placed: dict[str, int] = {}
        self.positions = {0: 12, 1: 7}
        self.lags: dict[int, int | None] = {0: 0, 1: 0}
        self.assignment = 1
        self.is_member = True
        #: What was waited for.
        self.waits: list[Mapping[int, int]] = []

    def readiness(self) -> Readiness:
        return self.state

    def owners(self) -> Sequence[PartitionOwner]:
        return list(self.partitions)

    def partition_of(self, symbol: str) -> int:
        return self.placed.get(symbol, 0)

    async def progress(self, *, lag_now: bool) -> Sequence[PartitionProgress]:
        return [
            PartitionProgress(
                each.partition, self.positions.get(each.partition), self.lags.get(each.partition), self.is_member
            )
            for each in self.partitions
            if each.here
        ]

    async def reach(self, positions: Mapping[int, int], seconds: float) -> None:
        self.waits.append(positions)

    def runs(self) -> list[RunInfo]:
        if self.bug:
            raise self.bug
        run_ids = list(dict.fromkeys(each.run_id for each in reversed(self.series)))
        return [self._run(run_id) for run_id in run_ids]

    def run_origin(self, run_id: str) -> Origin | None:
        return next((run.origin for run in self.runs() if run.run_id == run_id), None)

    def symbols(self, run_id: str) -> list[str]:
        return sorted(each.symbol for each in self._of(run_id))

    def symbol_states(self, run_id: str) -> list[SymbolState]:
        states = []
        for each in sorted(self._of(run_id), key=lambda each: each.symbol):
            newest = each.rows[-1]
            states.append(SymbolState(each.symbol, newest.timestamp, newest.action, newest.number + 1))
        return states

    def knows(self, run_id: str, symbol: str) -> bool:
        return symbol in self.symbols(run_id)

    async def signals(self, run_id: str, symbol: str, wanted: SignalFilter) -> SignalPage:
        return page((s for each in self._of(run_id) if each.symbol == symbol for s in each.signals()), wanted)

    async def recent(self, run_id: str, wanted: SignalFilter) -> SignalPage:
        self.assignment += self.loses_partitions
        return page((signal for each in self._of(run_id) for signal in each.signals()), wanted)

    async def newest(self, run_id: str, symbols: Collection[str] | None) -> AsyncIterator[Sequence[Line]]:
        for each in self._of(run_id):
            if symbols is None or each.symbol in symbols:
                yield [line_of(each.signals()[0])]

    async def bars(self, run_id: str, symbol: str, limit: int) -> SymbolBars:
        (rows,) = [each.rows for each in self._of(run_id) if each.symbol == symbol]
        start = next((row for row in reversed(rows) if row.split), None)
        return SymbolBars(rows[-limit:], start, POSITION)

    async def session(self, run_id: str, minute: int) -> SessionRows:
        rows = sorted(self._of(run_id), key=lambda each: each.symbol)
        began = minute * MINUTE_MS
        firsts = [next((row.open for row in each.rows if row.timestamp >= began), None) for each in rows]
        turned = [next((signal for signal in each.signals() if signal["transition"]), None) for each in rows]
        return SessionRows(
            [each.symbol for each in rows],
            firsts,
            [None if signal is None else signal["timestamp"] for signal in turned],
            [None if signal is None else signal["action"] for signal in turned],
        )

    async def series_at(self, run_id: str, symbol: str, at: int | None) -> SeriesAt:
        (rows,) = [each.rows for each in self._of(run_id) if each.symbol == symbol]
        upto = [row for row in rows if at is None or row.timestamp <= at]
        if not upto or at not in (None, upto[-1].timestamp):
            after = [row.timestamp for row in rows[len(upto) :]]
            return SeriesAt([], None, POSITION, upto[-1].timestamp if upto else None, after[0] if after else None)
        seeds = [row for row in upto if row.bars_seen == STRATEGY.rsi_period + 1]
        return SeriesAt(upto, seeds[-1] if seeds else None, POSITION)

    def _of(self, run_id: str) -> list[MadeSeries]:
        return [each for each in self.series if each.run_id == run_id]

    def _run(self, run_id: str) -> RunInfo:
        rows = [row for each in self._of(run_id) for row in each.rows]
        first, newest = min(row.timestamp for row in rows), max(rows, key=lambda row: row.timestamp)
        # The series given last was active last.
        at = max(number for number, each in enumerate(self.series) if each.run_id == run_id)
        return RunInfo(
            run_id=run_id,
            origin=newest.provenance.origin,
            is_live=is_live(run_id, newest.provenance.origin),
            first_bar=first,
            oldest_kept=first,
            newest_bar=newest.timestamp,
            symbols=len(self._of(run_id)),
            bars=len(rows),
            signals=len(rows),
            active_at=EMITTED_AT + at,
        )
