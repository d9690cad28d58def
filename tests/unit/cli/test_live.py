from typing import Any

import pytest
from click.testing import CliRunner

from app.cli import live, main
from app.producer.pace import AsFastAsPossible


def test_live_bars_have_no_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.asgi.listen.listen", lambda *_: None)
    result = CliRunner().invoke(main, ["produce", "--source", "alpaca-live", "--speed", "realtime"])
    assert result.exit_code == 1
    assert result.stderr == "Error: Live bars are sent as they come: leave out --speed.\n"


def test_it_is_produce_with_the_live_source(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[tuple[Any, ...]] = []
    monkeypatch.setattr(live, "produce", lambda *arguments: called.append(arguments))
    result = CliRunner().invoke(live.command, ["--symbols", "AAPL, SPY"], env={"FEED": "sip"})
    assert result.exit_code == 0
    options = {"source": "alpaca-live", "symbols": ("AAPL", "SPY"), "feed": None, "date": None, "to": None}
    assert called == [(AsFastAsPossible(), options)]
