"""aiokafka's client in memory, and a transport that gives it to an app: by Faust's own seams, nothing is patched."""

import asyncio
import threading
from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace
from typing import Any, ClassVar

from aiokafka.consumer.subscription_state import SubscriptionState
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition
from aiokafka.util import commit_structure_validate
from faust.transport.drivers import aiokafka
from faust.types import TP

from app.engine.app import BatchApp
from app.engine.consumer import BatchConsumer
from app.engine.fetcher import BatchFetcher
from app.engine.private import GroupMember
from app.engine.transport import Transport
from tests.unit.engine.made import Rec


class MemoryClient:
    """Partitions with records where aiokafka's consumer, its fetcher, coordinator and connection would be.

    Assignment, positions and the check of what is committed are aiokafka's own.
    """

    def __init__(self) -> None:
        self._closed = False
        self._subscription = self._subscriptions = SubscriptionState(asyncio.get_running_loop())
        self._fetcher = self._coordinator = self._client = self
        #: What aiokafka's own fetcher would still unpack.
        self._records: dict[TopicPartition, Any] = {}
        #: The records that have arrived, and those that arrive while a fetch waits.
        self.arrived: dict[TP, list[Rec]] = {}
        self.arriving: dict[TP, list[Rec]] = {}
        #: Called while a fetch waits.
        self.meanwhile: Callable[[], object] = lambda: None
        #: Where partitions are sought to after records were taken.
        self.sought_to: dict[TP, int] = {}
        #: What each fetch asked for: partitions and seconds to wait.
        self.fetches: list[tuple[set[TP], float]] = []
        #: What else was asked for, and in which thread.
        self.asked: list[tuple[str, threading.Thread]] = []
        self.commits: list[dict[TP, int]] = []
        self.answer_commit: Callable[[], object] = lambda: None
        self.group_offsets: dict[TP, int] = {}
        self.beginnings: dict[TP, int] = {}
        self.ends: dict[TP, int] = {}
        self.coordinator_id: int | None = 1
        self.group_id = "stock-signals"
        self.group: list[GroupMember] = []
        #: Raised where it is asked for the group or for ends.
        self.error: Exception | None = None
        #: What the coordinator has refused, until it is asked.
        self.refusal: KafkaError | None = None
        #: Done once the coordinator's own task has ended.
        self._coordination_task = asyncio.get_running_loop().create_future()
        #: What a fetch raises that waits for so many seconds.
        self.fetch_errors: dict[float, KafkaError] = {}

    # What tests do with it.

    def assign(self, *tps: TP) -> None:
        """Give it these partitions and no other, at their beginning."""
        self._subscription.assign_from_user([TopicPartition(*tp) for tp in tps])
        for tp in tps:
            self.seek(tp, 0)

    def at(self, tp: TP) -> int:
        """The position of a partition."""
        return int(self._state(tp).position)

    def close(self) -> None:
        self._closed = True

    def _state(self, tp: TP) -> Any:
        return self._subscription.subscription.assignment.state_value(TopicPartition(*tp))

    # What is asked of aiokafka's coordinator.

    def check_errors(self) -> None:
        refusal, self.refusal = self.refusal, None
        if refusal is not None:
            raise refusal

    # What is asked of aiokafka's consumer.

    async def start(self) -> None:
        """There is nothing to connect to."""

    async def stop(self) -> None:
        """Nor to leave."""

    def assignment(self) -> set[TopicPartition]:
        return set(self._subscription.assigned_partitions())

    def seek(self, tp: TP, offset: int) -> None:
        self._subscription.seek(TopicPartition(*tp), offset)

    async def commit(self, offsets: dict[TopicPartition, Any]) -> None:
        valid = commit_structure_validate(offsets)
        self.commits.append({TP(*tp): offset.offset for tp, offset in valid.items()})
        self.answer_commit()

    async def committed(self, tp: TP) -> int | None:
        return self.group_offsets.get(tp)

    async def beginning_offsets(self, tps: Iterable[TP]) -> dict[TopicPartition, int]:
        self.asked.append(("beginnings", threading.current_thread()))
        self._fail()
        return {TopicPartition(*tp): self.beginnings.get(tp, 0) for tp in tps}

    async def end_offsets(self, tps: Iterable[TP]) -> dict[TopicPartition, int]:
        self._fail()
        return {TopicPartition(*tp): self.ends[tp] for tp in tps}

    def _fail(self) -> None:
        if self.error is not None:
            raise self.error

    # Of its fetcher.

    async def fetched_records(
        self,
        partitions: set[TP],
        timeout: float = 0,  # noqa: ASYNC109  # aiokafka's own signature
        max_records: int | None = None,
    ) -> Mapping[TopicPartition, list[Rec]]:
        self.fetches.append((set(partitions), timeout))
        if timeout in self.fetch_errors:
            raise self.fetch_errors[timeout]
        if timeout:
            self.arrived, self.arriving = self.arriving, {}
            self.meanwhile()
        room = max_records or 500
        taken: dict[TopicPartition, list[Rec]] = {}
        for tp in sorted(partitions & self.arrived.keys()):
            state = self._state(tp) if TopicPartition(*tp) in self.assignment() else None
            # What was fetched for a position before a seek is thrown away.
            here = [rec for rec in self.arrived[tp] if state is None or rec.offset >= state.position]
            some, self.arrived[tp] = here[:room], here[room:]
            room -= len(some)
            if some:
                taken[TopicPartition(*tp)] = some
                if state is not None:
                    state.consumed_to(some[-1].offset + 1)
        if taken:
            for tp, offset in self.sought_to.items():
                self.seek(tp, offset)
        return taken

    # Of its connection and its coordinator.

    def force_metadata_update(self) -> None:
        self.asked.append(("topics", threading.current_thread()))

    def request_rejoin(self) -> None:
        self.asked.append(("rejoin", threading.current_thread()))

    async def send(self, node: int, request: Any) -> Any:
        self.asked.append(("group", threading.current_thread()))
        self._fail()
        return SimpleNamespace(groups=[(0, self.group_id, "Stable", "consumer", "faust", self.group)])


class _Fetcher(BatchFetcher):
    def _create_worker_consumer(self, transport: aiokafka.Transport) -> Any:
        assert isinstance(transport, MemoryTransport)
        return transport.client


class _Consumer(BatchConsumer):
    def _new_consumer_thread(self) -> BatchFetcher:
        return _Fetcher(self, loop=self.loop, beacon=self.beacon)


class MemoryTransport(Transport):
    """The transport with a client in memory."""

    Consumer: ClassVar[type[aiokafka.Consumer]] = _Consumer

    def __init__(self, app: BatchApp, client: MemoryClient) -> None:
        super().__init__(app.conf.broker, app)
        self.client = client
