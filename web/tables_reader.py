"""The API's reader over this worker's tables."""

from collections.abc import Sequence
from time import monotonic

from aiokafka.partitioner import murmur2

from app import metrics
from app.domain.key import table_key
from app.domain.window import Window
from app.worker import app
from tables.signals import signals
from tables.windows import windows
from web.newest import NewestSignals
from web.reader import Elsewhere, Page, Readiness, RunInfo, Wanted

RETRY_AFTER_SECONDS = 2


class TablesReader:
    """Reads RocksDB by partition, and only partitions that this worker holds and has restored."""

    def __init__(self) -> None:
        self.strategy = app.settings.strategy
        self._newest = NewestSignals(signals.read, self.strategy)
        signals.listeners.append(self._newest.put)
        signals.on_held.append(self._load)
        self._held: frozenset[int] = frozenset()

    def _load(self, held: frozenset[int]) -> None:
        for partition in self._held - held:
            self._newest.drop(partition)
        for partition in held - self._held:
            self._newest.load(partition, signals.items(partition))
        self._held = held
        for run in self._newest.runs():
            metrics.newest_bar.seen(run.origin, run.newest_bar)

    def readiness(self) -> Readiness:
        """Whether the tables are restored, the group knows this worker, and the agents get on."""
        reasons = list(app.troubles.values())
        recovering = not app.tables.actives_ready
        if recovering:
            reasons.append(self._recovery())
        elif app.batch_consumer.stream_tps():
            # Without partitions, as with more workers than these, there is nothing to be confirmed.
            silence = monotonic() - app.batch_consumer.confirmed_at
            if silence > app.settings.session_seconds:
                reasons.append(f"the broker has not confirmed this worker's membership for {silence:.0f} s")
        return Readiness(recovering, tuple(reasons), RETRY_AFTER_SECONDS)

    def _recovery(self) -> str:
        left = app.records_to_restore()
        if left > 0:
            return f"tables are being restored: {left} changelog records to go"
        return "waiting for the consumer group to assign partitions"

    def missing_partitions(self) -> Sequence[Elsewhere]:
        """The partitions that other workers hold, with their addresses."""
        missing = set(range(app.settings.partitions)) - self._held
        return [Elsewhere(partition, self._owner(partition)) for partition in sorted(missing)]

    def _owner(self, partition: int) -> str | None:
        topic = signals.changelog_topic.get_topic_name()
        return app.holder(topic, partition)

    def elsewhere(self, symbol: str) -> Elsewhere | None:
        """Where the symbol's partition is when it is not here."""
        if self._newest.knows(symbol):
            return None
        partition = self._partition(symbol)
        return None if partition in self._held else Elsewhere(partition, self._owner(partition))

    def _partition(self, symbol: str) -> int:
        return int(murmur2(symbol.encode()) & 0x7FFFFFFF) % app.settings.partitions

    def runs(self) -> Sequence[RunInfo]:
        """Every run with a signal here, the one active last first."""
        return self._newest.runs()

    def symbols(self, run_id: str) -> Sequence[str]:
        """The run's symbols, ascending."""
        return self._newest.symbols(run_id)

    def signals(self, run_id: str, symbol: str, wanted: Wanted) -> Page | None:
        """The symbol's signals that match; None for an unknown symbol."""
        return self._newest.signals(run_id, symbol, wanted)

    async def recent(self, run_id: str, wanted: Wanted) -> Page:
        """The signals of all symbols that match."""
        return await self._newest.recent(run_id, wanted)

    def window(self, run_id: str, symbol: str) -> Window | None:
        """The symbol's window; None for an unknown symbol."""
        partition = self._newest.partition_of(run_id, symbol)
        return None if partition is None else windows.load(partition, table_key(run_id, symbol))
