import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from time import monotonic
from types import SimpleNamespace
from typing import Any, cast

import faust
import pytest
from aiokafka.errors import GroupAuthorizationFailedError, GroupCoordinatorNotAvailableError
from faust.types import TP

from app.engine.app import QUEUED_BATCHES, STUCK_SECONDS, BatchApp, Prepared, in_words
from app.engine.batch_schema import BatchSchema
from app.engine.checkpoint import CHECKPOINT_KEY, Checkpoint, encode_checkpoint
from app.engine.consumer import BatchConsumer
from app.engine.datadir import DataDirInUse
from app.engine.errors import OperatorError
from app.engine.private import GroupMember
from app.engine.table import BatchTable
from tests.unit.engine.client import MemoryClient
from tests.unit.engine.consuming import OTHER, sought
from tests.unit.engine.made import SOURCE, TOPIC_ID, make_options


class Crashing(BatchApp):
    """Notes why it would end."""

    def __init__(self, data_dir: Path, **options: Any) -> None:
        super().__init__(make_options(data_dir, **options))
        self.crashes: list[str] = []

    async def crash(self, reason: BaseException) -> None:
        self.crashes.append(str(reason))


def test_the_engine_runs_with_the_settings_that_it_relies_on(app: BatchApp) -> None:
    conf = cast(Any, app.conf)
    assert conf.Schema is BatchSchema
    assert conf.stream_wait_empty is True
    assert conf.recovery_consistency_check is False
    assert conf.broker_session_timeout == 10.0
    assert conf.broker_heartbeat_interval == pytest.approx(3.0)
    assert conf.broker_commit_interval == 1.0
    assert conf.stream_buffer_maxsize == QUEUED_BATCHES == 8
    assert conf.stream_recovery_delay == 0.0
    assert conf.table_standby_replicas == 0
    assert conf.topic_disable_leader is True
    assert conf.topic_allow_declare is False
    assert conf.processing_guarantee.value == "at_least_once"
    assert conf.consumer_auto_offset_reset == "earliest"
    assert conf.consumer_group_instance_id is None
    assert conf.broker_check_crcs is True
    assert str(conf.store) == "rocksdb:"


def test_a_commit_comes_often_enough_to_confirm_the_worker(app: BatchApp) -> None:
    assert app.conf.broker_commit_interval < app.conf.broker_session_timeout / 4


def test_the_options_reach_faust(tmp_path: Path) -> None:
    credentials = faust.SASLCredentials(username="key", password="not-a-secret", mechanism="PLAIN")  # noqa: S106
    app = BatchApp(
        make_options(
            tmp_path / "here",
            id="test.stock-signals",
            brokers=["127.0.0.1:1", "127.0.0.1:2"],
            credentials=credentials,
            partitions=3,
            replication_factor=2,
            session_seconds=20.0,
            web_port=8123,
        )
    )
    conf = cast(Any, app.conf)
    assert conf.id == "test.stock-signals"
    assert [str(url) for url in conf.broker] == ["kafka-batched://127.0.0.1:1", "kafka-batched://127.0.0.1:2"]
    assert conf.broker_credentials.username == "key"
    assert (conf.topic_partitions, conf.topic_replication_factor, conf.broker_session_timeout) == (3, 2, 20.0)
    assert (str(conf.canonical_url), conf.broker_client_id) == (
        "http://127.0.0.1:8123",
        "stock-signals@127.0.0.1:8001",
    )
    assert Path(conf.datadir) == tmp_path / "here"


def test_each_source_partition_has_a_transactional_id_that_begins_with_the_apps(tmp_path: Path) -> None:
    options = make_options(tmp_path)
    assert options.transactional_id(TP("stocks.raw.avro", 3)) == "stock-signals-stocks.raw.avro-3"


def test_preparing_claims_the_data_folder_and_keeps_what_the_cluster_said(tmp_path: Path) -> None:
    app, second = BatchApp(make_options(tmp_path)), BatchApp(make_options(tmp_path))
    app.prepare()
    assert app.topic_ids == {SOURCE.topic: TOPIC_ID}
    assert (tmp_path / "owner").read_text() == "stock-signals on cluster one"
    with pytest.raises(DataDirInUse):
        second.prepare()


def test_a_worker_that_cannot_work_claims_nothing(tmp_path: Path) -> None:
    def refuse(app: BatchApp) -> Prepared:
        raise OperatorError("no broker")

    with pytest.raises(OperatorError, match="no broker"):
        BatchApp(make_options(tmp_path / "data", prepare=refuse)).prepare()
    assert not (tmp_path / "data").exists()


async def test_what_a_person_must_mend_ends_the_worker(tmp_path: Path) -> None:
    checked: list[Any] = []

    def check(app: BatchApp, members: Sequence[GroupMember]) -> None:
        checked.append((app, members))
        if len(checked) > 1:
            raise OperatorError("the topic was deleted")

    members = [GroupMember("1", "stock-signals@127.0.0.1:8001", "/127.0.0.1")]

    async def listed() -> list[GroupMember]:
        return members

    app = Crashing(tmp_path, check=check)
    consumer: Any = SimpleNamespace(stream_tps=set, fetcher=SimpleNamespace(members=listed))
    app.consumer = consumer
    await app.check()
    assert app.crashes == []
    consumer.stream_tps = lambda: {SOURCE}
    await app.check()
    assert checked == [(app, []), (app, members)]
    assert app.crashes == ["the topic was deleted"]


