"""A long run: faults one after the other while bars are sent, and a judgement at each checkpoint."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep

from confluent_kafka import KafkaException

from app.avro.serde import Encoder
from app.kafka.clients import producer_config, registry
from app.kafka.topics import Topic
from tests.harness.chaos.audit import Audit
from tests.harness.chaos.bar_feed import BarFeed
from tests.harness.chaos.chaos_cluster import ChaosCluster
from tests.harness.chaos.chaos_faults import Drawn, draw
from tests.harness.chaos.chaos_plan import ChaosPlan, ChaosResult
from tests.harness.chaos.commits import Observer
from tests.harness.chaos.crew import NO_BROKER, Crew
from tests.harness.chaos.hostile_bars import Item
from tests.harness.chaos.leftovers import disk_use, strange_files
from tests.harness.chaos.round import Round
from tests.harness.chaos.scene import Scene
from tests.harness.chaos.tables import Expected, wrong_tables
from tests.harness.crashing.tables import wrong_disks
from tests.integration.deployment import Deployment
from tests.integration.fixtures_stack import LocalStack

#: Everything that was sent is through by then.
SETTLE_SECONDS = 300.0

LOOK_SECONDS = 0.1
REPORT_SECONDS = 10.0
SAMPLE_SECONDS = 1.0

#: A run whose bars end goes on with faults until so few records are left to do.
NEARLY_DONE = 5_000

Say = Callable[[str], None]


class Chaos:
    """One run on a stack of its own; `directory` takes data folders and logs."""

    def __init__(self, stack: LocalStack, directory: Path, plan: ChaosPlan, say: Say) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._plan = plan
        self._say = say
        self._chance = random.Random(plan.seed)
        kafka, schema_registry = stack.status.kafka, stack.status.schema_registry
        self._deployment = Deployment(kafka, schema_registry, directory, f"chaos{plan.seed}", **plan.settings)
        self._settings = self._deployment.settings
        self._deployment.send([])
        orders = directory / "orders"
        orders.mkdir()
        environment = {
            "KAFKA_BOOTSTRAP": kafka,
            "SCHEMA_REGISTRY_URL": schema_registry,
            "TOPIC_PREFIX": self._settings.topic_prefix,
            "SESSION_SECONDS": f"{self._settings.session_seconds:g}",
            "CRASHING_ORDERS": str(orders),
            **{name.upper(): str(value) for name, value in plan.settings.items()},
        }
        self._crew = Crew(directory, environment)
        self._crew.hire([f"w{number}" for number in range(plan.workers)])
        self._scene = Scene(ChaosCluster(stack), self._crew, self._settings, orders, plan.spared)
        self._audit = Audit(self._settings, say)
        self._encoder = registered(self._deployment)
        self._observer = Observer(self._settings)
        self._take: Callable[[], Item | None] = lambda: None
        self._feed = BarFeed(
            producer_config(self._settings), self._deployment.topics.raw.name, lambda: self._take(), plan.rate
        )
        self._expected: Expected = {}
        self._firsts = self._ends()
        self._result = ChaosResult()
        self._started_at = self._told_at = self._sampled_at = monotonic()
        self._number = 0

    def run(self) -> ChaosResult:
        """Run the plan. Raises AssertionError where it cannot go on."""
        result, plan = self._result, self._plan
        while result.faults.total() < plan.faults and not self._is_late() and not self._feed.exhausted:
            self._round(f"round-{len(result.rounds)}", min(plan.each_round, plan.faults - result.faults.total()))
            if result.problems:
                break
        else:
            self._restart_without_disks()
        self._end()
        result.seconds = monotonic() - self._started_at
        return result

    def close(self) -> None:
        """End whatever runs still."""
        with suppress(AssertionError):
            self._feed.stop()
        for member in self._crew.members.values():
            if member.worker is not None:
                member.worker.kill()
        self._observer.close()
        self._deployment.close()

    def _is_late(self) -> bool:
        minutes = self._plan.minutes
        return minutes is not None and monotonic() - self._started_at > 60 * minutes

    def _is_through(self) -> bool:
        if not self._feed.exhausted:
            return False
        lag = self._lag()
        return lag is not None and lag < NEARLY_DONE

    def _round(self, run_id: str, faults: int) -> None:
        self._take = self._plan.tapes(run_id, self._encoder, self._chance.getrandbits(32))
        first = self._feed.sent
        self._feed.start()
        for _ in range(faults):
            if self._is_late() or self._is_through():
                break
            self._strike()
        self._settle()
        found = self._judge(run_id, range(first, self._feed.sent))
        self._result.rounds.append(found)
        self._say(
            f"{run_id}: {found.records} records, {found.bars} bars, {found.poisoned} poisoned, {found.stale} stale, "
            f"{found.committed_signals} signals committed, {found.aborted_records} records of aborted attempts, "
            f"{found.observations} looks at commits, {len(self._result.problems)} problems"
        )

    def _strike(self) -> None:
        drawn: Drawn | None = None
        while drawn is None:
            possible = self._scene.possible() & set(self._plan.kinds)
            if possible:
                drawn = draw(self._chance, possible)
            else:
                self._tend()
        self._number += 1
        self._result.faults[drawn.kind] += 1
        self._say(f"fault {self._number}: {drawn.kind}: {self._scene.strike(drawn)}")
        until = monotonic() + (drawn.wait if self._plan.pause is None else self._plan.pause)
        while monotonic() < until:
            self._tend()

    def _tend(self) -> None:
        sleep(LOOK_SECONDS)
        for told in self._scene.tend():
            self._say(f"    {told}")
        for name, code, log in self._crew.ended:
            why = last_words(log)
            self._say(f"    {name} ended with {code}: {why}")
            # A worker that finds no broker as it starts says so and ends; nothing else ends one.
            if why.startswith(NO_BROKER):
                self._result.found_no_broker += 1
            else:
                self._result.problems.append(f"{name} ended by itself with {code}: {why}\n{log[-6000:]}")
        self._crew.ended.clear()
        if monotonic() - self._sampled_at > SAMPLE_SECONDS:
            self._sampled_at = monotonic()
            self._result.footprints += self._crew.footprints(self._sampled_at - self._started_at)
        if monotonic() - self._told_at > REPORT_SECONDS:
            self._told_at = monotonic()
            self._say(f"    {self._feed.sent} records sent, {self._crew.starts} workers started")

    def _settle(self) -> None:
        """Let everything come back, and wait until all that was sent is through."""
        started = monotonic()
        self._scene.end_all()
        self._feed.stop()
        # The group's offset may be seen before the outputs: a transaction's end is marked partition by partition.
        while (left := (self._lag(), self._undecided())) != (0, 0):
            self._tend()
            if monotonic() - started > SETTLE_SECONDS:
                raise AssertionError(f"lag and undecided are {left} after {SETTLE_SECONDS:g} s:\n{self._states()}")
        while not all(member.is_ready() for member in self._crew.members.values()):
            self._tend()
            if monotonic() - started > SETTLE_SECONDS:
                raise AssertionError(f"not all are ready after {SETTLE_SECONDS:g} s:\n{self._states()}")
        self._result.settled.append(monotonic() - started)

    def _judge(self, run_id: str, numbers: range) -> Round:
        ends = self._ends()
        spans = {
            topic: {partition: (first, ends[topic][partition]) for partition, first in firsts.items()}
            for topic, firsts in self._firsts.items()
        }
        found = self._audit.round(run_id, numbers, spans, self._observer.taken())
        self._firsts = ends
        self._expected = found.expected
        self._result.problems += [*found.problems, *self._wrong_tables(found.expected)]
        found.expected = {}
        self._result.disks += [disk_use(self._crew.directory / name) for name in self._crew.members]
        return found

    def _wrong_tables(self, expected: Expected) -> list[str]:
        """Asked for until it is right: workers learn only by and by who has which partition."""
        deadline = monotonic() + 30
        while True:
            urls = [member.url for member in self._crew.members.values() if member.worker is not None]
            problems = wrong_tables(urls, expected)
            if not problems or monotonic() > deadline:
                return problems
            self._tend()

    def _restart_without_disks(self) -> None:
        """What the changelogs alone give must be right, too."""
        for name in self._crew.members:
            self._crew.kill(name, 0.0, disk_lost=True)
        self._tend()
        self._settle()
        self._result.problems += self._wrong_tables(self._expected)

    def _end(self) -> None:
        for name in self._crew.working():
            self._crew.stop(name, float("inf"))
        while any(member.worker is not None for member in self._crew.members.values()):
            self._tend()
        result = self._result
        result.problems += [*self._crew.problems, *self._crew.left_behind()]
        folders = [self._crew.directory / name for name in self._crew.members]
        for folder in folders:
            result.problems += strange_files(folder)
        result.problems += wrong_disks(self._settings, folders)
        result.starts, result.producers_replaced = self._crew.starts, self._feed.replaced

    def _topics(self) -> list[Topic]:
        names = self._deployment.topics
        return [names.raw, names.signals, names.dead_letters]

    def _ends(self) -> dict[str, dict[int, int]]:
        return {
            topic.name: {partition: high for partition, (_, high) in self._deployment.watermarks(topic).items()}
            for topic in self._topics()
        }

    def _lag(self) -> int | None:
        try:
            return self._deployment.lag()
        except KafkaException:
            return None

    def _undecided(self) -> int | None:
        try:
            return self._deployment.undecided()
        except KafkaException:
            return None

    def _states(self) -> str:
        return "\n".join(
            f"{member.name}: {member.worker.tail(1500) if member.worker else 'away'}"
            for member in self._crew.members.values()
        )


def registered(deployment: Deployment) -> Encoder:
    """An encoder of bars."""
    encoder = Encoder("bar")
    asyncio.run(encoder.register(registry(deployment.settings), deployment.topics.raw.subject))
    return encoder


def last_words(log: str) -> str:
    """The line that says why a worker ended."""
    lines = [line for line in log.splitlines() if "CRITICAL" in line or line.startswith("Error:")]
    return (lines or log.splitlines() or ["nothing said"])[-1][:400]
