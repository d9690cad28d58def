"""`make bench`: what one worker does, measured from outside: throughput, bursts, latency, recovery."""

import signal
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import click
from rich.console import Console

from app import stack
from app.errors import StocksError
from app.stack.ports import Ports, free_ports
from tests.bench import report
from tests.bench.catalogue import KINDS, LOADS
from tests.bench.check import WrongSignals
from tests.bench.profile import ProfilerMissing
from tests.bench.series import Bench
from tests.bench.trial import ROOT, Cluster, Variant
from tests.bench.worker import WorkerEnded, WorkerStuck


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
@click.option("--profile", "profiled", is_flag=True, help="One more run of each load under py-spy: where time goes.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
@click.option("--kafka", metavar="HOST:PORT", help="A broker to use instead of a temporary one of its own.")
@click.option("--schema-registry", metavar="URL", help="The registry to use with --kafka.")
def main(
    loads: Sequence[str],
    runs: int,
    shrink: int,
    changes: Sequence[str],
    against: Sequence[Path],
    profiled: bool,
    as_json: bool,
    kafka: str | None,
    schema_registry: str | None,
) -> None:
    """Measure LOADS (all unless named) end to end on one worker, with signals that are checked.

    wide is 11,000 symbols with 20 bars each, deep 3 with 20,000, mid 500 with 440. All bars are sent first; then a
    worker starts. Its time runs from its log line "Worker ready" until a consumer of committed records has the
    last signal.

    burst fills 11,000 windows, and then sends a bar of each symbol at once, several times. latency times each bar
    of a quiet stream.

    session (1,000 symbols with 390 bars) and recovery (11,000 with 62) kill the worker twice, the second time with
    its disk, and compare its restoring with bare consumers of the same changelogs.

    With --against, the trees run in turns, and ratios of the medians end the report: this tree's by the other's.
    """
    if bool(kafka) != bool(schema_registry):
        raise click.UsageError("--kafka and --schema-registry go together")
    settings = dict(_setting(change) for change in changes)
    variants = {tree.name: Variant(tree, settings) for tree in (ROOT, *against)}
    if len(variants) <= len(against):
        raise click.UsageError("the trees need folders of different names")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupted)
    wanted = [LOADS[name].shrunk(shrink) for name in loads or LOADS]
    try:
        with tempfile.TemporaryDirectory(prefix="stocks-bench-") as temporary:
            directory = Path(temporary)
            with _cluster(directory / "stack", kafka, schema_registry) as cluster:
                bench = Bench(cluster, directory, Console(stderr=True))
                measured = bench.measure(wanted, runs, variants)
                profiles = bench.profile(wanted, variants) if profiled else {}
    except (StocksError, WorkerEnded, WorkerStuck, WrongSignals, ProfilerMissing) as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        raise click.Abort from None
    if as_json:
        click.echo(report.as_json(measured, KINDS, profiles))
        return
    console = Console()
    report.show(measured, KINDS, console)
    for load, found in profiles.items():
        report.show_profile(load, found, console)
    for line in report.ratios(measured, KINDS):
        console.print(line, soft_wrap=True, highlight=False)


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
def _cluster(stack_dir: Path, kafka: str | None, schema_registry: str | None) -> Iterator[Cluster]:
    """The cluster named, or a local stack that is gone afterwards."""
    if kafka and schema_registry:
        yield Cluster(kafka, schema_registry)
        return
    stack_dir.mkdir()
    # Preferred to the usual ports, which a developer's own stack may use.
    Ports(*free_ports(2)).save(stack_dir)
    try:
        started = stack.start(stack_dir)
        yield Cluster(started.kafka, started.schema_registry, stack_dir, started.kafka_pid)
    finally:
        stack.stop(stack_dir)


if __name__ == "__main__":
    main(prog_name="python -m tests.bench")
