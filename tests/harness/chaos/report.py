"""A run's result, for people."""

from collections.abc import Iterator
from dataclasses import fields

from tests.harness.chaos.chaos_plan import ChaosResult
from tests.harness.chaos.round import Round

SHOWN = 20
MB = 1_000_000


def summary(result: ChaosResult) -> str:
    """All figures, and the first problems."""
    return "\n".join(_lines(result))


def _lines(result: ChaosResult) -> Iterator[str]:
    rounds = result.rounds
    total = {
        each.name: sum(getattr(found, each.name) for found in rounds)
        for each in fields(Round)
        if isinstance(each.default, int)
    }
    yield f"{result.faults.total()} faults in {result.seconds:.0f} s, {len(rounds)} rounds"
    yield from (f"  {count:4d} {kind}" for kind, count in sorted(result.faults.items()))
    yield ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in total.items())
    yield f"{result.starts} workers started, {result.found_no_broker} of them ended as there was no broker"
    yield f"{result.producers_replaced} of the test's producers replaced"
    if result.settled:
        yield f"settled within {max(result.settled):.0f} s"
    if result.footprints:
        most = {name: max(getattr(each, name) for each in result.footprints) for name in ("rss", "threads", "files")}
        yield f"a worker has at most {most['rss'] / MB:.0f} MB, {most['threads']} threads, {most['files']} files open"
    if result.disks:
        files, size = map(max, zip(*result.disks, strict=True))
        yield f"a data folder has at most {files} files, {size / MB:.0f} MB"
    yield f"{len(result.problems)} problems"
    yield from (f"  {each}" for each in result.problems[:SHOWN])
