"""The columns in which `stocks tail` prints a topic's records: headings, widths, colours."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from rich.text import Text

from app.terminal.visible import visible
from app.times import iso

_ACTION_STYLES = {"BUY": "bold green", "SELL": "bold red", "HOLD": "dim"}


class Column(NamedTuple):
    """A heading, its width (negative: numbers, to the right; 0: as wide as it gets), and the cell of a record."""

    heading: str
    width: int
    cell: Callable[[Mapping[str, Any]], str | Text]


def line(columns: list[Column], record: Mapping[str, Any] | None) -> Text:
    """The line of a record, or the line of headings when there is no record."""
    cells = []
    for heading, width, cell in columns:
        text = cell(record) if record else Text(heading, "bold")
        text = Text(visible(text)) if isinstance(text, str) else text
        text.align("right" if width < 0 else "left", max(abs(width), len(text)))
        cells.append(text)
    joined = Text("  ").join(cells)
    joined.rstrip()
    return joined


def columns(schema: str) -> list[Column]:
    """The columns for records of a schema: bar or signal."""
    time = Column("bar (UTC)", 20, lambda record: iso(record["timestamp"]))
    symbol = Column("symbol", 6, lambda record: str(record["symbol"]))
    origin = Column("origin", 9, origin_cell)
    run = Column("run", 0, lambda record: str(record["run_id"]))
    if schema == "bar":
        prices = [_number(name, 9) for name in ("open", "high", "low", "close")]
        return [time, symbol, *prices, _number("volume", 10, 0), origin, run]
    why = Column("why", 0, _why)
    action = Column("action", 9, _action)
    return [time, symbol, action, _number("close", 9), origin, _revision(), why, run]


def letter_columns() -> list[Column]:
    """The columns of dead letters."""
    return [
        Column("time (UTC)", 24, lambda letter: letter["time"] or "-"),
        Column("reason", 14, lambda letter: Text(visible(letter["reason"] or "-"), "red")),
        Column("from", 20, _place),
        Column("key", 6, lambda letter: letter["key"] or "-"),
        Column("value", 0, lambda letter: _hex(letter["value"])),
        Column("why", 0, lambda letter: letter["exception"] or "-"),
    ]


def _number(name: str, width: int, digits: int = 2) -> Column:
    def cell(record: Mapping[str, Any]) -> str:
        return f"{record[name]:.{digits}f}"

    return Column(name, -width, cell)


def _revision() -> Column:
    return Column("rev", -3, lambda record: str(record["revision"]))


def origin_cell(record: Mapping[str, Any]) -> Text:
    """The record's origin; synthetic ones are coloured."""
    if record["origin"] == "synthetic":
        return Text("SYNTHETIC", "black on yellow")
    return Text(visible(str(record["origin"])))


def _action(record: Mapping[str, Any]) -> Text:
    action, before = record["action"], record["previous_action"]
    text = Text(f"{before}→" if record["transition"] and before else "", "dim")
    return text.append(str(action), _ACTION_STYLES[action])


def _why(record: Mapping[str, Any]) -> str:
    # Old records have no explanation.
    return str(record["explanation"] or record["own_reason"] or record["reason"])


def _place(letter: Mapping[str, Any]) -> str:
    topic, partition, offset = letter["topic"], letter["partition"], letter["offset"]
    return f"{topic}[{partition}]@{offset}" if topic else "-"


def _hex(value: bytes | None, shown: int = 16) -> str:
    if value is None:
        return "none"
    return f"0x{value[:shown].hex()}{'…' if len(value) > shown else ''} ({len(value)} bytes)"
