from pathlib import Path
from time import monotonic
from types import SimpleNamespace
from typing import Any, cast

import pytest
from app.engine.progress import PROGRESS_KEY, encode_progress
from app.engine.spans import Spans
from faust.types import TP

from app import metrics
from app.clients import ClusterMissing
from app.engine.app import QUEUED_BATCHES, STUCK_SECONDS, BatchApp
from app.engine.schema import BatchSchema
from app.settings import Settings
from tests.unit.engine.made import SOURCE, TOPIC_ID, Numbers, Rec, changelog, event_of, make_settings


def test_the_engine_runs_with_the_settings_that_it_relies_on(app: BatchApp) -> None:
    conf = cast(Any, app.conf)
    assert conf.Schema is BatchSchema
    assert conf.stream_wait_empty is True
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


def test_the_settings_reach_faust(tmp_path: Path) -> None:
    app = BatchApp(
        make_settings(
            tmp_path / "here",
            kafka_bootstrap="127.0.0.1:1,127.0.0.1:2",
            topic_prefix="test.",
            partitions=3,
            session_seconds=20,
            api_port=8123,
        )
    )
    assert app.conf.id == "test.stock-signals"
    assert [str(url) for url in app.conf.broker] == ["kafka-batched://127.0.0.1:1", "kafka-batched://127.0.0.1:2"]
    assert (app.conf.topic_partitions, app.conf.broker_session_timeout, app.conf.web_port) == (3, 20, 8123)
    assert str(app.conf.canonical_url) == "http://127.0.0.1:8123"
    assert Path(app.conf.datadir) == tmp_path / "here"


def test_credentials_reach_faust(tmp_path: Path) -> None:
    app = BatchApp(
        make_settings(
            tmp_path,
            kafka_security_protocol="SASL_PLAINTEXT",
            kafka_api_key="key",
            kafka_api_secret="not-a-secret",  # noqa: S106
        )
    )
    assert cast(Any, app.conf.broker_credentials).username == "key"


def test_without_a_cluster_a_worker_does_not_start(tmp_path: Path) -> None:
    app = BatchApp(Settings(_env_file=None, stack_dir=tmp_path))  # type: ignore[call-arg]
    with pytest.raises(ClusterMissing, match="make stack-up"):
        app.prepare()


def test_a_table_is_found_by_what_feeds_it(app: BatchApp, numbers: Numbers) -> None:
    assert app.stream_tables() == {SOURCE.topic: numbers}


async def test_reading_starts_at_the_progress_of_the_topics_table(app: BatchApp, numbers: Numbers) -> None:
    app.topic_ids[SOURCE.topic] = TOPIC_ID
    assert app._state_offset(SOURCE) is None
    progress = Rec(0, PROGRESS_KEY, encode_progress(TOPIC_ID, 77))
    numbers.apply_changelog_batch([event_of(app, changelog(progress))])
    await numbers.on_recovery_completed(set(), set())
    assert app._state_offset(SOURCE) == 77
    assert app._state_offset(TP("of no table", 0)) is None


@pytest.fixture
def reading(app: BatchApp, monkeypatch: pytest.MonkeyPatch) -> BatchApp:
    """Two partitions assigned, of which one is read up to 40 of 100."""
    other = TP(SOURCE.topic, 1)
    consumer = app.batch_consumer
    monkeypatch.setattr(consumer, "stream_tps", lambda: {SOURCE, other})

    async def ends(tps: set[TP]) -> dict[TP, int]:
        return dict.fromkeys(tps, 100)

    monkeypatch.setattr(consumer.fetcher, "ends", ends)
    consumer.fetcher.spans[SOURCE] = Spans(SOURCE)
    consumer.fetcher.spans[SOURCE].seek(40)
    return app


async def test_lag_is_what_is_not_finished_of_the_partitions_that_are_read(reading: BatchApp) -> None:
    assert await reading.lag() == {SOURCE: 60}


async def test_there_is_no_negative_lag(reading: BatchApp) -> None:
    reading.batch_consumer.fetcher.spans[SOURCE].seek(101)
    assert await reading.lag() == {SOURCE: 0}


async def test_the_watch_measures_the_lag(reading: BatchApp) -> None:
    await reading.watch()
    samples = [sample for metric in metrics.lag_records.collect() for sample in metric.samples]
    assert [(set(sample.labels.values()), sample.value) for sample in samples] == [({SOURCE.topic, "0"}, 60)]


async def test_a_worker_that_asks_for_nothing_ends_itself(app: BatchApp, monkeypatch: pytest.MonkeyPatch) -> None:
    crashes: list[BaseException] = []

    async def crash(error: BaseException) -> None:
        crashes.append(error)

    monkeypatch.setattr(app, "crash", crash)
    fetcher = app.batch_consumer.fetcher
    await app.end_when_stuck()
    fetcher.polled_at = monotonic()
    await app.end_when_stuck()
    assert crashes == []
    fetcher.polled_at -= STUCK_SECONDS + 1
    await app.end_when_stuck()
    assert "the worker is stuck" in str(crashes[0])


async def test_a_worker_without_partitions_asks_which_topics_there_are(
    app: BatchApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    fetcher = app.batch_consumer.fetcher
    monkeypatch.setattr(fetcher, "ask_for_topics", lambda: asked.append("topics"))
    app.look_for_work()
    assert asked == ["topics"]
    fetcher.polled_at = monotonic()
    app.look_for_work()
    assert asked == ["topics"]


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


def test_what_remains_to_be_restored_counts_only_during_recovery(
    app: BatchApp, numbers: Numbers, monkeypatch: pytest.MonkeyPatch
) -> None:
    recovery = SimpleNamespace(in_recovery=False, active_remaining_total=lambda: 12)
    monkeypatch.setattr(type(app.tables), "recovery", recovery)
    assert app.records_to_restore() == 0
    recovery.in_recovery = True
    assert app.records_to_restore() == 12
