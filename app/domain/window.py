"""The window of one run and symbol: its newest bars, and Wilder's averages after the newest of them."""

from array import array
from bisect import bisect_left, insort

from app.domain import bar_rows, rsi
from app.domain.provenance import Provenance, in_use, provenance_of
from app.domain.records import Bar
from app.domain.split import RAW, Gap, is_night, series_start, split_ratio
from app.domain.strategy import Strategy


class Window:
    """What is kept in memory of one run and symbol; changed in place by the fold.

    Bars are numbered from 0 in the order of time, those no longer kept included.
    It may hold more bars than the strategy keeps while a batch is folded: the surplus is
    trimmed before anything looks at how old a bar is, and at the end.
    """

    __slots__ = ("bars_seen", "closes", "decisions", "gains", "losses", "provenances", "rows", "split_starts")

    def __init__(self) -> None:
        #: All bars of the run and symbol so far.
        self.bars_seen = 0
        #: See app/domain/bar_rows.py.
        self.rows = bytearray()
        #: In the symbol's currency, one a bar.
        self.closes = array("d")
        #: Wilder's averages (sums before there are `rsi_period` changes) before the newest `late_bars` + 1 bars
        #: and after each of them, so always at least one pair.
        self.gains = array("d", [0.0])
        self.losses = array("d", [0.0])
        self.provenances: list[Provenance] = []
        #: The numbers of bars with which a split began a new series: that of the oldest bar's series, and later ones.
        self.split_starts: list[int] = []
        #: What the rule said of the newest bars; see app/domain/decisions.py.
        self.decisions = bytearray()

    @property
    def newest_minute(self) -> int:
        """Start of the newest bar, minutes since 1970; -1 when there is none."""
        return bar_rows.minute(self.rows, len(self.closes) - 1) if self.closes else -1

    def number(self, index: int) -> int:
        """The number of the bar at `index`."""
        return self.bars_seen - len(self.closes) + index

    def find(self, minute: int) -> tuple[int, bool]:
        """Where the bar of a minute since 1970 is or belongs, and whether it is there."""
        minutes = bar_rows.minutes(self.rows)
        index = bisect_left(minutes, minute)
        return index, index < len(minutes) and minutes[index] == minute

    def append(self, bar: Bar, strategy: Strategy, gap: Gap) -> int:
        """Add a bar newer than all others; returns its index."""
        self.rows += bar_rows.pack(bar, 0, self._provenance(bar, strategy))
        closes = self.closes
        index = len(closes)
        closes.append(bar["close"])
        self.bars_seen += 1
        if bar["adjustment"] == RAW and index and split_ratio(closes[index - 1], bar["open"]):
            self._mark(index, gap)
        self._smooth(index, strategy)
        return index

    def insert(self, index: int, bar: Bar, strategy: Strategy, gap: Gap) -> None:
        """Put a late bar before the one at `index`."""
        newer = len(self.closes) - index
        at = index * bar_rows.SIZE
        self.rows[at:at] = bar_rows.pack(bar, 0, self._provenance(bar, strategy))
        number = self.number(index)
        self.split_starts = [start + (start >= number) for start in self.split_starts]
        self.closes.insert(index, bar["close"])
        self.bars_seen += 1
        self._mark(index, gap)
        self._mark(index + 1, gap)
        self._rewind(newer)
        self._smooth(index, strategy)

    def replace(self, index: int, bar: Bar, strategy: Strategy, gap: Gap) -> None:
        """Give the bar at `index` another bar's values; its revision stays.

        Its provenance stays too unless the close changes: then the indicators come
        from the other bar, and are emitted again with its provenance.
        """
        revision, provenance = bar_rows.tail(self.rows, index)
        changed = self.closes[index] != bar["close"]
        if changed:
            provenance = self._provenance(bar, strategy)
        at = index * bar_rows.SIZE
        self.rows[at : at + bar_rows.SIZE] = bar_rows.pack(bar, revision, provenance)
        self.closes[index] = bar["close"]
        before = self.split_starts
        self._mark(index, gap)
        self._mark(index + 1, gap)
        if changed or self.split_starts != before:
            self._rewind(len(self.closes) - index)
            self._smooth(index, strategy)

    def same(self, index: int, bar: Bar) -> bool:
        """Whether the bar at `index` has this bar's values, from any source."""
        at = index * bar_rows.SIZE
        return self.rows[at : at + bar_rows.VALUES] == bar_rows.pack(bar, 0, 0)[: bar_rows.VALUES]

    def trim(self, strategy: Strategy) -> None:
        """Drop the bars and averages beyond what the strategy keeps."""
        surplus = len(self.closes) - strategy.window
        if surplus > 0:
            del self.closes[:surplus]
            del self.rows[: surplus * bar_rows.SIZE]
        surplus = len(self.gains) - strategy.late_bars - 2
        if surplus > 0:
            del self.gains[:surplus]
            del self.losses[:surplus]
        if self.split_starts:
            first = series_start(self.split_starts, self.number(0))
            self.split_starts = [start for start in self.split_starts if start >= first]

    def split_prices(self, index: int) -> tuple[float, float]:
        """The close before the bar at `index` and its open, in the symbol's currency; not for the oldest bar."""
        open_, _ = bar_rows.open_and_provenance(self.rows, index)
        return self.closes[index - 1], open_

    def _mark(self, index: int, gap: Gap) -> None:
        """Decide, also again, whether the bar at `index` begins a new series, if there is such a bar."""
        if index == len(self.closes):
            return
        number = self.number(index)
        # The oldest bar kept has none before it to compare with: what was decided stays.
        if not index:
            return
        kept = [start for start in self.split_starts if start != number]
        if self._is_split(index, gap):
            insort(kept, number)
        self.split_starts = kept

    def _is_split(self, index: int, gap: Gap) -> bool:
        previous_close, open_ = self.split_prices(index)
        _, provenance = bar_rows.tail(self.rows, index)
        if self.provenances[provenance].adjustment != RAW or not split_ratio(previous_close, open_):
            return False
        return is_night(*bar_rows.two_timestamps(self.rows, index), gap)

    def _rewind(self, count: int) -> None:
        """Forget the averages after the newest `count` bars."""
        keep = len(self.gains) - count
        del self.gains[keep:]
        del self.losses[keep:]

    def _smooth(self, first: int, strategy: Strategy) -> None:
        """Compute the averages after the bar at `first` and each newer one."""
        closes = self.closes
        period = strategy.rsi_period
        gain, loss = self.gains[-1], self.losses[-1]
        dropped = self.bars_seen - len(closes)
        for index in range(first, len(closes)):
            number = dropped + index
            if self.split_starts:
                number -= series_start(self.split_starts, number)
            if number:
                change = closes[index] - closes[index - 1]
                gain, loss = rsi.advance(gain, loss, change, number, period)
            else:
                gain = loss = 0.0
            self.gains.append(gain)
            self.losses.append(loss)

    def _provenance(self, bar: Bar, strategy: Strategy) -> int:
        provenance = provenance_of(bar["origin"], bar["source"], bar["feed"], bar["adjustment"])
        try:
            return self.provenances.index(provenance)
        except ValueError:
            self._drop_unused_provenances(strategy)
            self.provenances.append(provenance)
            return len(self.provenances) - 1

    def _drop_unused_provenances(self, strategy: Strategy) -> None:
        self.trim(strategy)
        indexes = bar_rows.provenances(self.rows)
        self.provenances, renamed = in_use(self.provenances, indexes)
        for index, old in enumerate(indexes):
            revision, _ = bar_rows.tail(self.rows, index)
            bar_rows.set_tail(self.rows, index, revision, renamed[old])
