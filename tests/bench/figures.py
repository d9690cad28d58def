"""What a kind of measurement shows of each run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.bench.recorded_bars import RecordedBars
from tests.bench.trial import Trial

MIB = 2**20


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a run's result, as it is shown; None where there is none. `compared` ones make the ratios.

    Its key is what JSON calls it, and what docs/performance.md is made by.
    """

    key: str
    title: str
    form: str
    value: Callable[[Any], float | None]
    compared: bool = False


@dataclass(frozen=True, slots=True)
class Measurement:
    """A way to measure: `run` is given a trial and a load's tape, and returns a dataclass.

    It raises WorkerEnded, WorkerStuck, and WrongSignals where the signals are not what the bars call for.
    """

    title: str
    run: Callable[[Trial, RecordedBars], Any]
    figures: Sequence[Figure]
    #: Whether peers can be measured so.
    for_peers: bool = True
