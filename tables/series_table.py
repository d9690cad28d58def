"""What both tables are: a value for each series, which is a run and a symbol."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from app.domain.history import History
from app.domain.window import Window
from app.engine.restoring import UnreadableValue
from app.engine.table import BatchTable
from app.settings import Settings
from tables.strategy import check_strategy

Value = TypeVar("Value", Window, History)


class SeriesTable(BatchTable, Generic[Value]):
    """Values by `app.domain.key.table_key`, all made with the configured strategy.

    `decode` raises ValueError for a value that cannot be read, `fault` says of
    one that was read why it cannot be continued.
    """

    def __init__(
        self,
        app: Any,
        *,
        settings: Settings,
        decode: Callable[[bytes], Value],
        fault: Callable[[Value], str | None],
        **kwargs: Any,
    ) -> None:
        super().__init__(app, **kwargs)
        self._strategy = settings.strategy
        self._decode_value: Callable[[bytes], Value] = decode
        self._fault: Callable[[Value], str | None] = fault
        self.on_held.append(self._check)

    def load(self, partition: int, key: bytes) -> Value | None:
        """The value of a series; None for a new one. Raises UnreadableValue, StrategyDiffers."""
        value = self.read(partition, key)
        return None if value is None else self._decoded(key, value)

    def _decoded(self, key: bytes, value: bytes) -> Value:
        decoded = self.decoding(self._decode_value, key, value)
        check_strategy(self.name, key, decoded.strategy, self._strategy)
        return decoded

    def _check(self, partitions: frozenset[int]) -> None:
        """See before anything is written, not at a series' next bar, that every value is ours to continue."""
        for partition in partitions:
            for key, value in self.items(partition):
                if fault := self._fault(self._decoded(key, value)):
                    raise UnreadableValue(self.name, key, ValueError(f"the value is damaged: {fault}"))
