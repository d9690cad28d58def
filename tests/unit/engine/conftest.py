from pathlib import Path

import pytest

from app.engine.app import BatchApp
from app.engine.consumer import BatchConsumer
from app.engine.table import BatchTable
from tests.unit.engine.consuming import CHANGELOG_TP, OTHER
from tests.unit.engine.made import SOURCE, TOPIC_ID, make_numbers, make_options


@pytest.fixture
async def app(tmp_path: Path) -> BatchApp:
    """A real app that is not started, so it connects to nothing."""
    made = BatchApp(make_options(tmp_path / "data"))
    made.topic_ids = {SOURCE.topic: TOPIC_ID}
    return made


@pytest.fixture
def numbers(app: BatchApp) -> BatchTable:
    """A real table with a real RocksDB."""
    return make_numbers(app)


@pytest.fixture
def consumer(app: BatchApp, numbers: BatchTable, monkeypatch: pytest.MonkeyPatch) -> BatchConsumer:
    """Assigned two stream partitions and a changelog's."""
    consumer = app.batch_consumer
    monkeypatch.setattr(consumer, "assignment", lambda: {SOURCE, OTHER, CHANGELOG_TP})
    app.topics.acking_topics.add(SOURCE.topic)
    return consumer
