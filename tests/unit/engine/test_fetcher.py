import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka.errors import ConsumerStoppedError, NodeNotReadyError
from faust.types import TP

from app.engine import private
from app.engine.app import BatchApp
from app.engine.batch import Batch
from app.engine.fetcher import FETCH_WAIT_MS, BatchFetcher
from app.engine.offset_tracker import OffsetTracker
from tests.unit.engine.made import Rec, records

RAW = [TP("raw", partition) for partition in range(3)]


class Log:
    """Partitions with records, where aiokafka's consumer would be, and what was asked of it."""

    def __init__(self, fetcher: BatchFetcher, monkeypatch: pytest.MonkeyPatch) -> None:
        self.fetcher = fetcher
        self.arrived: dict[TP, list[Rec]] = {}
        self.arriving: dict[TP, list[Rec]] = {}
        self.positions: Counter[TP] = Counter()
        self.closed = False
        self.meanwhile: Callable[[], object] = lambda: None
        #: Where partitions are sought to while a fetch waits.
        self.sought_to: dict[TP, int] = {}
        self.asked: list[tuple[set[TP], float, int]] = []
        monkeypatch.setattr(private, "fetched", self.fetched)
        monkeypatch.setattr(private, "position", lambda consumer, tp: self.positions.get(tp))
        monkeypatch.setattr(private, "is_closed", lambda consumer: self.closed)

    def start(self, *tps: TP) -> None:
        for tp in tps:
            self.positions[tp] = 0
            self.fetcher.trackers.setdefault(tp, OffsetTracker(tp)).seek(0)
        self.fetcher.readable = self.fetcher.trackers

    def seek(self, tp: TP, offset: int) -> None:
        """As the client's."""
        self.positions[tp] = offset

    async def fetched(
        self, consumer: Any, partitions: Iterable[TP], *, wait_seconds: float, limit: int
    ) -> Mapping[TP, list[Rec]]:
        tps = set(partitions)
        self.asked.append((tps, wait_seconds, limit))
        if wait_seconds:
            self.arrived, self.arriving = self.arriving, {}
            self.meanwhile()
        taken = {tp: self.arrived[tp][:limit] for tp in tps if self.arrived.get(tp)}
        for tp, some in taken.items():
            self.arrived[tp] = self.arrived[tp][limit:]
            self.positions[tp] = some[-1].offset + 1
        for tp, offset in self.sought_to.items():
            self.seek(tp, offset)
        return taken

    async def fetch(self, *tps: TP, seconds: float = 1.0) -> dict[TP, list[Batch]]:
        return await self.fetcher._fetch_records(cast(Any, self), set(tps), timeout=seconds)


@pytest.fixture
def log(app: BatchApp, monkeypatch: pytest.MonkeyPatch) -> Log:
    fetcher = app.batch_consumer.fetcher
    fetcher.batch_max = 10
    return Log(fetcher, monkeypatch)


def spans_of(batches: dict[TP, list[Batch]]) -> dict[TP, tuple[int, int]]:
    return {tp: (batch.start, batch.end) for tp, [batch] in batches.items()}


async def test_every_partition_gives_one_batch_of_at_most_the_maximum(log: Log) -> None:
    log.start(*RAW)
    log.arrived = {RAW[0]: records(*range(25)), RAW[2]: records(*range(3))}
    assert spans_of(await log.fetch(*RAW)) == {RAW[0]: (0, 10), RAW[2]: (0, 3)}
    assert spans_of(await log.fetch(*RAW)) == {RAW[0]: (10, 20)}


async def test_with_enough_records_the_turn_ends_and_the_next_goes_on_behind(log: Log) -> None:
    log.start(*RAW)
    log.fetcher.enough = 5
    log.arrived = {RAW[0]: records(*range(20)), RAW[1]: records(*range(6)), RAW[2]: records(*range(3))}
    turns = [spans_of(await log.fetch(*RAW)) for _ in range(3)]
    assert turns == [{RAW[0]: (0, 10)}, {RAW[1]: (0, 6)}, {RAW[2]: (0, 3), RAW[0]: (10, 20)}]


