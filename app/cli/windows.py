"""`stocks windows`: the bars of a symbol."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from app.cli.worker_api import WorkerApi, worker_options

if TYPE_CHECKING:
    from app.cli.table_columns import Column

_MOST = 10_000


@click.command("windows")
@click.argument("symbol")
@click.option("--day", is_flag=True, help="Only the session of the newest bar.")
@click.option("--since", help="Only bars from this time on: 2024-11-14T14:30:00Z, or so long ago: 90m, 1h, 2d.")
@click.option(
    "--limit", type=click.IntRange(1, _MOST), help="At most so many, the newest.  [default: 20; with a time all]"
)
@worker_options
@click.option("--json", "as_json", is_flag=True, help="The answer of GET /windows/SYMBOL as it came.")
@click.option("--csv", "as_csv", is_flag=True, help="A table for pandas and spreadsheets.")
def command(
    symbol: str,
    day: bool,
    since: str | None,
    limit: int | None,
    run: str | None,
    url: str | None,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Print a symbol's bars, oldest first, then its indicators, its day, and which worker has it.

    A worker must run. "Ago" counts from now for a live run, and from the end
    of the newest bar for a replay.
    """
    from app.cli.ago import moment, now_of_run
    from app.cli.listing import answer_or_echoed, listing

    if as_json and as_csv:
        raise click.UsageError("--json and --csv do not go together: take one")
    if day and since:
        raise click.UsageError("--day and --since do not go together: take one")
    api = WorkerApi(url)
    path = f"/windows/{quote(symbol, safe='')}"
    start = _session_start(api, path, run) if day else moment(since, lambda: now_of_run(api, run))
    query = {"since": start, "limit": limit or (_MOST if start else 20), "run": run}
    answer = answer_or_echoed(api, path, query, as_json=as_json, as_csv=as_csv)
    if answer is None:
        return
    listing(bar_columns(), answer["bars"], notes(answer, api.json("/worker")["partitions"]))


def _session_start(api: WorkerApi, path: str, run: str | None) -> str:
    """When the session of the newest bar opened; outside the calendar's years, that day's midnight (UTC)."""
    from app.calendar.sessions import sessions
    from app.times import from_iso, iso

    newest = api.json(path, {"limit": 1, "run": run})["bars"][-1]["timestamp"]
    opened, _ = sessions().around(from_iso(newest))
    return f"{newest[:10]}T00:00:00Z" if opened is None else iso(opened)


def bar_columns() -> "list[Column]":
    """The columns of a bar as the API answers it."""
    from app.cli.table_columns import Column, origin_cell

    def number(name: str, width: int, digits: int) -> Column:
        return Column(name, -width, lambda bar: "-" if bar[name] is None else f"{bar[name]:.{digits}f}")

    return [
        Column("bar (UTC)", 20, lambda bar: str(bar["timestamp"])),
        *(number(name, 9, 2) for name in ("open", "high", "low", "close")),
        number("volume", 10, 0),
        number("vwap", 9, 2),
        Column("gap", -4, lambda bar: "-" if bar["gap_minutes"] is None else str(bar["gap_minutes"])),
        Column("rev", -3, lambda bar: str(bar["revision"])),
        Column("origin", 9, origin_cell),
    ]


def notes(answer: dict[str, Any], partitions: list[dict[str, Any]]) -> Iterator[str]:
    """Notes on the bars: all of them as one bar, the newest indicators, and up to which record the worker has read."""
    bars = answer["bars"]
    yield f"{answer['symbol']} in run {answer['run_id']} ({answer['run_reason']})"
    if answer["synthetic"]:
        yield "SYNTHETIC: made up by this project, not market data."
    if bars:
        yield (
            f"{len(bars):,} {'bar' if len(bars) == 1 else 'bars'}, {bars[0]['timestamp']} to {bars[-1]['timestamp']}: "
            f"open {bars[0]['open']:.2f}, high {max(bar['high'] for bar in bars):.2f}, "
            f"low {min(bar['low'] for bar in bars):.2f}, close {bars[-1]['close']:.2f}, "
            f"volume {sum(bar['volume'] for bar in bars):,.0f}"
        )
    else:
        yield "No bar since then."
    if found := answer["indicators"]:
        values = (("SMA fast", found["sma_fast"]), ("SMA slow", found["sma_slow"]), ("RSI", found["rsi"]))
        said = ", ".join(f"{name} {'not yet' if value is None else f'{value:.2f}'}" for name, value in values)
        yield f"{said}, as of {found['timestamp']}"
    if position := answer["position"]:
        number = position["partition"]
        owner = next((each["owner"] for each in partitions if each["partition"] == number), None)
        place = f"{position['topic']}[{number}]@{position['offset']}"
        yield f"read up to {place}; partition {number} is with {owner or 'no worker that is known'}"
