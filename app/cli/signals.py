"""`stocks signals`: the newest signals, of one symbol or of all."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import click

from app.cli.worker_api import WorkerApi, worker_options

_MOST_OF_ALL, _MOST_OF_ONE = 1000, 10_000


@click.command("signals")
@click.argument("symbol", required=False)
@click.option("--action", help="Only these actions, for example BUY,SELL.")
@click.option("--transitions", is_flag=True, help="Only signals whose action differs from the bar's before.")
@click.option("--latest", is_flag=True, help="Of each symbol its newest signal alone, if it matches.")
@click.option("--since", help="Only bars from this time on: 2024-11-14T14:30:00Z, or so long ago: 90m, 1h, 2d.")
@click.option("--until", help="Only bars before this time, given in the same ways.")
@click.option(
    "--limit", type=click.IntRange(min=1), help="At most so many, the newest.  [default: 20; with --since all]"
)
@worker_options
@click.option("--json", "as_json", is_flag=True, help="The answer of GET /signals as it came.")
@click.option("--csv", "as_csv", is_flag=True, help="A table for pandas and spreadsheets.")
def command(
    symbol: str | None,
    action: str | None,
    transitions: bool,
    latest: bool,
    since: str | None,
    until: str | None,
    limit: int | None,
    run: str | None,
    url: str | None,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Print the newest signals, of one symbol or of all, each with its reason.

    A worker must run. "Ago" counts from now for a live run, and from the end
    of the newest bar for a replay.

    What turned to BUY in the last hour: stocks signals --action BUY --transitions --since 1h
    """
    from app.cli.ago import moment, now_of_run
    from app.cli.listing import answer_or_echoed, listing
    from app.cli.watch_view import signal_columns

    if as_json and as_csv:
        raise click.UsageError("--json and --csv do not go together: take one")
    if symbol and latest:
        raise click.UsageError("--latest is for all symbols: of one symbol, --limit 1 gives the newest")
    api = WorkerApi(url)
    most = _MOST_OF_ONE if symbol else _MOST_OF_ALL
    query: dict[str, Any] = {
        "action": action,
        "transitions": "true" if transitions else None,
        "latest": "true" if latest else None,
        "since": moment(since, lambda: now_of_run(api, run)),
        "until": moment(until, lambda: now_of_run(api, run)),
        "limit": limit or (most if since else 20),
        "run": run,
    }
    path = f"/signals/{quote(symbol, safe='')}" if symbol else "/signals"
    answer = answer_or_echoed(api, path, query, as_json=as_json, as_csv=as_csv)
    if answer is None:
        return
    listing(signal_columns(), answer["signals"], notes(answer, query["since"]))


def notes(answer: dict[str, Any], since: str | None) -> Iterator[str]:
    """Notes on the list: which run it shows, and what it leaves out."""
    shown, total = len(answer["signals"]), answer["total"]
    since_when = f" since {since}" if since else ""
    if answer["run_id"] is None:
        yield "There is no run yet: start a producer, for example with `make replay`."
        return
    run = f"run {answer['run_id']} ({answer['run_reason']})"
    if not total:
        yield f"No signal matches{since_when}, in {run}."
    else:
        yield f"{shown:,} of {total:,} that match{since_when}, in {run}."
    if answer["synthetic"]:
        yield "SYNTHETIC: made up by this project, not market data."
    if not answer["complete"]:
        away = [
            f"{each['partition']} is {each['status']}" for each in answer["partitions"] if each["status"] != "active"
        ]
        yield f"INCOMPLETE: partition {', '.join(away)}."
