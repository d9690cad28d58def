import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

import schemas
from app.kafka.broker import Broker
from app.kafka.clients import consumer_config, producer_config, registry
from app.kafka.topic_admin import ensure_topics
from app.kafka.topics import topics
from app.settings import Settings
from tests.harness.http_server import serving
from tests.integration.command_line import Stocks, stocks
from tests.integration.fixtures_stack import LocalStack
from tests.integration.stack_settings import configure_topic, settings_for

__all__ = ["stocks"]


@pytest.fixture
def ours(stack: LocalStack) -> Settings:
    """Ports on which nothing listens."""
    settings = settings_for(stack.status, api_port=1, producer_port=1)
    ensure_topics(settings)
    return settings


def examined(stocks: Stocks, settings: Settings) -> tuple[int, dict[str, list[dict[str, str]]]]:
    """The status, and the findings by check."""
    result = stocks(settings, "doctor", "--json")
    report = json.loads(result.stdout)
    assert report["ok"] == (result.exit_code == 0)
    by_check: dict[str, list[dict[str, str]]] = {}
    for finding in report["findings"]:
        by_check.setdefault(finding["check"], []).append(finding)
    return result.exit_code, by_check


async def register_all(settings: Settings) -> None:
    for topic in topics(settings):
        if topic.schema:
            await registry(settings).register(topic.subject, schemas.load(topic.schema))


