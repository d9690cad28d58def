from pathlib import Path
from typing import Any, cast

import faust
import pytest
from faust.types import TP

from app.engine.app import QUEUED_BATCHES, BatchApp, Prepared
from app.engine.batch_schema import BatchSchema
from app.engine.checkpoint import CHECKPOINT_KEY, Checkpoint, encode_checkpoint
from app.engine.consumer import BatchConsumer
from app.engine.datadir import DataDirInUse
from app.engine.errors import OperatorError
from app.engine.table import BatchTable
from tests.unit.engine.client import MemoryClient
from tests.unit.engine.consuming import OTHER, sought
from tests.unit.engine.made import SOURCE, TOPIC_ID, make_options


def test_the_engine_runs_with_the_settings_that_it_relies_on(app: BatchApp) -> None:
    conf = cast(Any, app.conf)
    assert conf.Schema is BatchSchema
    assert conf.stream_wait_empty is True
    assert conf.recovery_consistency_check is False
    assert conf.broker_session_timeout == 10.0
    assert conf.broker_heartbeat_interval == 1.0
    assert conf.broker_commit_interval == 1.0
    assert conf.stream_buffer_maxsize == QUEUED_BATCHES == 8
    assert conf.stream_recovery_delay == 0.0
    assert conf.table_standby_replicas == 0
    assert conf.topic_disable_leader is True
    assert conf.topic_allow_declare is False
    assert conf.processing_guarantee.value == "at_least_once"
    assert conf.consumer_auto_offset_reset == "none"
    assert conf.broker_max_poll_interval > 10 * 365 * 24 * 3600
    assert conf.consumer_group_instance_id is None
    assert conf.broker_check_crcs is True
    assert str(conf.store) == "rocksdb:"


def test_a_short_session_has_heartbeats_that_keep_it(tmp_path: Path) -> None:
    app = BatchApp(make_options(tmp_path, session_seconds=2.0))
    assert app.conf.broker_heartbeat_interval == pytest.approx(0.6)


def test_a_request_may_take_as_long_as_the_longest_session(tmp_path: Path) -> None:
    # Faust makes no consumer otherwise.
    conf = cast(Any, BatchApp(make_options(tmp_path, session_seconds=300.0)).conf)
    assert conf.broker_request_timeout >= conf.broker_session_timeout == 300.0


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
    consumer.assigned_in = app.rebalancing_count
    await consumer.perform_seek()
    assert (took, consumer.fetcher.readable) == ([], None)
    app.on_rebalance_end()
    assert consumer.fetcher.readable is consumer.fetcher.trackers
    assert [0 <= seconds < 60 for seconds in took] == [True]


async def test_a_recovery_that_the_next_rebalance_overtakes_makes_nothing_ready(
    app: BatchApp, consumer: BatchConsumer
) -> None:
    took: list[float] = []
    app.on_recovered.append(took.append)
    app.on_rebalance_start()
    consumer.assigned_in = app.rebalancing_count
    await consumer.perform_seek()
    app.on_rebalance_start()
    app.tables.on_actives_ready()  # type: ignore[attr-defined]  # As Faust does at the end of each recovery.
    app.on_rebalance_end()
    assert (app.rebalancing, app.tables.actives_ready) == (True, False)
    assert (took, consumer.fetcher.readable) == ([], None)


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


def test_the_holder_of_a_partition_is_known_from_the_assignment(app: BatchApp) -> None:
    app.assignor.changelog_distribution = {"http://a:1": {"log": [0, 1]}, "http://b:2": {"log": [2]}}  # type: ignore[attr-defined]
    assert [app.holder("log", partition) for partition in range(4)] == [
        "http://a:1",
        "http://a:1",
        "http://b:2",
        None,
    ]
    assert app.holder("another", 0) is None
