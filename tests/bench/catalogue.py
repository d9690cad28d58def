"""The loads by name, and how each is measured."""

from tests.bench.burst import BURST, BURSTS
from tests.bench.figures import Kind
from tests.bench.latency import LATENCY
from tests.bench.loads import Load
from tests.bench.recovery import RECOVERY
from tests.bench.throughput import THROUGHPUT

#: As many bars as a window holds, and a few more.
FULL = 62

_CATALOGUE: list[tuple[Load, Kind]] = [
    (Load("wide", symbols=11_000, bars_each=20), THROUGHPUT),  # every US stock, for twenty minutes
    (Load("deep", symbols=3, bars_each=20_000), THROUGHPUT),  # a replay of ten weeks
    (Load("mid", symbols=500, bars_each=440), THROUGHPUT),  # an index, for a session and a bit
    (Load("burst", symbols=11_000, bars_each=FULL + BURSTS), BURST),
    (Load("latency", symbols=10, bars_each=40), LATENCY),
    (Load("session", symbols=1000, bars_each=390), RECOVERY),
    (Load("recovery", symbols=11_000, bars_each=FULL), RECOVERY),
]

LOADS: dict[str, Load] = {load.name: load for load, _ in _CATALOGUE}

KINDS: dict[str, Kind] = {load.name: kind for load, kind in _CATALOGUE}
