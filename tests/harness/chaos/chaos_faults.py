"""Which fault comes next, and when: all of it follows from a seed."""

import random
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import NamedTuple

from app.engine.failpoints import Failpoint


class FaultKind(StrEnum):
    """What may happen."""

    KILL = "worker: kill -9"
    KILL_LATER = "worker: kill -9, started again after the session"
    LOSE_DISK = "worker: kill -9 and disk lost"
    PAUSE = "worker: paused, shorter than the session"
    PAUSE_LONG = "worker: paused beyond the session"
    TERM = "worker: SIGTERM, started again"
    LEAVE = "worker: SIGTERM, stays away"
    JOIN = "worker: joins"
    POINT_KILL = "named point: kill -9"
    POINT_PAUSE = "named point: paused beyond the session"
    POINT_TERM = "named point: SIGTERM"
    POINT_RAISE = "named point: an exception"
    POINT_STALL = "named point: its thread stands still beyond the transaction's time limit"
    BROKER_RESTART = "broker: kill -9 and started again"
    BROKER_AWAY = "broker: away, up to two minutes"
    BROKER_HANG = "broker: hangs, shorter than patience"
    BROKER_HANG_LONG = "broker: hangs beyond patience and session"
    BROKER_SLOW = "broker: slow, at work a fifth of the time"
    ABORTED = "broker: aborted bars in the raw topic"
    KILL_ALL = "all workers: kill -9, transactions open"
    REGISTRY_AWAY = "registry: killed and started again"


#: How often each comes, against the others, and for how many seconds it lasts.
CHANCES: Mapping[FaultKind, tuple[int, float, float]] = {
    FaultKind.KILL: (9, 0, 1),
    FaultKind.KILL_LATER: (3, 6, 10),
    FaultKind.LOSE_DISK: (6, 0, 2),
    FaultKind.PAUSE: (5, 0.2, 4),
    FaultKind.PAUSE_LONG: (8, 7, 20),
    FaultKind.TERM: (6, 0, 2),
    FaultKind.LEAVE: (3, 0, 0),
    FaultKind.JOIN: (6, 0, 0),
    FaultKind.POINT_KILL: (10, 0, 1),
    FaultKind.POINT_PAUSE: (8, 7, 20),
    FaultKind.POINT_TERM: (4, 0, 1),
    FaultKind.POINT_RAISE: (5, 0, 1),
    FaultKind.POINT_STALL: (4, 12, 20),
    FaultKind.BROKER_RESTART: (4, 0, 2),
    FaultKind.BROKER_AWAY: (1, 10, 120),
    FaultKind.BROKER_HANG: (5, 0.3, 4),
    FaultKind.BROKER_HANG_LONG: (4, 6, 15),
    FaultKind.BROKER_SLOW: (4, 5, 20),
    FaultKind.ABORTED: (4, 0, 0),
    FaultKind.KILL_ALL: (2, 0, 15),
    FaultKind.REGISTRY_AWAY: (4, 0, 15),
}

#: Between two faults on average; some come at once.
MEAN_SECONDS = 3.0
LONGEST_SECONDS = 10.0


class Drawn(NamedTuple):
    """A fault. `which` chooses among workers or topics, from 0 to 1; the rest is for named points only."""

    kind: FaultKind
    seconds: float
    wait: float
    which: float
    point: Failpoint
    batch: int

    def choose(self, among: Collection[str]) -> str:
        """One of these, by their names."""
        return sorted(among)[int(self.which * len(among))]


def draw(chance: random.Random, possible: Collection[FaultKind]) -> Drawn:
    """The next fault of those that are possible now; `wait` is how long to wait after it."""
    kinds = [kind for kind in FaultKind if kind in possible]
    (kind,) = chance.choices(kinds, [CHANCES[kind][0] for kind in kinds])
    _, shortest, longest = CHANCES[kind]
    return Drawn(
        kind,
        # Most are short: what lasts long lets little else happen.
        seconds=shortest + (longest - shortest) * chance.random() ** 2,
        wait=min(chance.expovariate(1 / MEAN_SECONDS), LONGEST_SECONDS),
        which=chance.random(),
        point=chance.choice(list(Failpoint)),
        batch=chance.randint(1, 4),
    )
