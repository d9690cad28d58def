from typing import Any

import pytest
from click.testing import CliRunner

from app.cli import live
from app.producer.pace import AsFastAsPossible


def test_it_is_produce_with_the_live_source(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[tuple[Any, ...]] = []
    monkeypatch.setattr(live, "produce", lambda *arguments: called.append(arguments))
    result = CliRunner().invoke(live.command, ["--symbols", "AAPL, SPY"], env={"FEED": "sip"})
    assert result.exit_code == 0
    options = {"source": "alpaca-live", "symbols": ("AAPL", "SPY"), "feed": None, "date": None, "to": None}
    assert called == [(AsFastAsPossible(), options)]
