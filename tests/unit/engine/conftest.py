from pathlib import Path

import pytest

from app.engine.app import BatchApp
from app.engine.table import BatchTable
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
