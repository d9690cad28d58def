from pathlib import Path

import pytest

from app.kafka.topics import topics
from app.settings import Settings
from tests.unit.kafka.made import make_settings
from tests.unit.kafka.memory_broker import MemoryBroker


@pytest.fixture
def ours(tmp_path: Path) -> Settings:
    """Settings with two partitions."""
    return make_settings(tmp_path, partitions=2, topic_prefix="dips.")


@pytest.fixture
def broker(ours: Settings) -> MemoryBroker:
    """Has all topics, as we make them, and no records."""
    return MemoryBroker(topics(ours))
