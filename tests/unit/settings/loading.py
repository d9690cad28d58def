"""Loading settings that have faults."""

from pathlib import Path

import pytest

from app.settings import SettingsError, load_settings
from app.settings.model import SECRETS_DIR


def faults(monkeypatch: pytest.MonkeyPatch, secrets: Path = SECRETS_DIR, /, **environment: str) -> list[str]:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings(secrets)
    for fault in caught.value.faults:
        assert fault in str(caught.value)
    return caught.value.faults
