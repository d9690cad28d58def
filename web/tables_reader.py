"""The API's reader over this worker's table."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from time import monotonic

from aiokafka.partitioner import murmur2
from faust.types import TP

from app.cooperative import in_turns
from app.dead_letters.recent_letters import recent_letters
from app.domain.records import Origin
from app.domain.row import Row
from app.domain.signal import signal_of
from app.engine.app import BatchApp
from app.kafka.topics import topics
from app.metrics import newest_bar
from app.settings import Settings
from tables.row_format import decode_rows, row_key
from tables.warm_up import WarmUp
from tables.windows import WindowsTable
from web.give_way import give_way
from web.line import Line
from web.operations_reader import OperationsReader
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
from web.signal_index import SignalIndex
from web.signal_lines import line_of, lines_of
from web.signal_search import SignalSearch, in_parts

RETRY_AFTER_SECONDS = 2

_LOOK_AGAIN_SECONDS = 0.1

#: The broker may take so long to tell the lag: less than other workers wait for all of an answer.
LAG_SECONDS = 1.0


class TablesReader:
    """Reads the table by partition, and only partitions that this worker holds and has restored."""

    def __init__(
        self,
        app: BatchApp,
        table: WindowsTable,
        settings: Settings,
        lag_seconds: float = LAG_SECONDS,
        in_hand: Callable[[], int] = lambda: 0,
    ) -> None:
        # `in_hand` says how many records the worker is computing or writing now.
        self.strategy = settings.strategy
        self.operations = OperationsReader(settings)
        self._app = app
        self._table = table
        self._settings = settings
        self._lag_seconds = lag_seconds
        self._in_hand = in_hand
        self._raw_topic = topics(settings).raw.name
        self._index = SignalIndex(self._row, settings.keep_bars)
        self._search = SignalSearch(self._index)
        self._held: frozenset[int] = frozenset()
        #: Changes whenever partitions are taken or given away.
        self.assignment = 0
        #: The lag of each partition held here when the broker was asked last.
        self._lags: Mapping[int, int] = {}
        self._looking, self._looked_at = asyncio.Lock(), float("-inf")
        self._batch_came = asyncio.Event()
        #: Sentences about partitions whose readers wait for a transaction that nobody ends.
        self.stalls: list[str] = []
        self._warm_up = WarmUp(app, table, self._index.put)
        self._warm_up.on_partition.append(self._loaded)
        table.on_rows.append(self._put)
        table.on_assignment.append(self._hold)

    def _hold(self, active: frozenset[int]) -> None:
        for partition in self._held | active:
            self._index.drop(partition)
        newest_bar.forget()
        self._held = active
        self.assignment += 1

    def _put(self, partition: int, rows: Mapping[bytes, bytes]) -> None:
        self._index.put(partition, rows)
        self._batch_came.set()
        self._batch_came = asyncio.Event()

    def _loaded(self, partition: int) -> None:
        if not self._warm_up.remaining:
            for run in self._index.runs():
                newest_bar.seen(run.origin, run.newest_bar)

    def _row(self, partition: int, key: bytes) -> Row | None:
        value = self._table.read(partition, key)
        return None if value is None else self._table.decode(key, value)

    def readiness(self) -> Readiness:
        """Whether the table is restored and read, the group knows this worker, and the agents make progress."""
        app = self._app
        reasons = [*dict.fromkeys(app.waits.values()), *self.stalls]
        recovering = not app.tables.actives_ready or bool(self._warm_up.remaining)
        if recovering:
            reasons.append(self._recovery())
        elif app.batch_consumer.stream_tps():
            # Without partitions, as with more workers than these, there is nothing to be confirmed.
            silence = self._silence()
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

    def owners(self) -> Sequence[PartitionOwner]:
        """Who holds each partition, by its number."""
        return [
            PartitionOwner(number, self.operations.address, here=True)
            if number in self._held
            else PartitionOwner(number, self._holder(number))
            for number in range(self._settings.partitions)
        ]

    def _holder(self, partition: int) -> str | None:
        url = self._app.holder(self._table.changelog_name, partition)
        return url.rstrip("/") if url else None

    def partition_of(self, symbol: str) -> int:
        """The partition that the symbol is on here, else the one on which its producer should put it."""
        found = self._index.partition_of(symbol)
        return int(murmur2(symbol.encode()) & 0x7FFFFFFF) % self._settings.partitions if found is None else found

    def note_lags(self, lags: Mapping[TP, int]) -> None:
        """Note how many records each partition held here lags behind; called every second."""
        self._lags = {tp.partition: lag for tp, lag in lags.items()}

    async def progress(self, *, lag_now: bool) -> Sequence[PartitionProgress]:
        """How far each partition held here is."""
        if lag_now and self._held:
            await self._look_at_lags()
        confirmed = self._silence() <= self._settings.session_seconds
        return [
            PartitionProgress(number, self._reached(number), self._lags.get(number), confirmed)
            for number in sorted(self._held)
        ]

    async def _look_at_lags(self) -> None:
        """Those who ask meanwhile share one question: it stands in the line of what fetches and commits."""
        asked = monotonic()
        try:
            async with asyncio.timeout(self._lag_seconds), self._looking:
                if self._looked_at < asked:
                    self._looked_at = monotonic()
                    self.note_lags(await self._app.lag())
        except TimeoutError:
            self.note_lags({})
            self._looked_at = monotonic() + self._lag_seconds  # Who asks by then need not wait as well.

    def _silence(self) -> float:
        """For how many seconds the broker has not confirmed this worker's membership of the group."""
        return monotonic() - self._app.batch_consumer.confirmed_at

    def _reached(self, partition: int) -> int | None:
        finished = self._app.batch_consumer.finished(TP(self._raw_topic, partition))
        if finished is not None or partition not in self._held:
            return finished
        checkpoint = self._table.checkpoint(partition)
        return checkpoint and checkpoint.offset

    async def reach(self, positions: Mapping[int, int], seconds: float) -> None:
        """Wait until the partitions held here have these positions, at most so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while any((self._reached(number) or 0) < positions[number] for number in self._held & positions.keys()):
                    # What is no record, as the end of a transaction, moves a position without a batch.
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_LOOK_AGAIN_SECONDS):
                            await self._batch_came.wait()

    def runs(self) -> Sequence[RunInfo]:
        """Every run with a signal here, the one active last first."""
        return self._index.runs()

    def run_origin(self, run_id: str) -> Origin | None:
        """The origin of the signal of the run that was computed last here; None when it has none here."""
        run = self._index.run(run_id)
        row = run and self._row(*run.latest)
        return row.provenance.origin if row else None

    def symbols(self, run_id: str) -> Sequence[str]:
        """The run's symbols, ascending."""
        return self._index.symbols(run_id)

    def symbol_states(self, run_id: str) -> Sequence[SymbolState]:
        """Each symbol of the run with its newest bar, by symbol."""
        return self._index.symbol_states(run_id)

    def knows(self, run_id: str, symbol: str) -> bool:
        """Whether the run has the symbol here."""
        return self._index.place(run_id, symbol) is not None

    async def signals(self, run_id: str, symbol: str, wanted: SignalFilter) -> SignalPage:
        """The symbol's signals that match."""
        place = self._index.place(run_id, symbol)
        if place is None:
            return SignalPage(0, [])
        partition, series, total = place
        if wanted.everything:
            rows = self._table.newest(partition, series, wanted.limit + 1)  # At most MAX_BARS, of a few microseconds.
        else:
            rows = [row async for row in self._rows(partition, series) if wanted.matches(row)]
            rows.sort(key=lambda row: row.number)
            total = len(rows)
        kept = rows[-wanted.limit :]
        lines = [line_of(signal_of(row, run_id, symbol, self.strategy)) async for row in in_turns(reversed(kept))]
        last = (kept[0].timestamp, symbol) if len(rows) > len(kept) else None
        return SignalPage(total, lines, any(row.provenance.origin == "synthetic" for row in kept), last)

    async def recent(self, run_id: str, wanted: SignalFilter) -> SignalPage:
        """The signals of all symbols that match."""
        await give_way(self._in_hand)
        total, found, last = await self._search.recent(run_id, wanted, self._table.read_rows)
        lines: list[Line] = []
        origins: set[Origin] = set()
        async for some in in_turns(in_parts(found)):
            rows, provenances = decode_rows([value for _, value in some], self.strategy.dtype)
            lines += lines_of(rows, run_id, [symbol for symbol, _ in some], provenances, self.strategy)
            origins.update(each.origin for each in provenances)
        return SignalPage(total, lines, "synthetic" in origins, last)

    async def newest(self, run_id: str, symbols: Collection[str] | None) -> AsyncIterator[Sequence[Line]]:
        """The newest signal of each symbol."""
        async for some in self._search.newest(run_id, symbols):
            rows, provenances = decode_rows([value for _, value in some], self.strategy.dtype)
            yield lines_of(rows, run_id, [symbol for symbol, _ in some], provenances, self.strategy)

    async def bars(self, run_id: str, symbol: str, limit: int) -> SymbolBars:
        """The symbol's newest bars."""
        place = self._index.place(run_id, symbol)
        if place is None:
            return SymbolBars([], None, None)
        partition, series, _ = place
        rows = self._table.newest(partition, series, limit)
        return SymbolBars(rows, self._series_start(partition, series, rows[-1]), self._position(partition))

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
        return await self._search.session(run_id, minute, self._table.read_rows)

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
