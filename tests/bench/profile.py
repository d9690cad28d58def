"""Where a worker's time goes, from py-spy's samples: by kind of work, and by function.

A sample counts for the innermost frame that says what kind of work it is. C code
(fastavro, librdkafka's calls, RocksDB) counts for the Python function that called
it; librdkafka's and RocksDB's own threads are not seen here. Waiting is counted apart.
"""

import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

RATE_HZ = 100

WAITING = "(waiting)"
STARTUP = "(start and end)"
OTHER = "other"

#: Kinds of work, and what a frame, `function (file:line)`, of it holds: of this tree and of 0.1. The first that
#: fits counts.
KINDS: Sequence[tuple[str, Sequence[str]]] = (
    (WAITING, (".select (", "select (selectors", "_worker (concurrent/", "wait (threading.py")),
    (STARTUP, ("<module> (", "(<frozen importlib", "ensure_topics (", "sessions (app/", "(faust/stores/rocksdb.py")),
    (
        "fetch (aiokafka)",
        ("(aiokafka/", "(app/engine/fetcher.py", "(app/engine/offset_tracker.py", "(app/engine/spans.py"),
    ),
    ("Avro", ("(app/avro/", "(app/serde.py", "(app/kafka/record_encoder.py", "outgoing (app/engine/emitter.py")),
    ("bars", ("(app/avro/bars.py", "(app/avro/bar_batches.py", "bar_columns.py", "validation.py", "by_series (")),
    ("domain step", ("(app/domain/",)),
    ("table values", ("(tables/",)),
    ("produce", ("(app/engine/transaction.py", "(app/engine/delivery.py", "(confluent_kafka/")),
    ("RocksDB", ("(app/engine/table.py", "(app/engine/private.py")),
    ("web", ("(web/", "(uvicorn/", "(fastapi/", "(starlette/")),
    ("agents", ("(agents/", "(app/engine/processor.py", "(app/engine/work.py")),
    ("Faust", ("(faust/", "(mode/", "(app/engine/", "(app/metrics.py", "(prometheus_client/")),
    ("asyncio", ("(asyncio/", "(selectors.py", "(concurrent/")),
)


class ProfilerMissing(Exception):
    """py-spy is not installed."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Microseconds a bar, the most first: by thread and kind of work, and by function."""

    kinds: list[tuple[str, str, float]]
    functions: list[tuple[str, float]]


def command(output: Path) -> list[str]:
    """What to put before a command to have it sampled. Raises ProfilerMissing."""
    found = shutil.which("py-spy", path=str(Path(sys.executable).parent)) or shutil.which("py-spy")
    if found is None:
        raise ProfilerMissing("--profile needs py-spy: run `uv sync`")
    # Not to stop the worker for each sample matters more here than the few that fail.
    options = ["--nonblocking", "--threads", "--rate", str(RATE_HZ)]
    return [found, "record", "--format", "raw", *options, "--output", str(output), "--"]


def read(output: Path, bars: int) -> Profile:
    """The profile in py-spy's raw format, lines of `outermost;...;innermost samples`."""
    return summarize(output.read_text().splitlines(), 1e6 / RATE_HZ / bars)


def summarize(lines: Iterable[str], microseconds: float) -> Profile:
    """What the lines amount to, with so many microseconds a bar for each sample."""
    kinds: Counter[tuple[str, str]] = Counter()
    functions: Counter[str] = Counter()
    for line in lines:
        stack, _, samples = line.rpartition(" ")
        thread, *frames = stack.split(";")
        kind = kind_of(frames)
        kinds["main" if thread.endswith("MainThread") else "others", kind] += int(samples)
        if kind not in (STARTUP, WAITING) and frames:
            functions[frames[-1].rpartition(":")[0] + ")"] += int(samples)
    return Profile(
        [(thread, kind, samples * microseconds) for (thread, kind), samples in kinds.most_common()],
        [(function, samples * microseconds) for function, samples in functions.most_common()],
    )


def kind_of(frames: Sequence[str]) -> str:
    """The kind of work that a stack, outermost frame first, is at."""
    for frame in reversed(frames):
        for kind, marks in KINDS:
            if any(mark in frame for mark in marks):
                return kind
    return OTHER
