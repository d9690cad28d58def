"""The newest signals of every run and symbol; tables/signals_value.py describes a value's bytes."""

from app.domain.history import History
from app.engine.table import BatchTable
from app.worker import app, catalogue
from tables.signals_value import decode_history, position_of
from tables.strategy import check_strategy


class Signals(BatchTable):
    """Histories by `app.domain.key.table_key`."""

    def load(self, partition: int, key: bytes) -> History | None:
        """The signals of a series; None for a new one. Raises UnreadableValue, StrategyDiffers."""
        value = self.read(partition, key)
        if value is None:
            return None
        history = self.decoding(decode_history, key, value)
        check_strategy(self.name, key, history.strategy, app.settings.strategy)
        return history

    def is_newer(self, value: bytes, than: bytes) -> bool:
        """By the position in the raw topic of the last bar that the signals follow from."""
        position, known = position_of(value), position_of(than)
        if position is None or known is None or position.topic_id != known.topic_id:
            return True
        return position >= known


signals = Signals(
    app,
    name="signals",
    help="The newest signals of every run and symbol.",
    source_topic=catalogue.indicators.name,
    partitions=catalogue.indicators.partitions,
)
app.tables.add(signals)
