"""The tables and sums of docs/performance.md."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tests.bench.ratio import COMPARED, OURS, ours
from tests.bench.saved import Saved, Spread
from tests.bench.svg import ChartBar

NOT_MEASURED = "(not measured)"

#: The whole US market, and the minutes of a regular session.
MARKET_SYMBOLS, SESSION_MINUTES = 11_000, 390

KEEP_BARS = 800


class PageColumn(NamedTuple):
    """A figure of a load as a column, and how to write it."""

    title: str
    load: str
    key: str
    form: str


def table(saved: Saved, columns: Sequence[PageColumn]) -> str:
    """A row a system that has any of it: medians, and the range in brackets where there were several runs."""
    systems = dict.fromkeys(system for column in columns for system in saved.measured(column.load))
    if not systems:
        return NOT_MEASURED
    rows = [
        [
            _named(saved, system),
            saved.systems[system]["delivery"],
            *(_cell(saved, column, system) for column in columns),
        ]
        for system in [*ours(systems), *(name for name in systems if name not in ours(systems))]
    ]
    return _markdown(["", "delivery", *(column.title for column in columns)], rows)


def times_table(saved: Saved) -> str:
    """How many times each other system's rate ours is, with as many processes as were best for the load."""
    best = {load: saved.best_of_ours(load) for load in COMPARED}
    systems = dict.fromkeys(system for load in COMPARED for system in saved.measured(load))
    rows = []
    for system in [name for name in systems if name not in ours(systems)]:
        row = [saved.title(system)]
        for load in COMPARED:
            mine, other = saved.median(load, best[load], "rate"), saved.median(load, system, "rate")
            row.append(f"{mine / other:.2f}" if mine and other else "-")
        rows.append(row)
    heads = [f"{load}, {saved.title(name)}" if (name := best[load]) else load for load in COMPARED]
    return _markdown(["times faster than", *heads], rows) if rows else NOT_MEASURED


def bars(saved: Saved, load: str, key: str, form: str) -> list[ChartBar]:
    """The rows of a plot, in the order of the table."""
    found = []
    for system in saved.measured(load):
        spread = saved.spread(load, system, key)
        if spread:
            said = format(spread.median, form)
            found.append(
                ChartBar(saved.title(system), spread.median, spread.low, spread.high, system in ours([system]), said)
            )
    return found


def capacity(saved: Saved) -> dict[str, str]:
    """What the whole market, minute by minute and as a session replayed, asks of k workers."""
    burst = saved.median("burst", OURS, "seconds")
    one, two = saved.median("wide", OURS, "rate"), saved.median("wide", f"{OURS}-2", "rate")
    second = two / one if one and two else None
    bars_a_day = MARKET_SYMBOLS * SESSION_MINUTES
    changelog, signals = saved.median("burst", OURS, "disk_bytes"), saved.median("burst", OURS, "signals_bytes")
    memory, empty = saved.median("burst", OURS, "symbol_bytes"), saved.median("burst", OURS, "empty_mib")
    records, seconds = (saved.median("recovery", OURS, key) for key in ("changelog_records", "restoring"))
    restored = records / seconds if records and seconds else None
    return {
        "burst_share": _said(burst and 100 * burst / 60, ".1f", " %"),
        "second_worker": _said(second, ".2f"),
        "session_bars": f"{bars_a_day:,}",
        "session_one": _said(one and bars_a_day / one, ",.0f", " s"),
        "session_two": _said(two and bars_a_day / two, ",.0f", " s"),
        "changelog_day": _said(changelog and changelog * bars_a_day / 2**30, ".2f", " GiB"),
        "signals_day": _said(signals and signals * bars_a_day / 2**30, ".2f", " GiB"),
        "memory_market": _said(memory and empty and empty + memory * MARKET_SYMBOLS / 2**20, ",.0f", " MiB"),
        "symbol_kib": _said(memory and memory / 1024, ".1f", " KiB"),
        "rows_kept": f"{MARKET_SYMBOLS * KEEP_BARS:,}",
        "restore_rate": _said(restored, ",.0f", " rows a second"),
        "restore_all": _said(restored and MARKET_SYMBOLS * KEEP_BARS / restored, ",.0f", " s"),
    }


def memory_table(saved: Saved) -> str:
    """The worker's memory by symbols with full windows."""
    rows = []
    for load in ("burst-1000", "burst-4000", "burst"):
        empty, full, each = (saved.median(load, OURS, key) for key in ("empty_mib", "full_mib", "symbol_bytes"))
        if empty is not None and full is not None and each is not None:
            symbols, _ = saved.size(load, OURS)
            rows.append([f"{symbols:,}", f"{empty:,.0f}", f"{full:,.0f}", f"{each / 1024:.1f}"])
    return _markdown(["symbols", "MiB after one bar", "MiB in the end", "KiB a symbol"], rows) if rows else NOT_MEASURED


def void(saved: Saved, loads: Sequence[str]) -> Iterator[str]:
    """A line for each system with runs that do not count."""
    for load in loads:
        for system in saved.measured(load):
            if reasons := saved.void(load, system):
                first = reasons[0].splitlines()[0][:200]
                yield f"- {saved.title(system)}, {load}: {len(reasons)} void ({first})"


def _named(saved: Saved, system: str) -> str:
    share = saved.systems[system]["share"]
    title = f"**{saved.title(system)}**" if system in ours([system]) else saved.title(system)
    return title if share == 1.0 else f"{title} ({share:.0%} of the load)"


def _cell(saved: Saved, column: PageColumn, system: str) -> str:
    if system not in saved.measured(column.load):
        return "-"
    spread = saved.spread(column.load, system, column.key)
    if spread is None:
        return "void" if saved.void(column.load, system) else "-"
    return _spread(spread, column.form)


def _spread(spread: Spread, form: str) -> str:
    middle = format(spread.median, form)
    return middle if spread.runs == 1 else f"{middle} ({spread.low:{form}}–{spread.high:{form}})"  # noqa: RUF001


def _said(value: float | None, form: str, unit: str = "") -> str:
    return NOT_MEASURED if value is None else f"{value:{form}}{unit}"


def _markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
