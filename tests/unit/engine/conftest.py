from pathlib import Path

import pytest

from app.engine.app import BatchApp
from tests.unit.engine.made import Numbers, make_numbers, make_settings


@pytest.fixture
async def app(tmp_path: Path) -> BatchApp:
    """A real app that is not started, so it connects to nothing."""
    return BatchApp(make_settings(tmp_path / "data"))


@pytest.fixture
def numbers(app: BatchApp) -> Numbers:
    """A real table with a real RocksDB."""
    return make_numbers(app)
