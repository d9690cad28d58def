"""A table of rows, its index, and what a scan of everything says in the place of the index."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from hypothesis import strategies as st

from app.domain.key import split_key, table_key
from app.domain.records import MINUTE_MS
from app.domain.row import Row
from app.domain.strategy import Strategy
from tables.row_format import decode_row, row_key, series_of
from tests.unit.domain.pipeline import Pipeline
from tests.unit.tables.encoding import encode_row
from tests.unit.web.made_series import EMITTED_AT, START, bar, fold, folding
from web.index_columns import SLOTS_A_TURN
from web.reader import RunInfo, SignalFilter
from web.signal_index import SignalIndex
from web.signal_search import SignalSearch

#: Small, so that few bars make every action, and rings soon go round.
STRATEGY = Strategy(fast=2, slow=4, rsi_period=3, buy_below=45.0, sell_above=55.0, late_bars=3)
KEEP = 9
EVERYTHING = SignalFilter(1000)
PARTITIONS = 3


class Found(NamedTuple):
    """A `SearchResult` with rows that can be read."""

    total: int
    rows: list[tuple[str, Row]]
    next: tuple[int, str] | None


class Table:
    """The rows of a table by partition and key, as folding bars makes them, and the index that gets them."""

    def __init__(self, keep: int = KEEP, slots_a_turn: int = SLOTS_A_TURN) -> None:
        self.keep = keep
        self.rows: defaultdict[int, dict[bytes, bytes]] = defaultdict(dict)
        self.elsewhere: dict[int, dict[bytes, bytes]] = {}
        self.folding: dict[bytes, Pipeline] = {}
        self.index = SignalIndex(self.read, keep, slots_a_turn)
        self.search = SignalSearch(self.index)
        self.now_ms = EMITTED_AT
        #: Whether the index is told of what is added.
        self.is_told = True

    def read(self, partition: int, key: bytes) -> Row | None:
        assert partition not in self.elsewhere, "the index reads what it was told to drop"
        value = self.rows[partition].get(key)
        return None if value is None else decode_row(value)

    def read_many(self, partition: int, keys: list[bytes]) -> list[bytes | None]:
        assert partition not in self.elsewhere, "what it was told to drop is read"
        return [self.rows[partition].get(key) for key in keys]

    async def recent(self, run_id: str, wanted: SignalFilter, index: SignalIndex | None = None) -> Found:
        """What the index, or another one, finds."""
        search = self.search if index is None else SignalSearch(index)
        total, rows, last = await search.recent(run_id, wanted, self.read_many)
        return Found(total, [(symbol, decode_row(value)) for symbol, value in rows], last)

    def add(self, run_id: str, symbol: str, closes: Mapping[int, float], partition: int | None = None) -> None:
        """Fold bars, closes by minute in the order of their arrival."""
        at = partition_of(symbol) if partition is None else partition
        key = table_key(run_id, symbol)
        bars = [bar(run_id, symbol, START + minute * MINUTE_MS, close, "replay") for minute, close in closes.items()]
        self.now_ms += 1
        changed = fold(self.folding.setdefault(key, folding(STRATEGY)), bars, self.now_ms)
        entries = {row_key(key, row.number % self.keep): encode_row(row) for row in changed}
        if at in self.elsewhere:
            self.elsewhere[at].update(entries)
        else:
            self.rows[at].update(entries)
            if self.is_told:
                self.index.put(at, entries)

    def give_away(self, partition: int) -> None:
        self.elsewhere.setdefault(partition, self.rows.pop(partition, {}))
        self.index.drop(partition)

    def take(self, partition: int) -> None:
        """As after a rebalance, when all partitions held are read again."""
        self.rows[partition].update(self.elsewhere.pop(partition, {}))
        self.index.drop(partition)
        self.index.put(partition, self.rows[partition])

    def all(self, run_id: str) -> Iterator[tuple[str, Row]]:
        for rows in self.rows.values():
            for key, value in rows.items():
                run, symbol = split_key(series_of(key))
                if run == run_id:
                    yield symbol, decode_row(value)

    def scan(self, run_id: str, wanted: SignalFilter) -> Found:
        """What `recent` should answer."""
        rows = list(self.all(run_id))
        if wanted.latest:
            rows = list(dict(sorted(rows, key=by_number)).items())
        found = [
            (symbol, row)
            for symbol, row in rows
            if (not wanted.actions or row.action in wanted.actions)
            and (not wanted.transitions or row.previous_action not in (None, row.action))
            and (wanted.since is None or row.timestamp >= wanted.since)
            and (wanted.until is None or row.timestamp < wanted.until)
        ]

        def place(timestamp: int, symbol: str) -> tuple[int, str]:
            return 0 if wanted.latest else -timestamp, symbol

        found.sort(key=lambda each: place(each[1].timestamp, each[0]))
        after = wanted.after
        rest = [each for each in found if after is None or place(each[1].timestamp, each[0]) > place(*after)]
        shown = rest[: wanted.limit]
        last = (shown[-1][1].timestamp, shown[-1][0]) if len(rest) > len(shown) else None
        return Found(len(found), shown, last)

    def has_all(self, rows: list[tuple[str, Row]]) -> bool:
        """Whether each symbol's first bar is there."""
        return sum(row.number == 0 for _, row in rows) == len({symbol for symbol, _ in rows})

    def runs(self) -> dict[str, RunInfo]:
        """What `runs` should answer, in any order."""
        by_run: dict[str, list[tuple[str, Row]]] = {run: list(self.all(run)) for run in ("a", "b")}
        return {
            run: RunInfo(
                run_id=run,
                origin="replay",
                is_live=False,
                first_bar=min(row.timestamp for _, row in rows) if self.has_all(rows) else None,
                oldest_kept=min(row.timestamp for _, row in rows),
                newest_bar=max(row.timestamp for _, row in rows),
                symbols=len({symbol for symbol, _ in rows}),
                bars=sum({symbol: row.number + 1 for symbol, row in sorted(rows, key=by_number)}.values()),
                signals=len(rows),
                active_at=0,
            )
            for run, rows in by_run.items()
            if rows
        }


def by_number(each: tuple[str, Row]) -> int:
    return each[1].number


def partition_of(symbol: str) -> int:
    return ord(symbol[-1]) % PARTITIONS


#: Minutes near each other, so that bars are corrected, come late, come twice and are stale.
batches = st.tuples(
    st.sampled_from("ab"),
    st.sampled_from(["S0", "S1", "S2", "S3", "S4"]),
    st.integers(0, 40),
    st.dictionaries(st.integers(0, 8), st.sampled_from([8.0, 9.0, 10.0, 11.0, 12.0]), min_size=1, max_size=8),
)
steps = st.one_of(batches, batches, batches, st.tuples(st.sampled_from(["give", "take"]), st.integers(0, 2)))

#: Also between two minutes.
times = st.none() | st.integers(0, 2 * 48).map(lambda halves: START + halves * MINUTE_MS // 2)
names = st.sampled_from(["S0", "S1", "S2", "S3", "S4", "A", "Z"])
actions = st.frozensets(st.sampled_from(("HOLD", "BUY", "SELL")))