async def test_it_waits_only_when_nothing_is_there(log: Log) -> None:
    log.start(*RAW)
    log.arrived = {RAW[0]: records(0)}
    await log.fetch(*RAW)
    assert {seconds for _, seconds, _ in log.asked} == {0}
    log.asked.clear()
    log.arriving = {RAW[1]: records(0, 1)}
    assert spans_of(await log.fetch(*RAW, seconds=0.7)) == {RAW[1]: (0, 2)}
    assert log.asked[-1] == (set(RAW), 0.7, 10)


async def test_markers_alone_move_the_position_that_is_committed(log: Log) -> None:
    log.start(RAW[0])
    log.positions[RAW[0]] = 4
    assert await log.fetch(*RAW) == {}
    assert log.fetcher.trackers[RAW[0]].committable() == 4


async def test_a_stream_is_not_read_before_it_is_sought(log: Log) -> None:
    log.arrived = {RAW[0]: records(0)}
    assert await log.fetch(*RAW) == {}
    assert log.asked == []


async def test_a_stream_is_not_read_before_the_rebalance_has_ended(log: Log) -> None:
    log.start(RAW[0])
    log.arrived = {RAW[0]: records(0, 1)}
    log.fetcher.readable = {}
    assert await log.fetch(RAW[0]) == {}
    log.fetcher.readable = log.fetcher.trackers
    assert spans_of(await log.fetch(RAW[0])) == {RAW[0]: (0, 2)}


async def test_a_paused_partition_is_not_read(log: Log) -> None:
    log.start(*RAW)
    log.arrived = {tp: records(0) for tp in RAW}
    assert set(await log.fetch(RAW[1])) == {RAW[1]}


async def test_nothing_is_read_while_the_flow_is_stopped(log: Log) -> None:
    log.start(*RAW)
    log.arrived = {RAW[0]: records(0)}
    log.fetcher.consumer.stop_flow()
    assert await log.fetch(*RAW) == {}
    assert log.asked == []


async def test_what_arrives_after_a_rebalance_has_begun_is_left_alone(log: Log, app: BatchApp) -> None:
    # The client has its new assignment before the app knows, and starts at an older, committed offset.
    log.start(RAW[0])
    log.arrived = {RAW[0]: records(0, 1, 2)}
    await log.fetch(RAW[0])
    log.arriving = {RAW[0]: records(1, 2)}
    fetching = log.fetch(RAW[0])
    log.meanwhile = app.consumer.stop_flow
    assert await fetching == {}


async def test_a_closed_consumer_ends_the_fetching(log: Log) -> None:
    log.closed = True
    with pytest.raises(ConsumerStoppedError):
        await log.fetch(*RAW)


async def test_asking_for_records_is_a_sign_of_life_even_when_paused(log: Log) -> None:
    log.fetcher.polled_at = 0.0
    log.fetcher.consumer.stop_flow()
    await log.fetch(*RAW)
    assert log.fetcher.polled_at > 0


