"""A package that is missing on purpose is a sentence; any other is a fault of ours, with its traceback."""

import pytest
from click.testing import CliRunner

from app.cli import doctor, main
from app.cli.not_installed import not_installed


def missing(name: str) -> ModuleNotFoundError:
    return ModuleNotFoundError(f"No module named {name!r}", name=name)


@pytest.mark.parametrize("name", ["alpaca_trade_api.stream", "websockets", "msgpack"])
def test_alpacas_client_is_named_with_the_commands_that_install_it(name: str) -> None:
    sentence = not_installed(missing(name)) or ""
    assert "pip install 'stock-signals[alpaca]'" in sentence
    assert "pip install --no-deps alpaca-trade-api" in sentence


@pytest.mark.parametrize("name", ["pyarrow", "app.nowhere", ""])
def test_others_are_no_persons_to_mend(name: str) -> None:
    assert not_installed(missing(name)) is None


@pytest.mark.parametrize(("name", "output"), [("alpaca_trade_api", "Error: The client for Alpaca's bars"), ("no", "")])
def test_the_command_line_says_it(name: str, output: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def examine(settings_alone: bool, show: bool) -> None:
        raise missing(name)

    monkeypatch.setattr(doctor, "_examine", examine)
    done = CliRunner().invoke(main, ["doctor"])
    assert done.exit_code == 1
    assert done.output.startswith(output)
    assert isinstance(done.exception, SystemExit if output else ModuleNotFoundError)
