"""What `stocks watch` shows of events."""

import io
from typing import Any

import pytest
from rich.console import Console

from app.cli.event_stream import Cut, StreamEvent
from app.cli.watch_view import LinesView, LiveView
from tests.unit.records import SIGNAL


def signal(symbol: str, minute: int = 30, **changes: Any) -> dict[str, Any]:
    """As the API answers it."""
    made = {**SIGNAL, "symbol": symbol, "timestamp": f"2024-11-14T14:{minute}:00Z", "transition": False}
    return made | changes


def snapshot(*signals: dict[str, Any], **changes: Any) -> StreamEvent:
    partitions = [{"partition": 0, "status": "active"}, {"partition": 1, "status": "active"}]
    data = {"run_id": "run-1", "run_reason": "live", "signals": signals, "partitions": partitions}
    return StreamEvent("snapshot", "0:1", data | changes)


def came(each: dict[str, Any]) -> StreamEvent:
    return StreamEvent("signal", "0:2", each)


def plain(height: int = 24, **options: Any) -> Console:
    return Console(file=io.StringIO(), width=100, height=height, color_system=None, **options)


def text_of(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def lines_of(*events: StreamEvent | Cut) -> tuple[list[str], list[str]]:
    """Lines on standard output and on standard error."""
    shown, notes = plain(), plain()
    with LinesView(shown, notes) as view:
        for event in events:
            view.show(event)
    return text_of(shown).splitlines(), text_of(notes).splitlines()


def test_where_it_is_no_terminal_only_signals_are_on_standard_output() -> None:
    shown, notes = lines_of(
        snapshot(signal("AAPL")),
        came(signal("SPY")),
        Cut("http://w: gone"),
        StreamEvent("reset", None, {"reason": "moved"}),
    )
    assert [line.split()[0:2] for line in shown] == [["bar", "(UTC)"], ["2024-11-14T14:30:00Z", "SPY"]]
    assert notes == [
        "Watching run run-1 (live), 1 symbols",
        "Cut off, trying again: http://w: gone",
        "Beginning again: moved",
    ]


def test_what_is_missing_from_a_snapshot_is_said() -> None:
    partitions = [{"partition": 0, "status": "active"}, {"partition": 1, "status": "recovering"}]
    _, notes = lines_of(
        snapshot(partitions=partitions),
        snapshot(run_id=None, run_reason="no run yet"),
        StreamEvent("progress", "0:1", {}),
    )
    assert notes == [
        "Watching run run-1 (live), 0 symbols; incomplete: partitions 1 recovering",
        "Watching no run: no run yet, 0 symbols",
    ]


@pytest.mark.parametrize(
    "event", [Cut("\x1b[2J"), StreamEvent("reset", None, {"reason": "\x1b[2J"}), snapshot(run_id="\x1b[2J")]
)
def test_nothing_in_an_event_moves_the_cursor(event: StreamEvent | Cut) -> None:
    _, notes = lines_of(event)
    assert "\x1b" not in "".join(notes)
    assert "\\x1b[2J" in notes[0]
    shown, _ = lines_of(came(signal("AAPL", explanation="\x1b[2J")))
    assert "\x1b" not in "".join(shown)


def test_a_turn_says_from_what() -> None:
    turned = signal("AAPL", action="BUY", previous_action="HOLD", transition=True)
    shown, _ = lines_of(came(turned), came(signal("SPY", origin="synthetic")))
    assert "HOLD→BUY" in shown[1]
    assert "SYNTHETIC" in shown[2]


def table_after(*events: StreamEvent | Cut, height: int = 24) -> list[str]:
    """The lines of the table on a terminal of so many lines."""
    view = LiveView(plain(height, force_terminal=True))
    for event in events:
        view.show(event)
    drawn = plain(height)
    drawn.print(view._table())
    return [line for line in text_of(drawn).splitlines() if line]


def test_the_table_has_the_newest_of_each_symbol_those_that_turned_last_on_top() -> None:
    lines = table_after(
        snapshot(signal("AAPL"), signal("MSFT"), signal("SPY", transition=True)),
        came(signal("MSFT", 31, transition=True, action="SELL")),
        came(signal("AAPL", 31, close=1.0)),
        came(signal("AAPL", 30, close=2.0)),
    )
    assert [line.split()[1:4] for line in lines[1:4]] == [
        ["MSFT", "SELL", "189.75"],
        ["SPY", "BUY", "189.75"],
        ["AAPL", "BUY", "1.00"],
    ]
    assert lines[-1] == "live, 3 symbols"


def test_of_more_symbols_than_fit_it_says_how_many_are_left_out() -> None:
    lines = table_after(snapshot(*(signal(f"S{number:02}") for number in range(20))), height=16)
    assert len([line for line in lines if " S" in line]) == 10
    assert "and 10 more symbols; name some to see only them" in lines


def test_the_last_line_says_how_the_connection_is() -> None:
    assert table_after()[-1] == "connecting …"
    assert table_after(snapshot(signal("AAPL")))[-1] == "Watching run run-1 (live), 1 symbols"
    cut = table_after(snapshot(signal("AAPL")), Cut("http://w: gone"))
    assert cut[-1] == "Cut off, trying again: http://w: gone"
    assert "AAPL" in cut[1], "what was known stays"


def test_a_new_snapshot_takes_the_place_of_all() -> None:
    lines = table_after(snapshot(signal("AAPL")), came(signal("SPY")), snapshot(signal("MSFT")))
    assert [line.split()[1] for line in lines[1:-1]] == ["MSFT"]


def test_turns_scroll_by_above_the_table() -> None:
    console = plain(force_terminal=True)
    with LiveView(console) as view:
        view.show(came(signal("AAPL", 31, transition=True, previous_action="HOLD")))
        view.show(came(signal("AAPL", 32)))
    assert text_of(console).count("HOLD→BUY") >= 1
