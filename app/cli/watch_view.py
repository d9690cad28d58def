"""What `stocks watch` shows: lines where its output is a file or a pipe, a table that moves on a terminal."""

from collections.abc import Mapping
from typing import Any, Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from app.cli.event_stream import Cut, StreamEvent
from app.cli.table_columns import Column, line
from app.terminal.visible import visible

_STYLES = {"BUY": "bold green", "SELL": "bold red", "HOLD": "dim"}

#: Lines of the terminal that are not rows of the table.
_FRAME = 6


class WatchView(Protocol):
    """Shows events; a context manager."""

    def show(self, event: StreamEvent | Cut) -> None:
        """Show an event."""


def signal_columns() -> list[Column]:
    """The columns of a signal as the API answers it."""
    return [
        Column("bar (UTC)", 20, lambda signal: str(signal["timestamp"])),
        Column("symbol", 6, lambda signal: str(signal["symbol"])),
        Column("action", 9, _action),
        Column("close", -9, lambda signal: f"{signal['close']:.2f}"),
        Column("origin", 9, lambda signal: _origin(signal["origin"])),
        Column("why", 0, lambda signal: str(signal["explanation"])),
    ]


class LinesView:
    """One line a signal; what is not a signal goes to standard error."""

    def __init__(self, console: Console, notes: Console) -> None:
        self._console, self._notes = console, notes
        self._columns = signal_columns()
        console.print(line(self._columns, None), soft_wrap=True)

    def __enter__(self) -> "LinesView":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, event: StreamEvent | Cut) -> None:
        """Show an event."""
        if isinstance(event, Cut):
            self._notes.print(note(event), soft_wrap=True)
        elif event.name == "signal":
            self._console.print(line(self._columns, event.data), soft_wrap=True)
        elif event.name in ("snapshot", "reset"):
            self._notes.print(note(event), soft_wrap=True)


class LiveView:
    """A table with the newest signal of each symbol, the latest transitions first; these also scroll by above it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._columns = signal_columns()
        self._newest: dict[str, Mapping[str, Any]] = {}
        self._turned: dict[str, str] = {}
        self._state = Text("connecting …", "dim")
        self._live = Live(Text(""), console=console, refresh_per_second=4, get_renderable=self._table)

    def __enter__(self) -> "LiveView":
        self._live.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.__exit__(None, None, None)

    def show(self, event: StreamEvent | Cut) -> None:
        """Show an event."""
        if isinstance(event, Cut) or event.name in ("snapshot", "reset"):
            self._state = note(event)
        if isinstance(event, Cut):
            return
        if event.name == "snapshot":
            self._newest = {signal["symbol"]: signal for signal in event.data["signals"]}
            self._turned = {name: signal["timestamp"] for name, signal in self._newest.items() if signal["transition"]}
        elif event.name == "signal":
            signal = event.data
            if signal["timestamp"] >= self._newest.get(signal["symbol"], signal)["timestamp"]:
                self._newest[signal["symbol"]] = signal
            if signal["transition"]:
                self._turned[signal["symbol"]] = signal["timestamp"]
                self._live.console.print(line(self._columns, signal), soft_wrap=True)
            self._state = Text(f"live, {len(self._newest):,} symbols", "green")

    def _table(self) -> Group:
        names = sorted(self._newest)
        names.sort(key=lambda name: self._turned.get(name, ""), reverse=True)
        shown = names[: max(1, self._console.size.height - _FRAME)]
        rows = [line(self._columns, self._newest[name]) for name in shown]
        for row in rows:
            row.truncate(self._console.width, overflow="ellipsis")
        left = len(names) - len(shown)
        more = [Text(f"and {left:,} more symbols; name some to see only them", "dim")] if left else []
        return Group(Text(""), line(self._columns, None), *rows, *more, self._state)


def note(event: StreamEvent | Cut) -> Text:
    """A sentence for an event that is not a signal."""
    if isinstance(event, Cut):
        return Text(visible(f"Cut off, trying again: {event.reason}"), "red")
    if event.name == "reset":
        return Text(visible(f"Beginning again: {event.data['reason']}"), "yellow")
    data = event.data
    run = f"run {data['run_id']} ({data['run_reason']})" if data["run_id"] else f"no run: {data['run_reason']}"
    text = Text(visible(f"Watching {run}, {len(data['signals']):,} symbols"))
    away = [f"{each['partition']} {each['status']}" for each in data["partitions"] if each["status"] != "active"]
    return text.append(f"; incomplete: partitions {', '.join(away)}", "red") if away else text


def _action(signal: Mapping[str, Any]) -> Text:
    before = signal["previous_action"]
    text = Text(f"{before}→" if signal["transition"] and before else "", "dim")
    return text.append(str(signal["action"]), _STYLES.get(signal["action"], ""))


def _origin(origin: str) -> Text:
    return Text("SYNTHETIC", "black on yellow") if origin == "synthetic" else Text(origin)
