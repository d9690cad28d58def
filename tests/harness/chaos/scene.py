"""Lets faults happen, and ends those that last."""

import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from time import monotonic

from confluent_kafka import KafkaException

from app.engine.failpoints import Failpoint
from app.kafka.broker import BrokerUnavailable
from app.settings import Settings
from tests.harness.chaos.chaos_cluster import ChaosCluster, abort_records
from tests.harness.chaos.chaos_faults import Drawn, FaultKind
from tests.harness.chaos.crew import STOPPED, Crew
from tests.harness.crashing.order import IN_THE_LOOP, CrashFault, Order, Orders

#: An order that no batch has come up to by then is withdrawn: not every batch has every point.
ORDER_SECONDS = 20.0

#: A worker that has taken an order has noted it by then.
NOTED_SECONDS = 5.0

AT_POINTS = {
    FaultKind.POINT_KILL: CrashFault.KILL,
    FaultKind.POINT_PAUSE: CrashFault.STOP,
    FaultKind.POINT_TERM: CrashFault.TERM,
    FaultKind.POINT_RAISE: CrashFault.RAISE,
    FaultKind.POINT_STALL: CrashFault.STALL,
}
CODES = {
    CrashFault.KILL: {-signal.SIGKILL},
    CrashFault.TERM: STOPPED,
    CrashFault.RAISE: {1},
    CrashFault.STOP: frozenset[int](),
}

OF_THE_BROKER = frozenset(
    {
        FaultKind.BROKER_RESTART,
        FaultKind.BROKER_AWAY,
        FaultKind.BROKER_HANG,
        FaultKind.BROKER_HANG_LONG,
        FaultKind.BROKER_SLOW,
    }
)
NEED_THE_BROKER = frozenset({*OF_THE_BROKER, FaultKind.ABORTED})
OF_A_WORKER = frozenset(
    {
        FaultKind.KILL,
        FaultKind.KILL_LATER,
        FaultKind.LOSE_DISK,
        FaultKind.PAUSE,
        FaultKind.PAUSE_LONG,
        FaultKind.TERM,
        FaultKind.LEAVE,
    }
)


@dataclass
class Lasting:
    """A fault that ends at some time, by being undone."""

    kind: FaultKind
    until: float
    undo: Callable[[], None]
    #: What keeps it going, called often.
    keep_up: Callable[[], None] = lambda: None


