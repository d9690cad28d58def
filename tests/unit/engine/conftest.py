from pathlib import Path

import pytest

from app.engine.app import BatchApp
from tests.unit.engine.made import SOURCE, TOPIC_ID, Numbers, make_numbers, make_settings
from tests.unit.engine.workbench import GENERATION, Bench


@pytest.fixture
async def app(tmp_path: Path) -> BatchApp:
    """A real app that is not started, so it connects to nothing."""
    return BatchApp(make_settings(tmp_path / "data"))


@pytest.fixture
def numbers(app: BatchApp) -> Numbers:
    """A real table with a real RocksDB."""
    return make_numbers(app)


@pytest.fixture
def bench(app: BatchApp, numbers: Numbers, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """In generation 7, confirmed for ever, with no time between tries."""
    monkeypatch.setattr("app.engine.work.BACKOFF_SECONDS", (0.0, 0.001))
    monkeypatch.setattr(type(app), "consumer_generation_id", GENERATION)
    monkeypatch.setattr(app.batch_consumer, "assignment", lambda: {SOURCE})
    app.topic_ids[SOURCE.topic] = TOPIC_ID
    app.batch_consumer.confirmed_at = float("inf")
    return Bench(app, numbers)
