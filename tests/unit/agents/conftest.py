"""The agents' modules build their app when they are imported: here for a cluster that does not exist."""

import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any, NamedTuple

import pytest

from app.serde import Encoder
from app.settings import settings
from tests.doubles.schema_source import SchemasInMemory

OURS = ("app.worker", "app.main", "agents", "tables.windows", "tables.signals", "web.tables_reader")
TOPIC_ID = "4hKvUXYbSQm0yVZ4bXUfMg"


class Program(NamedTuple):
    """The modules of a worker."""

    app: Any
    catalogue: Any
    windows: Any
    signals: Any
    indicators_agent: Any
    signals_agent: Any


def forget() -> None:
    for name in [name for name in sys.modules if name.startswith(OURS)]:
        del sys.modules[name]
    settings.cache_clear()


@pytest.fixture(scope="package")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    folder = tmp_path_factory.mktemp("worker")
    environment = {
        "KAFKA_BOOTSTRAP": "127.0.0.1:1",
        "SCHEMA_REGISTRY_URL": "http://127.0.0.1:1",
        "DATA_DIR": str(folder / "data"),
    }
    forget()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, value in environment.items():
            patch.setenv(name, value)
        worker = import_module("app.worker")
        program = Program(
            worker.app,
            worker.catalogue,
            import_module("tables.windows").windows,
            import_module("tables.signals").signals,
            import_module("agents.indicators"),
            import_module("agents.signals"),
        )
    program.app.topic_ids = {topic.name: TOPIC_ID for topic in program.catalogue}
    yield program
    forget()


@pytest.fixture
def registry() -> SchemasInMemory:
    return SchemasInMemory()


@pytest.fixture
def program(imported: Program, registry: SchemasInMemory, monkeypatch: pytest.MonkeyPatch) -> Program:
    """The worker with empty tables, on a registry in memory."""
    for table in (imported.windows, imported.signals):
        monkeypatch.setattr(table, "read", lambda partition, key: None)
    for agent, reads in ((imported.indicators_agent, "bar"), (imported.signals_agent, "indicators")):
        monkeypatch.setattr(agent, "decoder", type(agent.decoder)(registry, reads))
        topic = agent.emitter._topic
        monkeypatch.setattr(agent, "emitter", type(agent.emitter)(topic, registry))
    return imported


@pytest.fixture
async def encoded(registry: SchemasInMemory) -> Any:
    """Encodes records by the name of their schema."""
    encoders: dict[str, Encoder] = {}

    async def encode(schema: str, record: Any) -> bytes:
        if schema not in encoders:
            encoders[schema] = Encoder(schema)
            await encoders[schema].register(registry, f"{schema}-value")
        return encoders[schema].encode(record)

    return encode
