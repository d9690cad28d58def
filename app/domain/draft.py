"""A window while a batch of bars is folded into it."""

from app.domain import rows, wilder
from app.domain.labels import Label, in_use
from app.domain.records import Bar, Position
from app.domain.strategy import Strategy
from app.domain.window import Window


class Draft:
    """The mutable twin of a `Window`.

    It may hold more rows than a window does: the surplus is trimmed before
    anything looks at how old a bar is, and at the end.
    """

    __slots__ = ("bars_seen", "closes", "gains", "labels", "losses", "rows", "strategy")

    def __init__(self, window: Window, strategy: Strategy) -> None:
        self.strategy = strategy
        self.bars_seen = window.bars_seen
        self.labels = list(window.labels)
        self.rows = bytearray(window.rows)
        self.closes = list(rows.closes(window.rows))
        self.gains = list(window.gains)
        self.losses = list(window.losses)

    def append(self, bar: Bar) -> int:
        """Add a bar newer than all others; returns its row's index."""
        self.rows += rows.pack(bar, 0, self._label(bar))
        self.closes.append(bar["close"])
        self.bars_seen += 1
        index = len(self.closes) - 1
        self._smooth(index)
        return index

    def insert(self, index: int, bar: Bar) -> None:
        """Put a late bar before the row at `index`."""
        newer = len(self.closes) - index
        at = index * rows.SIZE
        self.rows[at:at] = rows.pack(bar, 0, self._label(bar))
        self.closes.insert(index, bar["close"])
        self.bars_seen += 1
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
        if changed:
            self.closes[index] = bar["close"]
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
        )

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
            if index:
                change = closes[index] - closes[index - 1]
                gain, loss = wilder.advance(gain, loss, change, dropped + index, period)
            self.gains.append(gain)
            self.losses.append(loss)

    def _label(self, bar: Bar) -> int:
        label = Label(bar["origin"], bar["source"], bar["feed"])
        if label not in self.labels:
            self._drop_unused_labels()
            self.labels.append(label)
        return self.labels.index(label)

    def _drop_unused_labels(self) -> None:
        self.trim()
        indexes = rows.labels(self.rows)
        self.labels, renamed = in_use(self.labels, indexes)
        for index, old in enumerate(indexes):
            revision, _ = rows.tail(self.rows, index)
            rows.set_tail(self.rows, index, revision, renamed[old])
