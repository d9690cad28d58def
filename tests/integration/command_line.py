"""Running `stocks` in this process, with the settings of a test."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pydantic import SecretStr

from app.cli import main
from app.settings import Settings, settings

Stocks = Callable[..., Result]


def environment(ours: Settings) -> dict[str, str]:
    """The settings as a process gets them."""
    wanted = ours.model_dump(include=ours.model_fields_set, exclude_none=True)
    return {name.upper(): _text(value) for name, value in wanted.items()}


def _text(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


@pytest.fixture
def stocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stocks:
    """stocks(settings, "tail", "signals"): the command's result, with its output."""
    monkeypatch.chdir(tmp_path)

    def run(ours: Settings, *arguments: str) -> Result:
        settings.cache_clear()
        try:
            return CliRunner().invoke(main, arguments, env=environment(ours))
        finally:
            settings.cache_clear()

    return run
