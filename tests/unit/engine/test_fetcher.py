from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka.errors import ConsumerStoppedError
from app.engine.spans import Spans
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from app.engine import private
from app.engine.app import BatchApp
from app.engine.batch import Batch
from app.engine.fetcher import FETCH_WAIT_MS, BatchFetcher, _alternate_topics
from tests.unit.engine.made import Numbers, Rec, batch, records

RAW = [TP("raw", partition) for partition in range(3)]
CHANGELOG = TP("stock-signals-numbers-changelog", 0)


class Log:
    """Partitions with records, where aiokafka's consumer would be, and what was asked of it."""

    def __init__(self, fetcher: BatchFetcher, monkeypatch: pytest.MonkeyPatch) -> None:
        self.fetcher = fetcher
        self.arrived: dict[TP, list[Rec]] = {}
        self.arriving: dict[TP, list[Rec]] = {}
        self.positions: Counter[TP] = Counter()
        self.closed = False
        self.meanwhile: Callable[[], object] = lambda: None
        self.asked: list[tuple[set[TP], float, int]] = []
        monkeypatch.setattr(private, "fetched", self.fetched)
        monkeypatch.setattr(private, "position", lambda consumer, tp: self.positions.get(tp))
        monkeypatch.setattr(private, "is_closed", lambda consumer: self.closed)

    def start(self, *tps: TP) -> None:
        for tp in tps:
            self.positions[tp] = 0
            self.fetcher.spans.setdefault(tp, Spans(tp)).seek(0)
        self.fetcher.readable = self.fetcher.spans

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
        return taken

    async def fetch(self, *tps: TP, seconds: float = 1.0) -> dict[TP, list[Batch]]:
        return await self.fetcher._fetch_records(cast(Any, self), set(tps), timeout=seconds)


@pytest.fixture
def log(app: BatchApp, numbers: Numbers, monkeypatch: pytest.MonkeyPatch) -> Log:
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


async def test_what_is_fetched_alternates_between_the_topics(log: Log) -> None:
    other = TP("zebra", 0)
    log.start(*RAW, other)
    log.arrived = {tp: records(0) for tp in (*RAW, other)}
    assert list(await log.fetch(*RAW, other)) == [RAW[0], other, RAW[1], RAW[2]]


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
    assert log.fetcher.spans[RAW[0]].committable() == 4


async def test_a_stream_is_not_read_before_it_is_sought(log: Log) -> None:
    log.arrived = {RAW[0]: records(0)}
    assert await log.fetch(*RAW) == {}
    assert log.asked == []


async def test_a_stream_is_not_read_before_the_rebalance_has_ended_but_a_changelog_is(log: Log) -> None:
    log.start(RAW[0])
    log.arrived = {RAW[0]: records(0, 1), CHANGELOG: records(0)}
    log.fetcher.readable = {}
    assert set(await log.fetch(RAW[0], CHANGELOG)) == {CHANGELOG}
    assert await log.fetch(RAW[0]) == {}
    log.fetcher.readable = log.fetcher.spans
    assert spans_of(await log.fetch(RAW[0])) == {RAW[0]: (0, 2)}


async def test_changelogs_are_read_without_bookkeeping_in_the_epoch_of_no_stream(log: Log) -> None:
    log.arrived = {CHANGELOG: records(5, 6)}
    [changes] = (await log.fetch(CHANGELOG))[CHANGELOG]
    assert (changes.start, changes.end, changes.epoch) == (5, 7, 0)
    assert log.fetcher.spans == {}


async def test_a_changelog_does_not_open_the_streams(log: Log) -> None:
    log.arrived = {CHANGELOG: records(5), RAW[0]: records(0)}
    assert set(await log.fetch(CHANGELOG, RAW[0])) == {CHANGELOG}


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
    await log.fetcher._seek_spans(log.fetcher.spans, {RAW[0]: 7, RAW[1]: 9})
    assert sought == {RAW[0]: 7, RAW[1]: 9}
    assert [log.fetcher.spans[tp].committable() for tp in RAW[:2]] == [7, 9]


async def test_a_seek_of_an_assignment_gone_by_moves_nothing(log: Log) -> None:
    before = log.fetcher.spans
    log.fetcher.spans = {}
    await log.fetcher._seek_spans(before, {RAW[0]: 7})
    assert log.fetcher.spans == {}


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


def test_topics_take_turns_so_that_none_fills_the_queue() -> None:
    order = [TP("a", 0), TP("a", 1), TP("a", 2), TP("b", 0), TP("c", 0), TP("c", 1)]
    batches = {tp: [batch(0, 1, tp=tp)] for tp in order}
    alternated = _alternate_topics(batches)
    assert list(alternated) == [TP("a", 0), TP("b", 0), TP("c", 0), TP("a", 1), TP("c", 1), TP("a", 2)]
    assert alternated == batches


@given(st.lists(st.builds(TP, st.sampled_from("abc"), st.integers(0, 9)), unique=True))
def test_no_topic_has_a_second_turn_before_the_others_had_their_first(tps: list[TP]) -> None:
    batches = {tp: [batch(0, 1, tp=tp)] for tp in tps}
    alternated = list(_alternate_topics(batches))
    assert sorted(alternated) == sorted(tps)
    total = Counter(tp.topic for tp in tps)
    turns: Counter[str] = Counter()
    for tp in alternated:
        # Whoever had fewer turns than this topic has none left.
        assert all(total[topic] == turns[topic] for topic in total if turns[topic] < turns[tp.topic])
        turns[tp.topic] += 1


async def test_what_comes_when_a_rebalance_is_over_that_came_meanwhile_is_given_back(log: Log) -> None:
    log.start(*RAW)
    log.positions[CHANGELOG] = 0
    log.arriving = {CHANGELOG: records(*range(5)), RAW[0]: records(*range(3))}

    def rebalance() -> None:
        # Nobody waits any more for what is asked for here; the partitions are sought, and read by another call.
        log.fetcher.spans = {}
        log.start(*RAW)

    log.meanwhile = rebalance
    assert await log.fetch(CHANGELOG, *RAW) == {}
    assert (log.positions[CHANGELOG], log.positions[RAW[0]]) == (0, 0)
    log.meanwhile = lambda: None
    log.arrived = {CHANGELOG: records(*range(5)), RAW[0]: records(*range(3))}
    assert spans_of(await log.fetch(CHANGELOG, *RAW)) == {CHANGELOG: (0, 5), RAW[0]: (0, 3)}


async def test_what_comes_while_the_flow_is_stopped_is_given_back(log: Log) -> None:
    log.start(*RAW)
    log.positions[CHANGELOG] = 7
    log.arriving = {CHANGELOG: records(7, 8)}
    log.meanwhile = log.fetcher.consumer.stop_flow
    assert await log.fetch(CHANGELOG) == {}
    assert log.positions[CHANGELOG] == 7