@dataclass
class Scene:
    """A cluster and a crew, and what is wrong with them just now."""

    cluster: ChaosCluster
    crew: Crew
    settings: Settings
    orders_folder: Path
    #: Nothing happens to these but pauses.
    spared: frozenset[str] = frozenset()
    lasting: list[Lasting] = field(default_factory=list)
    #: The point order that waits to be carried out.
    ordered: Drawn | None = None
    ordered_at: float = 0.0

    def __post_init__(self) -> None:
        self._orders = Orders(self.orders_folder)
        self._told: list[str] = []
        # Who carries out an order notes it first, so it is known by then.
        self.crew.on_surprise = self._look_for_strike

    def possible(self) -> set[FaultKind]:
        """What may happen now."""
        open_kinds = {each.kind for each in self.lasting}
        kinds = set(FaultKind) - open_kinds
        if open_kinds & OF_THE_BROKER:
            kinds -= NEED_THE_BROKER
        if not self._targets():
            kinds -= {*OF_A_WORKER, FaultKind.KILL_ALL}
        if len(self.crew.working()) < 2:
            kinds -= {FaultKind.LEAVE}
        if not self.crew.away():
            kinds -= {FaultKind.JOIN}
        if self.ordered is not None or FaultKind.POINT_STALL in open_kinds or not self._targets():
            kinds -= AT_POINTS.keys()
        return kinds

    def strike(self, drawn: Drawn) -> str:
        """Let a fault happen; returns to what, in words."""
        kind, seconds = drawn.kind, drawn.seconds
        if kind in AT_POINTS:
            self._orders.give(Order(point_of(drawn), AT_POINTS[kind], drawn.batch))
            self.ordered, self.ordered_at = drawn, monotonic()
            return point_of(drawn)
        if kind in OF_A_WORKER:
            return self._strike_worker(drawn, drawn.choose(self._targets()))
        match kind:
            case FaultKind.JOIN:
                name = drawn.choose(self.crew.away())
                self.crew.join(name)
                return name
            case FaultKind.BROKER_RESTART | FaultKind.BROKER_AWAY:
                self.cluster.kill_broker()
                self._lasts(drawn, self.cluster.start_broker)
            case FaultKind.BROKER_HANG | FaultKind.BROKER_HANG_LONG:
                self.cluster.pause_broker()
                self._lasts(drawn, self.cluster.resume_broker)
            case FaultKind.BROKER_SLOW:
                self._lasts(drawn, self.cluster.resume_broker, self.cluster.slow_broker)
            case FaultKind.REGISTRY_AWAY:
                self.cluster.kill_registry()
                self._lasts(drawn, self.cluster.start_registry)
            case FaultKind.KILL_ALL:
                names = self._targets()
                for name in names:
                    self.crew.kill(name, seconds)
                return f"{', '.join(names)}, {seconds:.1f} s"
            case _:
                abort_records(self.settings, b"S0000", b"taken back", count=100)
                return "100 records"
        return f"{seconds:.1f} s"

    def tend(self) -> list[str]:
        """End what is over, see to the workers; returns what became of orders."""
        self._look_for_strike()
        self.crew.tend()
        for each in self.lasting:
            each.keep_up()
        self._end(monotonic())
        told, self._told = self._told, []
        return told

    def end_all(self) -> None:
        """Everything works again; returns when the broker and the registry do."""
        self._withdraw()
        self._end(inf)
        self.cluster.wait_well()
        self._end(inf)
        self.crew.join_all()

    def _targets(self) -> list[str]:
        return [name for name in self.crew.working() if name not in self.spared]

    def _strike_worker(self, drawn: Drawn, name: str) -> str:
        match drawn.kind:
            case FaultKind.PAUSE | FaultKind.PAUSE_LONG:
                self.crew.pause(name, drawn.seconds)
            case FaultKind.TERM:
                self.crew.stop(name, drawn.seconds)
            case FaultKind.LEAVE:
                self.crew.stop(name, inf)
            case _:
                self.crew.kill(name, drawn.seconds, disk_lost=drawn.kind is FaultKind.LOSE_DISK)
        return f"{name}, {drawn.seconds:.1f} s"

    def _lasts(self, drawn: Drawn, undo: Callable[[], None], keep_up: Callable[[], None] = lambda: None) -> None:
        self.lasting.append(Lasting(drawn.kind, monotonic() + drawn.seconds, undo, keep_up))

    def _end(self, now: float) -> None:
        for each in [each for each in self.lasting if each.until <= now]:
            # What the broker must be asked for waits until it answers.
            with suppress(KafkaException, BrokerUnavailable):
                each.undo()
                self.lasting.remove(each)

    def _look_for_strike(self) -> None:
        """Note what became of the order, once something has."""
        drawn = self.ordered
        if drawn is None:
            return
        struck = self._orders.struck()
        if struck is None:
            if monotonic() - self.ordered_at > ORDER_SECONDS and self._orders.withdraw():
                self.ordered = None
                self._told.append(f"no batch came to {point_of(drawn)}: withdrawn")
            return
        self.ordered = None
        fault = struck.order.fault
        if fault is CrashFault.STALL:
            self._lasts(drawn, self._orders.release)
            member = self.crew.by_pid(struck.pid)
            name = member and member.name
        else:
            name = self.crew.struck(struck.pid, CODES[fault], drawn.seconds)
        self._told.append(f"{name} at {struck.topic}[{struck.partition}]@{struck.start}..{struck.end - 1}")

    def _withdraw(self) -> None:
        """Take the order back; a worker that was first notes that at once, unless something else ends it."""
        until = monotonic() + NOTED_SECONDS
        while self.ordered is not None and not self._orders.withdraw() and monotonic() < until:
            self._look_for_strike()
        self.ordered = None


def point_of(drawn: Drawn) -> Failpoint:
    """Where the fault comes: only a thread can stand still, so not in the event loop."""
    stalls_in_loop = drawn.kind is FaultKind.POINT_STALL and drawn.point in IN_THE_LOOP
    return Failpoint.BEFORE_COMMIT if stalls_in_loop else drawn.point
