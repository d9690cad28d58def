"""The table of windows over a dictionary in place of RocksDB."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from app.domain.row import Row
from app.domain.strategy import Strategy
from app.engine.app import BatchApp
from app.kafka.engine_options import EngineSetup
from app.settings import Settings
from tables.windows import WindowsTable

NOWHERE = {"kafka_bootstrap": "127.0.0.1:1", "schema_registry_url": "http://127.0.0.1:1"}

#: So few bars are kept that everything happens soon.
TINY = Strategy(fast=2, slow=4, rsi_period=3, late_bars=2)


def make_app(data_dir: Path) -> BatchApp:
    """A real app that is never started, so it connects to nothing."""
    return BatchApp(EngineSetup(Settings(_env_file=None, data_dir=data_dir, **NOWHERE)).options())  # type: ignore[arg-type, call-arg]


@cache
def app_without_disk() -> BatchApp:
    return make_app(Path("/nonexistent"))


class MemoryTable(WindowsTable):
    """One partition, 0, whose rows are in `rows`."""

    def __init__(self, strategy: Strategy, keep_bars: int) -> None:
        super().__init__(
            app_without_disk(), strategy=strategy, keep_bars=keep_bars, source_topic="stocks.raw.avro", partitions=1
        )
        self.rows: dict[bytes, bytes] = {}
        self.active = frozenset({0})

    def read(self, partition: int, key: bytes) -> bytes | None:
        return self.rows.get(key)

    def scan(self, partition: int, start: bytes = b"", end: bytes = b"\xff") -> Iterator[tuple[bytes, bytes]]:
        return iter([(key, self.rows[key]) for key in sorted(self.rows) if start <= key < end])

    def read_range(self, partition: int, start: bytes, end: bytes) -> list[bytes]:
        return [value for _, value in self.scan(partition, start, end)]

    def last(self, partition: int, start: bytes, end: bytes) -> tuple[bytes, bytes] | None:
        return next(reversed(list(self.scan(partition, start, end))), None)

    def restore(self, partition: int, entries: Mapping[bytes, bytes | None], position: int = 0) -> None:
        self.rows.update({key: value for key, value in entries.items() if value is not None})

    def by_number(self, series: bytes) -> list[Row]:
        """All rows kept of a series, found without the ring."""
        kept = [self.decode(key, value) for key, value in self.rows.items() if key.startswith(series + b"\0")]
        return sorted(kept, key=lambda row: row.number)
