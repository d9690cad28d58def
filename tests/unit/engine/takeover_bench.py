"""A takeover, and all that it touches: what it does is noted in order."""

import asyncio
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any, cast

from faust.types import TP

from app.engine.errors import Fenced
from app.engine.takeover import Takeover
from tests.unit.engine.made import SOURCE
from tests.unit.engine.workbench import FakeTable

OTHER = TP(SOURCE.topic, 1)
FOREIGN = TP("read by nobody's table", 0)


class NotingProducer:
    def __init__(self, world: "World", config: Mapping[str, Any], id_: str, seconds: float) -> None:
        self.world, self.id, self.seconds = world, id_, seconds

    def fence(self, should_continue: Callable[[], bool]) -> None:
        self.world.fenced(self.id)
        if not should_continue():
            raise Fenced("nobody waits")


class NotingRestorer:
    def __init__(self, world: "World", config: Mapping[str, Any], topic: str, table: Any) -> None:
        self.world, self.topic = world, topic
        self.remaining: dict[int, int] = {}
        self.asked_at = 0.0

    def restore(self, partitions: set[int], should_continue: Callable[[], bool]) -> int:
        self.world.notes.append(f"restore {self.topic} {sorted(partitions)}")
        self.remaining = dict.fromkeys(partitions, 500)
        self.asked_at = 12_345.0
        self.world.restoring.set()
        assert self.world.go_on.wait(10)
        if not should_continue():
            raise Fenced("nobody waits")
        if self.world.failure:
            raise self.world.failure
        self.remaining = {}
        return 500 * len(partitions)


class World:
    """An app in generation 7 that was assigned two partitions, and all that a takeover touches."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.lock = threading.Lock()
        self.restoring, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()
        self.failure: Exception | None = None
        self.at_once = threading.Barrier(1)
        self.table = cast(Any, FakeTable(self.notes))
        self.table.source_topic = SOURCE.topic
        self.table.check = lambda partition: self.notes.append(f"check {partition}")
        self.table.activate = lambda partitions: self.notes.append(f"activate {sorted(partitions)}")
        self.assigned = {SOURCE, OTHER, FOREIGN}
        self.crashes: list[BaseException] = []
        app = SimpleNamespace(
            options=SimpleNamespace(
                producer={}, consumer={}, transaction_seconds=15.0, transactional_id=lambda tp: f"id-{tp.partition}"
            ),
            consumer_generation_id=7,
            should_stop=False,
            producers={},
            threads=ThreadPoolExecutor(4),
            batch_consumer=SimpleNamespace(stream_tps=lambda: self.assigned),
            stream_tables=lambda: {SOURCE.topic: self.table},
            crash=self.crash,
            waits={},
        )
        self.app = cast(Any, app)
        self.takeover = Takeover(
            self.app,
            producer=lambda *given: cast(Any, NotingProducer(self, *given)),
            restorer=lambda *given: cast(Any, NotingRestorer(self, *given)),
        )

    def fenced(self, id_: str) -> None:
        self.at_once.wait(10)
        with self.lock:
            self.notes.append(f"fence {id_}")

    async def crash(self, error: BaseException) -> None:
        self.crashes.append(error)

    async def take_over(self) -> None:
        await asyncio.wait_for(self.takeover.on_rebalance_complete(), 10)
