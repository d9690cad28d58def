from importlib import import_module
from types import SimpleNamespace

import pytest
from faust.types import TP

from tests.unit.agents.conftest import Program


@pytest.mark.parametrize(("partitions", "confirmed"), [(set(), True), ({TP("stocks.raw.avro", 0)}, False)])
def test_only_a_worker_with_partitions_has_a_membership_to_be_confirmed(
    imported: Program, monkeypatch: pytest.MonkeyPatch, partitions: set[TP], confirmed: bool
) -> None:
    consumer = SimpleNamespace(stream_tps=lambda: partitions, confirmed_at=float("-inf"))
    monkeypatch.setattr(type(imported.app), "batch_consumer", consumer)
    monkeypatch.setattr(imported.app.tables, "actives_ready", True)
    reader = import_module("web.tables_reader").TablesReader()
    assert (reader.readiness().reasons == ()) is confirmed