async def test_a_partition_taken_away_in_the_meantime_gives_nothing(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    log.start(RAW[0])
    log.arrived = {RAW[0]: records(0)}
    monkeypatch.setattr(private, "position", lambda consumer, tp: None)
    assert await log.fetch(RAW[0]) == {}


async def test_a_seek_moves_consumer_and_bookkeeping_together(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    sought: dict[TP, int] = {}
    consumer = SimpleNamespace(seek=sought.__setitem__)
    monkeypatch.setattr(log.fetcher, "_ensure_consumer", lambda: consumer)
    await log.fetcher._seek_trackers(log.fetcher.trackers, {RAW[0]: 7, RAW[1]: 9})
    assert sought == {RAW[0]: 7, RAW[1]: 9}
    assert [log.fetcher.trackers[tp].committable() for tp in RAW[:2]] == [7, 9]


async def test_a_seek_of_an_assignment_gone_by_moves_nothing(log: Log) -> None:
    before = log.fetcher.trackers
    log.fetcher.trackers = {}
    await log.fetcher._seek_trackers(before, {RAW[0]: 7})
    assert log.fetcher.trackers == {}


async def test_a_commit_that_a_rebalance_overtook_confirms_nothing_and_crashes_nothing(
    app: BatchApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetcher = app.batch_consumer.fetcher
    monkeypatch.setattr(fetcher, "assignment", set)
    monkeypatch.setattr(fetcher, "_ensure_consumer", lambda: fetcher._create_worker_consumer(cast(Any, app.transport)))
    assert await fetcher._commit({RAW[0]: 5}) is False
    assert not fetcher.should_stop


async def test_aborted_records_are_not_read(app: BatchApp) -> None:
    consumer = app.batch_consumer.fetcher._create_worker_consumer(cast(Any, app.transport))
    assert consumer._isolation_level == "read_committed"


async def test_an_answer_that_others_wait_behind_comes_soon(app: BatchApp) -> None:
    consumer = app.batch_consumer.fetcher._create_worker_consumer(cast(Any, app.transport))
    assert consumer._fetch_max_wait_ms == FETCH_WAIT_MS <= 200


async def test_what_comes_when_a_rebalance_is_over_that_came_meanwhile_is_given_back(log: Log) -> None:
    log.start(*RAW)
    log.arriving = {RAW[0]: records(*range(3)), RAW[1]: records(*range(5))}

    def rebalance() -> None:
        # Nobody waits any more for what is asked for here; the partitions are sought, and read by another call.
        log.fetcher.trackers = {}
        log.start(*RAW)

    log.meanwhile = rebalance
    assert await log.fetch(*RAW) == {}
    assert (log.positions[RAW[0]], log.positions[RAW[1]]) == (0, 0)
    log.meanwhile = lambda: None
    log.arrived = {RAW[0]: records(*range(3)), RAW[1]: records(*range(5))}
    assert spans_of(await log.fetch(*RAW)) == {RAW[0]: (0, 3), RAW[1]: (0, 5)}


async def test_what_comes_while_the_flow_is_stopped_is_given_back(log: Log) -> None:
    log.start(RAW[0])
    log.arriving = {RAW[0]: records(0, 1)}
    log.meanwhile = log.fetcher.consumer.stop_flow
    assert await log.fetch(RAW[0]) == {}
    assert log.positions[RAW[0]] == 0


async def test_what_was_sought_meanwhile_is_not_given_back(log: Log) -> None:
    log.start(RAW[0])
    log.arriving = {RAW[0]: records(0, 1)}

    def rebalance() -> None:
        log.fetcher.trackers = {}
        log.sought_to = {RAW[0]: 40}

    log.meanwhile = rebalance
    assert await log.fetch(RAW[0]) == {}
    assert log.positions[RAW[0]] == 40


@pytest.mark.parametrize("started", [True, False])
async def test_the_clients_thread_is_asked_for_topics_and_to_join_again(
    app: BatchApp, monkeypatch: pytest.MonkeyPatch, started: bool
) -> None:
    asked: list[tuple[str, Any]] = []
    fetcher, client = app.batch_consumer.fetcher, object()
    monkeypatch.setattr(private, "refresh_metadata", lambda client: asked.append(("topics", client)))
    monkeypatch.setattr(private, "rejoin", lambda client: asked.append(("rejoin", client)))
    fetcher.thread_loop = asyncio.get_running_loop()
    fetcher._consumer = client if started else None
    fetcher.ask_for_topics()
    fetcher.rejoin()
    assert asked == [], "it is the client's own thread that does it"
    await asyncio.sleep(0)
    assert asked == ([("topics", client), ("rejoin", client)] if started else [])


@pytest.mark.parametrize("error", [None, NodeNotReadyError(), TimeoutError()], ids=["told", "away", "silent"])
async def test_members_of_the_group_are_asked_for_in_the_clients_thread(
    app: BatchApp, monkeypatch: pytest.MonkeyPatch, error: Exception | None
) -> None:
    member = private.Member("1", "stock-signals@127.0.0.1:8001", "/127.0.0.1")
    fetcher = app.batch_consumer.fetcher
    called: list[Any] = []

    async def members(client: Any) -> list[private.Member]:
        if error is not None:
            raise error
        return [member]

    async def call_thread(fun: Any, *args: Any) -> Any:
        called.append(fun)
        return await fun(*args)

    monkeypatch.setattr(private, "members", members)
    monkeypatch.setattr(fetcher, "_ensure_consumer", object)
    monkeypatch.setattr(fetcher, "call_thread", call_thread)
    assert await fetcher.members() == ([] if error else [member])
    assert len(called) == 1
