"""The rolling window of every run and symbol; tables/window_value.py describes a value's bytes."""

from itertools import islice

from app.domain.window import Window
from app.engine.table import BatchTable
from app.worker import app, catalogue
from tables.strategy import check_strategy
from tables.window_value import decode_window, position_of


class Windows(BatchTable):
    """Windows by `app.domain.key.table_key`."""

    def load(self, partition: int, key: bytes) -> Window | None:
        """The window of a series; None for a new one. Raises UnreadableValue, StrategyDiffers."""
        value = self.read(partition, key)
        if value is None:
            return None
        window = self.decoding(decode_window, key, value)
        check_strategy(self.name, key, window.strategy, app.settings.strategy)
        return window

    def is_newer(self, value: bytes, than: bytes) -> bool:
        """By the position in the raw topic of the last bar that the window has seen."""
        position, known = position_of(value), position_of(than)
        if position is None or known is None or position.topic_id != known.topic_id:
            return True
        return position >= known


windows = Windows(
    app,
    name="windows",
    help="The rolling window of every run and symbol.",
    source_topic=catalogue.raw.name,
    partitions=catalogue.raw.partitions,
)
app.tables.add(windows)


def check_held(partitions: frozenset[int]) -> None:
    """See at the start, not at a series' next bar, that the windows are those of this strategy."""
    for partition in partitions:
        for key, _ in islice(windows.items(partition), 1):
            windows.load(partition, key)


windows.on_held.append(check_held)
