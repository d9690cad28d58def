"""A window while a batch of bars is folded into it."""

from bisect import insort

from app.domain import rows, starts, wilder
from app.domain.labels import Label, in_use
from app.domain.records import Bar, Position
from app.domain.split import RAW, Gap, is_night, split_ratio
from app.domain.starts import Start
from app.domain.strategy import Strategy
from app.domain.window import Window


class Draft:
    """The mutable twin of a `Window`.

    It may hold more rows than a window does: the surplus is trimmed before
    anything looks at how old a bar is, and at the end.
    """

    __slots__ = ("bars_seen", "closes", "gains", "gap", "labels", "losses", "rows", "starts", "strategy")

    def __init__(self, window: Window, strategy: Strategy, gap: Gap) -> None:
        self.strategy = strategy
        self.gap = gap
        self.bars_seen = window.bars_seen
        self.labels = list(window.labels)
        self.rows = bytearray(window.rows)
        self.closes = list(rows.closes(window.rows))
        self.gains = list(window.gains)
        self.losses = list(window.losses)
        self.starts = list(window.starts)

    def append(self, bar: Bar) -> int:
        """Add a bar newer than all others; returns its row's index."""
        self.rows += rows.pack(bar, 0, self._label(bar))
        closes = self.closes
        index = len(closes)
        closes.append(bar["close"])
        self.bars_seen += 1
        if bar["adjustment"] == RAW and index and split_ratio(closes[index - 1], bar["open"]):
            self._mark(index)
        self._smooth(index)
        return index

    def insert(self, index: int, bar: Bar) -> None:
        """Put a late bar before the row at `index`."""
        newer = len(self.closes) - index
        at = index * rows.SIZE
        self.rows[at:at] = rows.pack(bar, 0, self._label(bar))
        self.starts = starts.moved(self.starts, self._bar(index))
        self.closes.insert(index, bar["close"])
        self.bars_seen += 1
        self._mark(index)
        self._mark(index + 1)
        self._rewind(newer)
        self._smooth(index)

    def replace(self, index: int, bar: Bar) -> None:
        """Give the row at `index` another bar's values; its revision stays.

        Its label stays too unless the close changes: then the indicators come
        from the other bar, and are told again with its label.
        """
        revision, label = rows.tail(self.rows, index)
        changed = self.closes[index] != bar["close"]
        if changed:
            label = self._label(bar)
        at = index * rows.SIZE
        self.rows[at : at + rows.SIZE] = rows.pack(bar, revision, label)
        self.closes[index] = bar["close"]
        before = self.starts
        self._mark(index)
        self._mark(index + 1)
        if changed or self.starts != before:
            self._rewind(len(self.closes) - index)
            self._smooth(index)

    def same(self, index: int, bar: Bar) -> bool:
        """Whether the row at `index` holds this bar's values, whoever sent them."""
        at = index * rows.SIZE
        return self.rows[at : at + rows.VALUES] == rows.pack(bar, 0, 0)[: rows.VALUES]

    def trim(self) -> None:
        """Drop the rows and averages beyond what the strategy keeps."""
        surplus = len(self.closes) - self.strategy.window
        if surplus > 0:
            del self.closes[:surplus]
            del self.rows[: surplus * rows.SIZE]
        surplus = len(self.gains) - self.strategy.late_bars - 2
        if surplus > 0:
            del self.gains[:surplus]
            del self.losses[:surplus]
        if self.starts:
            self.starts = starts.needed(self.starts, self._bar(0))

    def finish(self, position: Position) -> Window:
        """The window that the draft has become."""
        self.trim()
        return Window(
            self.strategy.name,
            self.bars_seen,
            position,
            tuple(self.labels),
            tuple(self.gains),
            tuple(self.losses),
            bytes(self.rows),
            tuple(self.starts),
        )

    def start(self, index: int) -> Start | None:
        """Where the series of the row at `index` begins; None: with its run's first bar."""
        return starts.newest(self.starts, self._bar(index))

    def _bar(self, index: int) -> int:
        """How many bars of the run and symbol came before the row at `index`."""
        return self.bars_seen - len(self.closes) + index

    def _mark(self, index: int) -> None:
        """Decide, also anew, whether the row at `index` starts a series, if there is such a row."""
        if index == len(self.closes):
            return
        bar = self._bar(index)
        kept = [start for start in self.starts if start.bar != bar]
        start = self._split(index) if index else None
        if start:
            insort(kept, start)
        self.starts = kept

    def _split(self, index: int) -> Start | None:
        """The start that the row at `index` is when it looks like a split's first."""
        open_, label = rows.open_and_label(self.rows, index)
        previous_close = self.closes[index - 1]
        if self.labels[label].adjustment != RAW or not split_ratio(previous_close, open_):
            return None
        previous, timestamp = rows.two_timestamps(self.rows, index)
        if not is_night(previous, timestamp, self.gap):
            return None
        return Start(self._bar(index), timestamp, previous_close, open_)

    def _rewind(self, count: int) -> None:
        """Forget the averages after the newest `count` rows."""
        keep = len(self.gains) - count
        del self.gains[keep:]
        del self.losses[keep:]

    def _smooth(self, first: int) -> None:
        """Compute the averages after the row at `first` and each newer one."""
        closes = self.closes
        period = self.strategy.rsi_period
        gain, loss = self.gains[-1], self.losses[-1]
        dropped = self.bars_seen - len(closes)
        for index in range(first, len(closes)):
            number = dropped + index
            if self.starts and (start := self.start(index)):
                number -= start.bar
            if number:
                change = closes[index] - closes[index - 1]
                gain, loss = wilder.advance(gain, loss, change, number, period)
            else:
                gain = loss = 0.0
            self.gains.append(gain)
            self.losses.append(loss)

    def _label(self, bar: Bar) -> int:
        label = Label(bar["origin"], bar["source"], bar["feed"], bar["adjustment"])
        try:
            return self.labels.index(label)
        except ValueError:
            self._drop_unused_labels()
            self.labels.append(label)
            return len(self.labels) - 1

    def _drop_unused_labels(self) -> None:
        self.trim()
        indexes = rows.labels(self.rows)
        self.labels, renamed = in_use(self.labels, indexes)
        for index, old in enumerate(indexes):
            revision, _ = rows.tail(self.rows, index)
            rows.set_tail(self.rows, index, revision, renamed[old])