def test_a_table_is_found_by_what_feeds_it(app: BatchApp, numbers: BatchTable) -> None:
    assert app.stream_tables() == {SOURCE.topic: numbers}


async def test_reading_starts_at_the_checkpoint_of_the_topics_table(app: BatchApp, numbers: BatchTable) -> None:
    assert app._state_offset(SOURCE) is None
    numbers.restore(0, {CHECKPOINT_KEY: encode_checkpoint(Checkpoint(TOPIC_ID, 77, ""))}, 1)
    assert app._state_offset(SOURCE) == 77
    assert app._state_offset(TP("of no table", 0)) is None
    app.topic_ids = {SOURCE.topic: "made again since"}
    assert app._state_offset(SOURCE) is None


async def test_a_recovery_is_timed_and_then_the_streams_are_read(app: BatchApp, consumer: BatchConsumer) -> None:
    took: list[float] = []
    app.on_recovered.append(took.append)
    app.on_rebalance_start()
    await consumer.perform_seek()
    assert (took, consumer.fetcher.readable) == ([], None)
    app.on_rebalance_end()
    assert consumer.fetcher.readable is consumer.fetcher.trackers
    assert [0 <= seconds < 60 for seconds in took] == [True]


async def test_lag_is_what_is_not_finished_of_the_partitions_that_are_read(
    app: BatchApp, consumer: BatchConsumer, client: MemoryClient
) -> None:
    client.ends = {SOURCE: 100, OTHER: 100}
    sought(consumer, SOURCE, 40)
    assert await app.lag() == {SOURCE: 60}


async def test_there_is_no_negative_lag(app: BatchApp, consumer: BatchConsumer, client: MemoryClient) -> None:
    client.ends = {SOURCE: 100, OTHER: 100}
    sought(consumer, SOURCE, 101)
    assert await app.lag() == {SOURCE: 0}


async def test_a_worker_that_asks_for_nothing_ends_itself(tmp_path: Path) -> None:
    app = Crashing(tmp_path)
    fetcher = app.batch_consumer.fetcher
    await app.end_when_stuck()
    fetcher.polled_at = monotonic()
    await app.end_when_stuck()
    assert app.crashes == []
    fetcher.polled_at -= STUCK_SECONDS + 1
    await app.end_when_stuck()
    assert "the worker is stuck" in app.crashes[0]


async def test_a_worker_that_may_not_join_its_group_ends_and_names_the_right(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = Crashing(tmp_path)
    client = MemoryClient()
    app.batch_consumer.fetcher._consumer = cast(Any, client)
    app.batch_consumer.fetcher.call_thread = called_at_once  # type: ignore[method-assign, assignment]
    await app.end_when_refused()
    client.refusal = GroupCoordinatorNotAvailableError()
    await app.end_when_refused()
    assert app.crashes == []
    assert "GroupCoordinatorNotAvailable" in caplog.text
    client.refusal = GroupAuthorizationFailedError(app.options.id)
    await app.end_when_refused()
    assert f"lack the right Read on group {app.options.id}" in app.crashes[0]


async def called_at_once(work: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:
    return await work(*arguments)


async def test_a_worker_that_takes_partitions_over_is_not_stuck(tmp_path: Path) -> None:
    app = Crashing(tmp_path)
    app.batch_consumer.fetcher.polled_at = monotonic() - STUCK_SECONDS - 1
    app.takeover._fencing_at = monotonic()
    await app.end_when_stuck()
    assert app.crashes == []


async def test_a_worker_without_partitions_asks_which_topics_there_are(
    app: BatchApp, consumer: BatchConsumer, client: MemoryClient
) -> None:
    async def asked() -> list[str]:
        await consumer.fetcher.call_thread(asyncio.sleep, 0)
        return [what for what, _ in client.asked]

    app.look_for_work()
    assert await asked() == ["topics"]
    consumer.fetcher.polled_at = monotonic()
    app.look_for_work()
    assert await asked() == ["topics"]


async def test_whether_it_is_stuck_is_asked_while_tables_are_restored_too(app: BatchApp) -> None:
    # Faust's timers start after the first recovery, a service's tasks with the service.
    assert any(task.fun.__name__ == "_watch_polling" for task in app._get_tasks())


def test_the_holder_of_a_partition_is_known_from_the_assignment(app: BatchApp) -> None:
    app.assignor.changelog_distribution = {"http://a:1": {"log": [0, 1]}, "http://b:2": {"log": [2]}}  # type: ignore[attr-defined]
    assert [app.holder("log", partition) for partition in range(4)] == [
        "http://a:1",
        "http://a:1",
        "http://b:2",
        None,
    ]
    assert app.holder("another", 0) is None


def test_partitions_in_words() -> None:
    assert in_words({TP("raw", 1), TP("raw", 0), TP("other", 0)}) == "other[0] and raw[0, 1]"
    assert in_words(set()) == "no partition: others have them all"
