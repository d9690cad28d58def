"""The loads by name, and how each is measured."""

from tests.bench.burst import BURST, BURSTS
from tests.bench.crash import CRASH
from tests.bench.figures import Measurement
from tests.bench.latency import LATENCY
from tests.bench.loads import Load
from tests.bench.page import PAGE
from tests.bench.readers import READERS
from tests.bench.recovery import RECOVERY
from tests.bench.throughput import THROUGHPUT

#: As many bars as a window holds, and a few more.
FULL = 62

_CATALOGUE: list[tuple[Load, Measurement]] = [
    (Load("wide", symbols=11_000, bars_each=100), THROUGHPUT),  # every US stock, for a hundred minutes
    (Load("deep", symbols=3, bars_each=73_000), THROUGHPUT),  # a replay of nine months
    (Load("mid", symbols=500, bars_each=440), THROUGHPUT),  # an index, for a session and a bit
    (Load("burst", symbols=11_000, bars_each=FULL + BURSTS), BURST),
    (Load("burst-4000", symbols=4000, bars_each=FULL + BURSTS), BURST),  # memory by symbols
    (Load("burst-1000", symbols=1000, bars_each=FULL + BURSTS), BURST),
    (Load("latency", symbols=10, bars_each=40), LATENCY),
    (Load("crash", symbols=500, bars_each=400), CRASH),
    (Load("readers", symbols=11_000, bars_each=FULL + BURSTS), READERS),
    (Load("page", symbols=11_000, bars_each=FULL + BURSTS), PAGE),
    (Load("session", symbols=1000, bars_each=390), RECOVERY),
    (Load("recovery", symbols=11_000, bars_each=FULL), RECOVERY),
]

LOADS: dict[str, Load] = {load.name: load for load, _ in _CATALOGUE}

KINDS: dict[str, Measurement] = {load.name: kind for load, kind in _CATALOGUE}

#: Of --quick, in which everything takes a few seconds; with the JVM only the first two, or it would not be quick.
QUICK: list[Load] = [
    Load("wide", symbols=2000, bars_each=40),
    Load("mid", symbols=500, bars_each=160),
    Load("deep", symbols=3, bars_each=25_000),
]
QUICK_ON_JVM = 2

#: Of --quick, for this project only: the one load whose time is what matters, so it keeps its size.
QUICK_BURST = Load("burst", symbols=11_000, bars_each=51 + BURSTS)
