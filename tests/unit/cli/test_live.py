from typing import Any

from click.testing import CliRunner

from app.cli import main
from app.cli.produce import produce
from app.producer.pace import AsFastAsPossible, Pace


def test_live_bars_have_no_pace() -> None:
    arguments = ["produce", "--source", "alpaca-live", "--speed", "realtime"]
    result = CliRunner().invoke(main, arguments, env={"PRODUCER_PORT": "0"})
    assert result.exit_code == 1
    assert result.stderr == "Error: Live bars are sent as they come: leave out --speed.\n"


def test_it_is_produce_with_the_live_source() -> None:
    called: list[tuple[Pace, dict[str, Any]]] = []
    handed_in = {produce: lambda pace, options: called.append((pace, options))}
    result = CliRunner().invoke(main, ["live", "--symbols", "AAPL, SPY"], env={"FEED": "sip"}, obj=handed_in)
    assert result.exit_code == 0
    options = {"source": "alpaca-live", "symbols": ("AAPL", "SPY"), "feed": None, "date": None, "to": None}
    assert called == [(AsFastAsPossible(), options)]
