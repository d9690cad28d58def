"""`stocks explain`: the numbers from which a signal follows."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import click

from app.cli.worker_api import WorkerApi, worker_options
from app.terminal.visible import visible


@click.command("explain")
@click.argument("symbol")
@click.option("--at", help="Start of the bar, such as 2024-11-14T15:29:00Z; without it, the newest.")
@worker_options
@click.option("--json", "as_json", is_flag=True, help="The answer of GET /signals/SYMBOL/explain as it came.")
def command(symbol: str, at: str | None, run: str | None, url: str | None, as_json: bool) -> None:
    """Say from which numbers a signal follows, so that each can be computed again by hand.

    A worker must run; any of several asks the one that has the symbol.
    """
    data = WorkerApi(url).json(f"/signals/{quote(symbol, safe='')}/explain", {"at": at, "run": run})
    click.echo(json.dumps(data, indent=2) if as_json else "\n".join(lines(data)))


def lines(data: dict[str, Any]) -> Iterator[str]:
    """The answer as lines for a person. Control characters in records are made visible, so they move no cursor."""
    yield from map(visible, _lines(data))


def _lines(data: dict[str, Any]) -> Iterator[str]:
    signal, rule, rsi, revision = data["signal"], data["rule"], data["rsi"], data["revision"]
    yield f"{data['symbol']}  {signal['timestamp']}  {signal['action']}: {signal['explanation']}"
    yield f"  run        {data['run_id']} ({data['run_reason']}), origin {signal['origin']}, source {signal['source']}"
    yield f"  rule       {rule['strategy']}: {rule['says']}"
    for name, average in (("SMA fast", data["sma_fast"]), ("SMA slow", data["sma_slow"])):
        yield from _average(name, average)
    yield from _rsi(rsi)
    if signal["own_indicators"]:
        yield f"  own        {', '.join(f'{name} {value!r}' for name, value in signal['own_indicators'].items())}"
    cause = revision["cause"]
    why = f", as the bar of {cause['timestamp']} was {cause['kind']} (origin {cause['origin']})" if cause else ""
    yield f"  revision   {revision['revision']}{why}"
    if position := data["position"]:
        place = f"{position['topic']}[{position['partition']}]@{position['offset']}"
        yield f"  read       up to {place}, as of now"


def _average(name: str, average: dict[str, Any]) -> Iterator[str]:
    closes = [close["close"] for close in average["closes"]]
    if average["value"] is None:
        yield f"  {name}   none: {len(closes)} of {average['period']} closes"
        return
    yield f"  {name}   {average['value']!r}: the sum of {average['period']} closes / {average['period']}"
    if not average["complete"]:
        yield f"             only {len(closes)} of the closes are still kept (KEEP_BARS)"
    for close in average["closes"]:
        yield f"             {close['timestamp']}  {close['close']!r}"


def _rsi(rsi: dict[str, Any]) -> Iterator[str]:
    period, before, seed = rsi["period"], rsi["previous"], rsi["seed"]
    value = rsi["value"]
    yield f"  RSI        {'none yet' if value is None else f'{value!r}: 100 x gain / (gain + loss)'}"
    if before:
        for name, change in (("gain", max(rsi["change"], 0.0)), ("loss", max(-rsi["change"], 0.0))):
            formula = {
                "sum": f"{before[name]!r} + {change!r}",
                "first": f"({before[name]!r} + {change!r}) / {period}",
                "recursion": f"({before[name]!r} x {period - 1} + {change!r}) / {period}",
            }[rsi["step"]]
            yield f"    {name}     {rsi[name]!r} = {formula}"
        yield f"    change   {rsi['change']!r}, from the close {before['close']!r} of {before['timestamp']}"
    where = seed["timestamp"] or "not kept, or still to come"
    yield f"    seeded   with bar {seed['bar']} of its series ({where}), which still weighs {seed['weight']:.3g}"
