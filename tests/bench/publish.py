"""docs/performance.md and its plots, from what a bench saved."""

from collections.abc import Sequence
from pathlib import Path
from string import Template

import click

from tests.bench.pages import (
    KEEP_BARS,
    MARKET_SYMBOLS,
    NOT_MEASURED,
    SESSION_MINUTES,
    PageColumn,
    bars,
    capacity,
    memory_table,
    table,
    times_table,
    void,
)
from tests.bench.ratio import COMPARED, OURS
from tests.bench.saved import NotSaved, Saved, load_saved
from tests.bench.svg import bar_chart
from tests.bench.trial import ROOT

_TEMPLATE = Path(__file__).with_name("performance.md")

_PLOTS = {
    "wide": ("rate", ",.0f", "{size}: bars a second"),
    "deep": ("rate", ",.0f", "{size}: bars a second"),
    "mid": ("rate", ",.0f", "{size}: bars a second"),
    "burst": ("seconds", ".2f", "A bar of each symbol at once: seconds"),
}


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--into", default=ROOT / "docs", type=click.Path(file_okay=False, path_type=Path), help="Another folder.")
def main(files: Sequence[Path], into: Path) -> None:
    """Make performance.md and its plots of what `--save` wrote; of a load in several FILES the last one counts."""
    try:
        saved = load_saved(files)
    except NotSaved as error:
        raise click.ClickException(str(error)) from None
    publish(saved, into)
    click.echo(f"{into / 'performance.md'}")


def publish(saved: Saved, into: Path) -> None:
    """Write the page and its plots."""
    plots = into / "performance"
    plots.mkdir(parents=True, exist_ok=True)
    for load, (key, form, title) in _PLOTS.items():
        (plots / f"{load}.svg").write_text(
            bar_chart(title.format(size=_size(saved, load)), bars(saved, load, key, form))
        )
    (into / "performance.md").write_text(page(saved))


def page(saved: Saved) -> str:
    """The page; a figure that is not there says so."""
    figures = {
        "machine": _machine(saved),
        "days": " and ".join(saved.days),
        "rounds": _rounds(saved),
        "cores": saved.machine["cores"],
        **{f"{load}_size": _size(saved, load) for load in COMPARED},
        "versions": ", ".join(f"{name} {version}" for name, version in saved.versions.items()),
        "throughput": table(saved, [PageColumn(load, load, "rate", ",.0f") for load in COMPARED]),
        "times_faster": times_table(saved),
        "cpu": table(saved, [PageColumn(load, load, "cpu", ".1f") for load in COMPARED]),
        "burst": table(
            saved,
            [
                PageColumn("burst, s", "burst", "seconds", ".2f"),
                PageColumn("burst, bars/s", "burst", "rate", ",.0f"),
                PageColumn("quiet, p50 ms", "latency", "topic_p50", ".0f"),
                PageColumn("quiet, p99 ms", "latency", "topic_p99", ".0f"),
                PageColumn("over HTTP, p99 ms", "latency", "http_p99", ".0f"),
            ],
        ),
        "crash": table(
            saved,
            [
                *(PageColumn(key, "crash", key, ",.0f") for key in ("lost", "doubled", "wrong")),
                PageColumn("s to the next signal", "crash", "back", ".1f"),
            ],
        ),
        "crash_bars": _figure(saved, "crash", "bars", ",.0f"),
        "readers_slower": _figure(saved, "readers", "slower", ".2f"),
        "readers_p50": _figure(saved, "readers", "answer_p50", ".1f"),
        "page_slowest": _figure(saved, "page", "slowest", ".0f", " ms"),
        "page_snapshot": _figure(saved, "page", "snapshot", ".0f", " ms"),
        "page_slower": _figure(saved, "page", "slower", ".2f"),
        "recovery_records": _figure(saved, "recovery", "changelog_records", ",.0f"),
        "recovery_lost": _figure(saved, "recovery", "lost_signal", ".1f", " s"),
        "recovery_kept": _figure(saved, "recovery", "kept_signal", ".1f", " s"),
        "memory": memory_table(saved),
        "disk": table(
            saved,
            [
                PageColumn("changelog records", "burst", "changelog_bytes", ",.0f"),
                PageColumn("changelogs on disk", "burst", "disk_bytes", ",.0f"),
                PageColumn("signals on disk", "burst", "signals_bytes", ",.0f"),
                PageColumn("memory a symbol", "burst", "symbol_bytes", ",.0f"),
            ],
        ),
        "symbols": f"{MARKET_SYMBOLS:,}",
        "minutes": str(SESSION_MINUTES),
        "keep_bars": str(KEEP_BARS),
        "void": _void(saved),
        **capacity(saved),
    }
    return Template(_TEMPLATE.read_text()).substitute(figures)


def _machine(saved: Saved) -> str:
    one = saved.machine
    said = f"{one['processor']}, {one['cores']} cores, {one['memory']}, {one['system']}."
    return said if saved.one_machine else f"{said} Not all of it ran on one machine: do not compare across tables."


def _size(saved: Saved, load: str) -> str:
    """The load as it was, which may have been made smaller."""
    if OURS not in saved.measured(load):
        return NOT_MEASURED
    symbols, bars_each = saved.size(load, OURS)
    return f"{symbols:,} symbols with {bars_each:,} bars each"


def _rounds(saved: Saved) -> str:
    counts = {spread.runs for load in saved.loads if (spread := saved.spread(load, OURS, "rate"))}
    return f"rounds of each load: {' or '.join(str(count) for count in sorted(counts)) or 'unknown'}"


def _figure(saved: Saved, load: str, key: str, form: str, unit: str = "") -> str:
    value = saved.median(load, OURS, key)
    return NOT_MEASURED if value is None else f"{value:{form}}{unit}"


def _void(saved: Saved) -> str:
    found = list(void(saved, [*COMPARED, "burst", "latency", "crash"]))
    return "\n".join(["", "## Runs that do not count", "", *found]) if found else ""
