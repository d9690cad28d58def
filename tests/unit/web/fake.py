"""A reader over plain lists, answering by brute force."""

from collections.abc import Sequence

from app.domain.records import Signal
from app.domain.window import Window
from tests.unit.web.series import STRATEGY, Series
from web.reader import Elsewhere, Page, Readiness, RunInfo, Wanted


def page(signals: list[Signal], wanted: Wanted) -> Page:
    matching = [
        signal
        for signal in signals
        if (not wanted.actions or signal["action"] in wanted.actions)
        and (not wanted.transitions or signal["transition"])
    ]
    matching.sort(key=lambda signal: (-signal["timestamp"], signal["symbol"]))
    return Page(len(matching), matching[: wanted.limit])


class FakeReader:
    """The run of the series given last is the one active last."""

    strategy = STRATEGY

    def __init__(self, *series: Series) -> None:
        self.series = list(series)
        self.state = Readiness()
        self.missing: list[Elsewhere] = []
        self.away: dict[str, Elsewhere] = {}

    def readiness(self) -> Readiness:
        return self.state

    def missing_partitions(self) -> Sequence[Elsewhere]:
        return self.missing

    def elsewhere(self, symbol: str) -> Elsewhere | None:
        return self.away.get(symbol)

    def runs(self) -> list[RunInfo]:
        run_ids = list(dict.fromkeys(each.run_id for each in reversed(self.series)))
        return [self._run(run_id) for run_id in run_ids]

    def symbols(self, run_id: str) -> list[str]:
        return sorted(each.symbol for each in self._of(run_id))

    def signals(self, run_id: str, symbol: str, wanted: Wanted) -> Page | None:
        found = [each for each in self._of(run_id) if each.symbol == symbol]
        return page(self._signals(found), wanted) if found else None

    async def recent(self, run_id: str, wanted: Wanted) -> Page:
        return page(self._signals(self._of(run_id)), wanted)

    def window(self, run_id: str, symbol: str) -> Window | None:
        return next((each.window for each in self._of(run_id) if each.symbol == symbol), None)

    def _of(self, run_id: str) -> list[Series]:
        return [each for each in self.series if each.run_id == run_id]

    def _run(self, run_id: str) -> RunInfo:
        signals = self._signals(self._of(run_id))
        newest = max(signals, key=lambda signal: signal["timestamp"])
        return RunInfo(run_id, newest["origin"], newest["timestamp"], len(self._of(run_id)), len(signals))

    def _signals(self, series: list[Series]) -> list[Signal]:
        return [signal for each in series for signal in each.history.signals(each.run_id, each.symbol, self.strategy)]