@contextmanager
def answering(status: HTTPStatus, body: dict[str, Any]) -> Iterator[int]:
    """A server that always says the same; yields its port."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

    with serving(Answers) as port:
        yield port


def test_all_is_well_but_for_what_does_not_run(ours: Settings, stocks: Stocks) -> None:
    asyncio.run(register_all(ours))
    status, found = examined(stocks, ours)
    assert status == 0, [finding for findings in found.values() for finding in findings if finding["level"] == "broken"]
    levels = {check: {finding["level"] for finding in findings} for check, findings in found.items()}
    good = [
        "python",
        "java",
        "dependencies",
        "settings",
        "access",
        "cluster",
        "data folder",
        "broker",
        "dead letters",
        "topics",
        "lag",
        "transactions",
        "registry",
        "schemas",
        "alpaca",
    ]
    away = ["workers", "worker", "producer"]
    assert levels == {check: {"ok"} for check in good} | {check: {"warning"} for check in away}
    assert len(found["schemas"]) == 2
    assert len(found["transactions"]) == 3
    assert found["workers"][0]["fix"] == "`make worker`"


def test_for_people_each_line_has_a_mark_and_what_is_wrong_a_fix(ours: Settings, stocks: Stocks) -> None:
    result = stocks(ours, "doctor")
    assert result.exit_code == 0
    assert "✓ broker        1 in cluster" in result.stdout
    assert f"! workers       none is reading as group {ours.id}\n                → `make worker`" in result.stdout


def test_missing_topics_are_broken(stack: LocalStack, stocks: Stocks) -> None:
    settings = settings_for(stack.status)
    status, found = examined(stocks, settings)
    assert status == 1
    assert f"{settings.topic_prefix}stocks.raw.avro" in found["topics"][0]["message"]
    assert "stocks topics create" in found["topics"][0]["fix"]
    assert {finding["level"] for finding in found["schemas"]} == {"warning"}


def test_another_partition_count_and_changed_configurations_are_found(ours: Settings, stocks: Stocks) -> None:
    name = topics(ours).raw.name
    configure_topic(ours, name, "retention.ms", "1000")
    status, found = examined(stocks, ours.model_copy(update={"partitions": 3, "replication_factor": 2}))
    assert status == 1
    messages = [finding["message"] for finding in found["topics"]]
    assert f"{name}: found 2, wanted 3" in messages[0]
    assert f"{name} has 1 replicas, REPLICATION_FACTOR is 2" in messages
    assert f"{name}: retention.ms is 1000, not 604800000" in messages
    assert "set PARTITIONS=2" in found["topics"][0]["fix"]


def test_lag_is_counted_from_what_was_committed(ours: Settings, stocks: Stocks) -> None:
    name = topics(ours).raw.name
    producer = Producer(producer_config(ours))
    for _ in range(5):
        producer.produce(name, b"value", partition=1)
    producer.flush(20)
    _, found = examined(stocks, ours)
    assert (found["lag"][0]["message"], found["lag"][0]["level"]) == (f"5 records behind on {name}", "warning")
    consumer = Consumer(consumer_config(ours, ours.id))
    consumer.commit(offsets=[TopicPartition(name, 1, 4)], asynchronous=False)
    consumer.close()
    _, found = examined(stocks, ours)
    assert found["lag"][0]["message"] == f"1 records behind on {name}"


def test_another_programs_schema_is_broken_and_an_older_version_of_ours_is_not(ours: Settings, stocks: Stocks) -> None:
    async def register() -> None:
        await registry(ours).register(topics(ours).raw.subject, schemas.load("bar.v1"))
        await registry(ours).register(topics(ours).signals.subject, schemas.load("bar"))

    asyncio.run(register())
    status, found = examined(stocks, ours)
    assert status == 1
    raw, signals = found["schemas"]
    assert [finding["level"] for finding in (raw, signals)] == ["warning", "broken"]
    assert "version 1 is another than ours, and ours may follow it" in raw["message"]
    assert "not compatible with version 1" in signals["message"]


def test_the_services_answers_are_told(ours: Settings, stocks: Stocks) -> None:
    with (
        answering(HTTPStatus.SERVICE_UNAVAILABLE, {"ready": False, "reasons": ["tables recover"]}) as api,
        answering(HTTPStatus.OK, {"status": "running", "messages_sent": 1234, "last_error": None}) as producer,
    ):
        _, found = examined(stocks, ours.model_copy(update={"api_port": api, "producer_port": producer}))
        assert found["worker"][0]["message"] == "not ready: tables recover"
        assert found["producer"][0]["message"] == "running, 1,234 messages sent"
        # Each on the other's port.
        status, found = examined(stocks, ours.model_copy(update={"api_port": producer, "producer_port": api}))
    assert status == 1
    assert "is not the worker" in found["worker"][0]["message"]
    assert "is not the producer" in found["producer"][0]["message"]


def test_a_worker_of_another_cluster_is_not_ticked_off(ours: Settings, stocks: Stocks) -> None:
    cluster = Broker(ours).metadata().cluster_id
    for deployment, level in (
        (f"{ours.id} on cluster {cluster}", "ok"),
        (f"{ours.id} on cluster another", "warning"),
        (f"another on cluster {cluster}", "warning"),
    ):
        body = {"ready": True, "reasons": [], "deployment": deployment}
        with answering(HTTPStatus.OK, body) as api:
            _, found = examined(stocks, ours.model_copy(update={"api_port": api}))
        assert found["worker"][0]["level"] == level, found["worker"]
    assert f"belongs to another on cluster {cluster}, not to {ours.id} on cluster" in found["worker"][0]["message"]


def test_dead_letters_of_the_last_day_are_told_by_reason(ours: Settings, stocks: Stocks) -> None:
    now_ms = round(time.time() * 1000)
    producer = Producer(producer_config(ours))
    topic = topics(ours).dead_letters.name
    for hours, reason in ((30, "undecodable"), (23, "stale"), (1, "stale"), (0, "invalid")):
        sent_ms = now_ms - hours * 3_600_000
        producer.produce(topic, b"", b"AAPL", hours % 2, headers={"reason": reason}, timestamp=sent_ms)
    assert producer.flush(30) == 0
    status, found = examined(stocks, ours)
    assert status == 0
    assert found["dead letters"] == [
        {
            "level": "warning",
            "check": "dead letters",
            "message": "2 stale, 1 invalid in the last 24 hours",
            "fix": "`stocks dead-letters list` shows them, and why",
        }
    ]


def test_a_registry_that_is_none_is_broken(ours: Settings, stocks: Stocks) -> None:
    with answering(HTTPStatus.OK, {}) as port:
        url = f"http://127.0.0.1:{port}"
        strange = ours.model_copy(update={"schema_registry_url": url})
        status, found = examined(stocks, strange)
    assert status == 1
    assert f"What answers at SCHEMA_REGISTRY_URL={url} is no schema registry" in found["registry"][0]["message"]


def test_what_is_out_of_reach_is_broken_and_the_rest_still_checked(ours: Settings, stocks: Stocks) -> None:
    away = ours.model_copy(update={"kafka_bootstrap": "127.0.0.1:1", "schema_registry_url": "http://127.0.0.1:1"})
    status, found = examined(stocks, away)
    assert status == 1
    assert "No broker answers at 127.0.0.1:1" in found["broker"][0]["message"]
    assert found["broker"][0]["fix"].startswith("check that it runs")
    assert "http://127.0.0.1:1 does not answer" in found["registry"][0]["message"]
    assert found["worker"][0]["level"] == "warning"
    assert "topics" not in found


def test_bad_settings_end_it_with_each_named(ours: Settings, stocks: Stocks, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PARTITION=3\n")
    status, found = examined(stocks, ours)
    assert status == 1
    assert "did you mean PARTITIONS?" in found["settings"][0]["message"]


def test_without_a_cluster_the_fix_is_to_start_one(stocks: Stocks, tmp_path: Path) -> None:
    status, found = examined(stocks, Settings(_env_file=None, stack_dir=tmp_path / "none", api_port=1, producer_port=1))  # type: ignore[call-arg]
    assert status == 1
    assert found["cluster"][0]["message"] == "No broker"
    assert found["cluster"][0]["fix"].startswith("run `make stack-up`")
