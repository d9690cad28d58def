"""A reader over plain lists, answering by brute force."""

from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Sequence

from app.domain.records import MINUTE_MS, Signal
from app.errors import StocksError
from app.letters.letter import Letter
from tests.unit.web.series import STRATEGY, Series
from web.operations import NewestLetters, PartitionState
from web.reader import Bars, Page, PartitionOwner, Position, Readiness, RunInfo, SessionRows, SignalFilter

POSITION = Position("topic", 0, 11)


def page(signals: Iterable[Signal], wanted: SignalFilter) -> Page:
    since = wanted.since or 0
    matching = [
        signal
        for signal in signals
        if (not wanted.actions or signal["action"] in wanted.actions)
        and (not wanted.transitions or signal["transition"])
        and since <= signal["timestamp"]
        and (wanted.until is None or signal["timestamp"] < wanted.until)
    ]
    matching.sort(key=lambda signal: (-signal["timestamp"], signal["symbol"]))
    return Page(len(matching), matching[: wanted.limit])


class FakeOperations:
    """A worker that holds the first of two partitions."""

    address = "http://here:8001"

    def __init__(self) -> None:
        self.states = [
            PartitionState(0, self.address, here=True, position=12, lag=0),
            PartitionState(1, "http://other:8001", here=False),
        ]
        self.letters: list[Letter] = []
        self.fault: StocksError | None = None

    async def partitions(self) -> Sequence[PartitionState]:
        return self.states

    async def dead_letters(self, limit: int) -> NewestLetters:
        if self.fault:
            raise self.fault
        return NewestLetters(
            len(self.letters), dict(Counter(each.reason for each in self.letters)), self.letters[:limit]
        )


class FakeReader:
    """The run of the series given last is the one active last."""

    strategy = STRATEGY

    def __init__(self, *series: Series) -> None:
        self.series = list(series)
        self.state = Readiness()
        self.missing: list[PartitionOwner] = []
        self.away: dict[str, PartitionOwner] = {}
        self.operations = FakeOperations()

    def readiness(self) -> Readiness:
        return self.state

    def missing_partitions(self) -> Sequence[PartitionOwner]:
        return self.missing

    def elsewhere(self, symbol: str) -> PartitionOwner | None:
        return self.away.get(symbol)

    def runs(self) -> list[RunInfo]:
        run_ids = list(dict.fromkeys(each.run_id for each in reversed(self.series)))
        return [self._run(run_id) for run_id in run_ids]

    def symbols(self, run_id: str) -> list[str]:
        return sorted(each.symbol for each in self._of(run_id))

    def knows(self, run_id: str, symbol: str) -> bool:
        return symbol in self.symbols(run_id)

    async def signals(self, run_id: str, symbol: str, wanted: SignalFilter) -> Page:
        return page((s for each in self._of(run_id) if each.symbol == symbol for s in each.signals()), wanted)

    async def recent(self, run_id: str, wanted: SignalFilter) -> Page:
        return page((signal for each in self._of(run_id) for signal in each.signals()), wanted)

    async def newest(self, run_id: str, symbols: Collection[str] | None) -> AsyncIterator[Signal]:
        for each in self._of(run_id):
            if symbols is None or each.symbol in symbols:
                yield each.signals()[0]

    async def bars(self, run_id: str, symbol: str, limit: int) -> Bars:
        (rows,) = [each.rows for each in self._of(run_id) if each.symbol == symbol]
        start = next((row for row in reversed(rows) if row.split), None)
        return Bars(rows[-limit:], start, POSITION)

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

    def _of(self, run_id: str) -> list[Series]:
        return [each for each in self.series if each.run_id == run_id]

    def _run(self, run_id: str) -> RunInfo:
        rows = [row for each in self._of(run_id) for row in each.rows]
        newest = max(rows, key=lambda row: row.timestamp)
        return RunInfo(run_id, newest.provenance.origin, newest.timestamp, len(self._of(run_id)), len(rows))
