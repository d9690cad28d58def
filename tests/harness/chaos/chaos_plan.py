"""What a run does, and what came of it."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.avro.serde import Encoder
from tests.harness.chaos.chaos_faults import CHANCES, FaultKind
from tests.harness.chaos.crew import Footprint
from tests.harness.chaos.hostile_bars import HostileBars, Item
from tests.harness.chaos.round import Round

#: Gives the items of a round, given its run's id, an encoder and a seed; None when there are no more.
Tapes = Callable[[str, Encoder, int], Callable[[], Item | None]]


def endless(symbols: int) -> Tapes:
    """Bars as they come in bad times, of so many symbols."""
    names = [f"S{number:04d}" for number in range(symbols)]
    return lambda run_id, encoder, seed: HostileBars(run_id, names, encoder, seed).next


@dataclass(frozen=True, slots=True)
class ChaosPlan:
    """What a run does; rates are records a second."""

    faults: int
    seed: int
    minutes: float | None = None
    each_round: int = 25
    workers: int = 3
    rate: float = 400.0
    tapes: Tapes = field(default_factory=lambda: endless(60))
    kinds: Collection[FaultKind] = tuple(CHANCES)
    #: To these workers nothing happens.
    spared: frozenset[str] = frozenset()
    #: Seconds between two faults; drawn, too, unless given.
    pause: float | None = None
    settings: Mapping[str, Any] = field(default_factory=lambda: {"partitions": 6, "batch_max": 500})


@dataclass
class ChaosResult:
    """What happened, and what was wrong."""

    seconds: float = 0.0
    faults: Counter[FaultKind] = field(default_factory=Counter)
    rounds: list[Round] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    footprints: list[Footprint] = field(default_factory=list)
    disks: list[tuple[int, int]] = field(default_factory=list)
    settled: list[float] = field(default_factory=list)
    starts: int = 0
    found_no_broker: int = 0
    producers_replaced: int = 0
