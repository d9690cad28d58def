"""The API's reader over this worker's table."""

from collections.abc import AsyncIterator, Collection, Sequence
from time import monotonic

from aiokafka.partitioner import murmur2

from app.domain.records import Signal
from app.domain.row import Row
from app.domain.signal import signal_of
from app.engine.app import BatchApp
from app.letters.recent import recent_letters
from app.metrics import newest_bar
from app.settings import Settings
from app.topics import topics
from app.turns import in_turns
from tables.row_format import row_key
from tables.warm_up import WarmUp
from tables.windows import WindowsTable
from web.operations_reader import OperationsReader
from web.other_workers import OtherWorkers
from web.reader import (
    Bars,
    Elsewhere,
    Page,
    PartitionOwner,
    Position,
    Readiness,
    RunInfo,
    SeriesAt,
    SessionRows,
    SignalFilter,
)
from web.signal_index import SignalIndex

RETRY_AFTER_SECONDS = 2


class TablesReader:
    """Reads the table by partition, and only partitions that this worker holds and has restored."""

    def __init__(
        self, app: BatchApp, table: WindowsTable, settings: Settings, others: OtherWorkers | None = None
    ) -> None:
        self.strategy = settings.strategy
        self.operations = OperationsReader(app, table, settings)
        self._app = app
        self._table = table
        self._settings = settings
        self._others = others or OtherWorkers()
        self._raw_topic = topics(settings).raw.name
        self._index = SignalIndex(self._row, settings.keep_bars)
        self._held: frozenset[int] = frozenset()
        #: Sentences about partitions whose readers wait for a transaction that nobody ends.
        self.stalls: list[str] = []
        self._warm_up = WarmUp(app, table, self._index.put)
        self._warm_up.on_partition.append(self._loaded)
        table.on_rows.append(self._index.put)
        table.on_assignment.append(self._hold)

    def _hold(self, active: frozenset[int]) -> None:
        for partition in self._held | active:
            self._index.drop(partition)
        newest_bar.forget()
        self._held = active

    def _loaded(self, partition: int) -> None:
        if not self._warm_up.remaining:
            for run in self._index.runs():
                newest_bar.seen(run.origin, run.newest_bar)

    def _row(self, partition: int, key: bytes) -> Row | None:
        value = self._table.read(partition, key)
        return None if value is None else self._table.decode(key, value)

    def readiness(self) -> Readiness:
        """Whether the table is restored and read, the group knows this worker, and the agents get on."""
        app = self._app
        reasons = [*dict.fromkeys(app.waits.values()), *self.stalls]
        recovering = not app.tables.actives_ready or bool(self._warm_up.remaining)
        if recovering:
            reasons.append(self._recovery())
        elif app.batch_consumer.stream_tps():
            # Without partitions, as with more workers than these, there is nothing to be confirmed.
            silence = monotonic() - app.batch_consumer.confirmed_at
            if silence > self._settings.session_seconds:
                reasons.append(f"the broker has not confirmed this worker's membership for {silence:.0f} s")
        return Readiness(recovering, tuple(reasons), RETRY_AFTER_SECONDS, app.owner, recent_letters.counts())

    def _recovery(self) -> str:
        left = self._app.takeover.records_to_restore()
        if left > 0:
            return f"tables are being restored: {left} changelog records to go"
        if unread := len(self._warm_up.remaining):
            return f"the table is being read into memory: {unread} partitions to go"
        return "waiting for the consumer group to assign partitions"

    def missing_partitions(self) -> Sequence[PartitionOwner]:
        """The partitions that other workers hold, with their addresses."""
        missing = set(range(self._settings.partitions)) - self._held
        return [PartitionOwner(partition, self._owner(partition)) for partition in sorted(missing)]

    def _owner(self, partition: int) -> str | None:
        return self._app.holder(self._table.changelog_name, partition)

    def elsewhere(self, symbol: str) -> PartitionOwner | None:
        """Where the symbol's partition is when it is not here."""
        if self._index.knows(symbol):
            return None
        partition = int(murmur2(symbol.encode()) & 0x7FFFFFFF) % self._settings.partitions
        return None if partition in self._held else PartitionOwner(partition, self._owner(partition))

    def runs(self) -> Sequence[RunInfo]:
        """Every run with a signal here, the one active last first."""
        return self._index.runs()

    async def runs_elsewhere(self) -> Elsewhere:
        """The runs of the partitions that other workers hold, which are asked for them."""
        missing = self.missing_partitions()
        if not missing:
            return Elsewhere([], [])
        found = await self._others.runs({each.owner for each in missing if each.owner})
        unasked = [each for each in missing if each.owner not in found]
        return Elsewhere([run for runs in found.values() for run in runs], unasked)

    def symbols(self, run_id: str) -> Sequence[str]:
        """The run's symbols, ascending."""
        return self._index.symbols(run_id)

    async def symbols_elsewhere(self, run_id: str) -> Sequence[str]:
        """The run's symbols on other workers, as far as they answer."""
        owners = {each.owner for each in self.missing_partitions() if each.owner}
        return await self._others.symbols(owners, run_id)

    def knows(self, run_id: str, symbol: str) -> bool:
        """Whether the run has the symbol here."""
        return self._index.place(run_id, symbol) is not None

    async def signals(self, run_id: str, symbol: str, wanted: SignalFilter) -> Page:
        """The symbol's signals that match."""
        place = self._index.place(run_id, symbol)
        if place is None:
            return Page(0, [])
        partition, series, total = place
        if wanted.everything:
            rows = self._table.newest(partition, series, wanted.limit + 1)  # At most MAX_BARS, of a few microseconds.
        else:
            rows = [row async for row in self._rows(partition, series) if wanted.matches(row)]
            rows.sort(key=lambda row: row.number)
            total = len(rows)
        kept = rows[-wanted.limit :]
        last = (kept[0].timestamp, symbol) if len(rows) > len(kept) else None
        return Page(total, [self._signal(row, run_id, symbol) async for row in in_turns(reversed(kept))], last)

    async def recent(self, run_id: str, wanted: SignalFilter) -> Page:
        """The signals of all symbols that match."""
        total, found, last = await self._index.recent(run_id, wanted)
        return Page(total, [self._signal(row, run_id, symbol) async for symbol, row in in_turns(found)], last)

    async def newest(self, run_id: str, symbols: Collection[str] | None) -> AsyncIterator[Signal]:
        """The newest signal of each symbol."""
        async for symbol, row in self._index.newest(run_id, symbols):
            yield self._signal(row, run_id, symbol)

    async def bars(self, run_id: str, symbol: str, limit: int) -> Bars:
        """The symbol's newest bars."""
        place = self._index.place(run_id, symbol)
        if place is None:
            return Bars([], None, None)
        partition, series, _ = place
        rows = self._table.newest(partition, series, limit)
        return Bars(rows, self._series_start(partition, series, rows[-1]), self._position(partition))

    async def series_at(self, run_id: str, symbol: str, at: int | None) -> SeriesAt:
        """The symbol's rows up to the bar that starts at a time, or its newest one."""
        place = self._index.place(run_id, symbol)
        if place is None:
            return SeriesAt([], None, None)
        partition, series, _ = place
        rows = [row async for row in self._rows(partition, series)]
        rows.sort(key=lambda row: row.number)
        upto = [row for row in rows if at is None or row.timestamp <= at]
        position = self._position(partition)
        if not upto or (at is not None and upto[-1].timestamp != at):
            before = upto[-1].timestamp if upto else None
            after = rows[len(upto)].timestamp if len(rows) > len(upto) else None
            return SeriesAt([], None, position, before, after)
        seeded_at = upto[-1].number - upto[-1].bars_seen + self.strategy.rsi_period + 1
        seed = next((row for row in upto if row.number == seeded_at), None)
        return SeriesAt(upto, seed, position)

    def _position(self, partition: int) -> Position | None:
        checkpoint = self._table.checkpoint(partition)
        return checkpoint and Position(self._raw_topic, checkpoint.topic_id, partition, checkpoint.offset - 1)

    async def session(self, run_id: str, minute: int) -> SessionRows:
        """Each symbol's open in a session, and its newest transition."""
        return await self._index.session(run_id, minute, self._table.read)

    def _series_start(self, partition: int, series: bytes, newest: Row) -> Row | None:
        """The row with which the series of the newest one began after a split, if it is still kept."""
        first = newest.number + 1 - newest.bars_seen
        if not first:
            return None
        row = self._row(partition, row_key(series, first % self._settings.keep_bars))
        return row if row is not None and row.number == first else None

    async def _rows(self, partition: int, series: bytes) -> AsyncIterator[Row]:
        async for key, value in in_turns(self._table.series(partition, series)):
            if partition not in self._held:
                return  # It was given away while others had their turn; its database must not be kept open.
            yield self._table.decode(key, value)

    def _signal(self, row: Row, run_id: str, symbol: str) -> Signal:
        return signal_of(row, run_id, symbol, self.strategy)
