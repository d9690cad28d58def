"""`make bench`: this project beside others that do the same job: throughput, bursts, latency, recovery, crashes."""

import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import click
from rich.console import Console

from app import stack
from app.errors import StocksError
from app.kafka.local_cluster import Ports
from app.stack.ports import free_ports
from tests.bench import publish, report
from tests.bench.machine import machine, versions
from tests.bench.measured_loads import KINDS, LOADS, QUICK, QUICK_BURST, QUICK_ON_JVM
from tests.bench.peers.peer import PeerUnavailable
from tests.bench.profile import ProfilerMissing
from tests.bench.ratio import OURS, ratio_line
from tests.bench.results import as_json
from tests.bench.running import WorkerEnded, WorkerStuck
from tests.bench.series import BenchSeries
from tests.bench.systems import SameName, peers_of, variants_of
from tests.bench.trial import TrialCluster

#: Kafka's default, and so what clusters have: workers that start together share the partitions from their first fetch
#: on. The local stack does without, to start sooner. No system's start is counted.
BROKER = {"group.initial.rebalance.delay.ms": "3000"}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("loads", nargs=-1, type=click.Choice(list(LOADS)))
@click.option("--runs", default=3, show_default=True, type=click.IntRange(min=1), help="Runs of each load.")
@click.option("--shrink", default=1, type=click.IntRange(min=1), help="Divide the loads, for a quick look.")
@click.option("--set", "changes", multiple=True, metavar="NAME=VALUE", help="A setting, such as BATCH_MAX=5000.")
@click.option(
    "--against",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, resolve_path=True, path_type=Path),
    help="Another source tree, whose worker is run in turns with this one's (in this environment).",
)
@click.option(
    "--processes", multiple=True, type=click.IntRange(min=1), help="Also this project with so many workers, such as 2."
)
@click.option("--peers", "with_peers", is_flag=True, help="Beside the peers in Python.")
@click.option("--with-jvm", is_flag=True, help="Beside those in Java too: Kafka Streams and Flink. Needs a JDK.")
@click.option("--peer", "only", multiple=True, metavar="NAME", help="Of the peers only this one.")
@click.option("--quick", is_flag=True, help="All Python peers, small loads, one run, one line of ratios: some minutes.")
@click.option("--profile", "profiled", is_flag=True, help="One more run of each load under py-spy: where time goes.")
@click.option("--json", "as_json_text", is_flag=True, help="Print JSON instead of tables.")
@click.option(
    "--save", type=click.Path(dir_okay=False, path_type=Path), help="Write JSON to a file, for `publish` to read."
)
@click.option("--kafka", metavar="HOST:PORT", help="A broker to use instead of a temporary one of its own.")
@click.option("--schema-registry", metavar="URL", help="The registry to use with --kafka.")
def main(
    loads: Sequence[str],
    runs: int,
    shrink: int,
    changes: Sequence[str],
    against: Sequence[Path],
    processes: Sequence[int],
    with_peers: bool,
    with_jvm: bool,
    only: Sequence[str],
    quick: bool,
    profiled: bool,
    as_json_text: bool,
    save: Path | None,
    kafka: str | None,
    schema_registry: str | None,
) -> None:
    """Measure LOADS (all unless named) end to end, with each signal checked.

    wide is 11,000 symbols with 100 bars each, deep 3 with 73,000, mid 500 with 440. All bars are sent first; then
    the program starts. Its time runs from when it begins to fetch until a consumer of committed records has the
    last signal.

    burst fills 11,000 windows, and then sends a bar of each symbol at once, several times; burst-4000 and burst-1000
    do so with fewer. readers does it while the API is asked 50 times a second, page while a page is open, and times
    what that asks. latency times each bar of a quiet stream.

    crash kills the program in mid-run, starts it again, and counts records lost, doubled and wrong. session (1,000
    symbols with 390 bars) and recovery (11,000 with 62) kill our worker twice, the second time with its disk, and
    compare its restoring with bare consumers of the same changelogs.

    Systems run in turns, and ratios of the medians end the report: this project's by the other's. `publish FILE…`
    instead of LOADS makes docs/performance.md of what --save wrote.
    """
    if bool(kafka) != bool(schema_registry):
        raise click.UsageError("--kafka and --schema-registry go together")
    if quick and loads:
        raise click.UsageError("--quick has loads of its own: name none")
    settings = dict(_setting(change) for change in changes)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupted)
    wanted = QUICK[: QUICK_ON_JVM if with_jvm else None] if quick else [LOADS[name] for name in loads or LOADS]
    wanted = [load.shrunk(shrink) for load in wanted]
    where, what = machine(), versions(with_jvm=with_jvm)
    try:
        peers = peers_of(in_python=with_peers or quick or bool(only), on_jvm=with_jvm, only=only)
        variants = variants_of(settings, processes, against, peers)
        with tempfile.TemporaryDirectory(prefix="stocks-bench-") as temporary:
            directory = Path(temporary)
            with _cluster(directory / "stack", kafka, schema_registry) as cluster:
                bench = BenchSeries(cluster, directory, Console(stderr=True))
                for load in wanted:
                    bench.measure(load, 1 if quick else runs, variants)
                    # Whole benches take hours: what is done is kept.
                    _save(save, as_json(bench.measured, variants, {}, where, what))
                if quick:
                    bench.measure(QUICK_BURST.shrunk(shrink), 1, {OURS: variants[OURS]})
                profiles = bench.profile(wanted, variants) if profiled else {}
    except (StocksError, WorkerEnded, WorkerStuck, PeerUnavailable, ProfilerMissing, SameName) as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        raise click.Abort from None
    measured = bench.measured
    text = as_json(measured, variants, profiles, where, what)
    _save(save, text)
    if as_json_text:
        click.echo(text)
        return
    console = Console()
    report.show(measured.runs, KINDS, console)
    for title, found in profiles.items():
        report.show_profile(title, found, console)
    for line in [*report.ratios(measured.runs, KINDS), *report.void(measured.void), report.where(where, what)]:
        console.print(line, soft_wrap=True, highlight=False, markup=False)
    if peers:
        click.echo(ratio_line(measured.runs, [peer.name for peer in peers]))
    if any(measured.void[key] for key in measured.void if key[1] == OURS):
        raise click.ClickException("runs of this project are void: see above")


def _save(path: Path | None, text: str) -> None:
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")


def _interrupted(*_: object) -> NoReturn:
    """Once is enough: a second signal must not interrupt the ending of worker and stack."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _setting(change: str) -> tuple[str, str]:
    name, separator, value = change.partition("=")
    if not separator:
        raise click.UsageError(f"--set {change}: write NAME=VALUE")
    return name.upper(), value


@contextmanager
def _cluster(stack_dir: Path, kafka: str | None, schema_registry: str | None) -> Iterator[TrialCluster]:
    """The cluster named, or a local stack that is gone afterwards."""
    if kafka and schema_registry:
        yield TrialCluster(kafka, schema_registry)
        return
    stack_dir.mkdir()
    # Preferred to the usual ports, which a developer's own stack may use.
    Ports(*free_ports(2)).save(stack_dir)
    try:
        started = stack.start(stack_dir, broker=BROKER)
        yield TrialCluster(started.kafka, started.schema_registry, stack_dir, started.kafka_pid)
    finally:
        stack.stop(stack_dir)


if __name__ == "__main__":
    if sys.argv[1:2] == ["publish"]:
        publish.main(sys.argv[2:], prog_name="python -m tests.bench publish")
    main(prog_name="python -m tests.bench")
