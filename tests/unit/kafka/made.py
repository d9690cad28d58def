"""Settings for a cluster that is not there."""

from pathlib import Path
from typing import Any

from app.settings import Settings


def make_settings(data_dir: Path, **changes: Any) -> Settings:
    """Settings that name a broker and a registry where nobody listens."""
    nowhere = {"kafka_bootstrap": "127.0.0.1:1", "schema_registry_url": "http://127.0.0.1:1"}
    return Settings(_env_file=None, data_dir=data_dir, **nowhere | changes)  # type: ignore[call-arg]
