from types import SimpleNamespace
from typing import Any, cast

import pytest
from faust.types import TP

from app.domain.strategy import Strategy
from app.engine.app import BatchApp
from app.settings import Settings
from tests.unit.tables.memory_table import NOWHERE, MemoryTable
from web.tables_reader import TablesReader


@pytest.mark.parametrize(("partitions", "confirmed"), [(set(), True), ({TP("stocks.raw.avro", 0)}, False)])
def test_only_a_worker_with_partitions_has_a_membership_to_be_confirmed(partitions: set[TP], confirmed: bool) -> None:
    consumer = SimpleNamespace(stream_tps=lambda: partitions, confirmed_at=float("-inf"))
    app: Any = SimpleNamespace(waits={}, tables=SimpleNamespace(actives_ready=True), batch_consumer=consumer)
    settings = Settings(_env_file=None, **NOWHERE)  # type: ignore[arg-type, call-arg]
    reader = TablesReader(cast(BatchApp, app), MemoryTable(Strategy(), keep_bars=60), settings)
    assert (reader.readiness().reasons == ()) is confirmed
