import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app import metrics
from app.access.listening import AccessUndecided
from app.asgi.listen import PortTaken
from app.avro.registry import NotARegistry
from app.engine.app import BatchApp
from app.kafka.broker import BrokerUnavailable
from app.kafka.clients import ClusterMissing
from app.kafka.engine_options import EngineSetup
from app.kafka.topics import LARGEST_RECORD_BYTES
from app.settings import Settings, SettingsError
from tests.harness.http_server import serving
from tests.unit.kafka.made import make_settings

SECRET = "not-a-secret"  # noqa: S105


def test_what_the_engine_needs_comes_from_the_settings(tmp_path: Path) -> None:
    settings = make_settings(
        tmp_path / "here",
        kafka_bootstrap="127.0.0.1:1,127.0.0.1:2",
        kafka_security_protocol="SASL_PLAINTEXT",
        kafka_api_key="key",
        kafka_api_secret=SECRET,
        topic_prefix="test.",
        partitions=3,
        replication_factor=2,
        session_seconds=20,
        batch_max=700,
        api_host="0.0.0.0",  # noqa: S104
        api_port=8123,
    )
    options = EngineSetup(settings).options()
    assert (options.id, options.brokers) == ("test.stock-signals", ["127.0.0.1:1", "127.0.0.1:2"])
    assert options.credentials.username == "key"
    assert (options.partitions, options.replication_factor, options.batch_max) == (3, 2, 700)
    assert (options.session_seconds, options.data_dir) == (20, tmp_path / "here")
    assert (options.web_bind, options.web_host, options.web_port) == ("0.0.0.0", socket.gethostname(), 8123)  # noqa: S104
    assert options.client_id == f"test.stock-signals@{socket.gethostname()}:8123"


def test_an_address_with_colons_can_be_listened_on(tmp_path: Path) -> None:
    """Faust makes a URL of it."""
    app = BatchApp(EngineSetup(make_settings(tmp_path, api_host="::1", api_port=8123)).options())
    assert app.conf.web_bind == "::1"
    assert str(app.conf.canonical_url) == "http://[::1]:8123"


def test_a_transaction_may_take_longer_than_the_session_of_its_worker(tmp_path: Path) -> None:
    options = EngineSetup(make_settings(tmp_path)).options()
    assert options.transaction_seconds > options.session_seconds


def test_writers_take_the_largest_dead_letter_and_restoring_does_not_join_the_workers_group(tmp_path: Path) -> None:
    options = EngineSetup(make_settings(tmp_path)).options()
    assert options.producer["message.max.bytes"] == LARGEST_RECORD_BYTES
    assert options.consumer["group.id"] != options.id
    assert options.consumer["isolation.level"] == "read_committed"


def test_without_a_cluster_commands_work_but_a_worker_does_not_start(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, stack_dir=tmp_path / "none", data_dir=tmp_path / "data")  # type: ignore[call-arg]
    app = BatchApp(EngineSetup(settings).options())
    with pytest.raises(ClusterMissing, match="make stack-up"):
        app.prepare()
    assert not (tmp_path / "data").exists()


def test_a_port_that_is_taken_is_said_before_the_broker_is_asked(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        app = BatchApp(EngineSetup(make_settings(tmp_path, api_port=taken.getsockname()[1])).options())
        app.asgi_app = object()
        with pytest.raises(PortTaken, match="API_PORT="):
            app.prepare()


def test_who_may_ask_is_settled_before_the_broker_is_asked(tmp_path: Path) -> None:
    app = BatchApp(EngineSetup(make_settings(tmp_path, api_host="0.0.0.0")).options())  # noqa: S104
    app.asgi_app = object()
    with pytest.raises(AccessUndecided, match=r"API_TOKEN.*API_OPEN=true"):
        app.prepare()


def test_faust_may_not_listen_where_the_settings_do_not_say(tmp_path: Path) -> None:
    app = BatchApp(EngineSetup(make_settings(tmp_path)).options())
    app.asgi_app = object()
    app.conf.web_bind = "0.0.0.0"  # noqa: S104  # As --web-bind does.
    with pytest.raises(AccessUndecided, match="--web-bind"):
        app.prepare()


def test_without_an_api_nobody_may_ask(tmp_path: Path) -> None:
    with answering(b"<html>") as url:
        app = BatchApp(EngineSetup(make_settings(tmp_path, api_host="0.0.0.0", schema_registry_url=url)).options())  # noqa: S104
        app.asgi_app = object()
        app.conf.web_enabled = False
        with pytest.raises(NotARegistry):
            app.prepare()


def test_a_worker_has_a_port_by_which_others_find_it(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="API_PORT=0: must be a whole number from 1 to 65535"):
        EngineSetup(make_settings(tmp_path, api_port=0)).options()


@contextmanager
def answering(body: bytes, status: int = 200) -> Iterator[str]:
    """A server that says the same to everybody."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

    with serving(Answers) as port:
        yield f"http://127.0.0.1:{port}"


def no_broker(url: str) -> dict[str, str]:
    """Settings with which it is clear at once, without a time limit, that no broker can be reached: no TLS is there."""
    return {"kafka_bootstrap": url.removeprefix("http://"), "kafka_security_protocol": "SSL"}


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"<html>", 200), (b"{}", 200), (b"null", 200), (b'{"detail": "Not Found"}', 404), (b"[]", 400), (b"", 302)],
)
def test_what_answers_and_is_no_registry_is_said_before_the_broker_is_asked(
    tmp_path: Path, body: bytes, status: int
) -> None:
    with answering(body, status) as url:
        app = BatchApp(EngineSetup(make_settings(tmp_path / "data", schema_registry_url=url)).options())
        with pytest.raises(NotARegistry, match=f"What answers at SCHEMA_REGISTRY_URL={url} is no schema registry"):
            app.prepare()
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(("body", "status"), [(b"[]", 200), (b'["a-value"]', 200), (b"{}", 503)])
def test_a_registry_that_answers_or_is_not_well_is_one(tmp_path: Path, body: bytes, status: int) -> None:
    with answering(body, status) as url:
        app = BatchApp(EngineSetup(make_settings(tmp_path, schema_registry_url=url, **no_broker(url))).options())
        with pytest.raises(BrokerUnavailable):
            app.prepare()


def test_records_that_retention_deleted_are_counted(tmp_path: Path) -> None:
    EngineSetup(make_settings(tmp_path)).options().on_deleted("some.topic", 7)
    assert metrics.registry.get_sample_value("stocks_deleted_records_total", {"topic": "some.topic"}) == 7


@contextmanager
def away() -> Iterator[None]:
    raise BrokerUnavailable("nobody answers")
    yield


def test_a_broker_that_is_away_is_no_reason_to_end(tmp_path: Path) -> None:
    cluster = EngineSetup(make_settings(tmp_path))
    app: Any = SimpleNamespace(topic_ids={"stocks.raw.avro": "id"}, conf=SimpleNamespace(web_enabled=True))
    cluster.check(app, [])  # Nothing is known before the worker is prepared.
    broker: Any = SimpleNamespace(explaining=away)
    cluster._broker = broker
    cluster.check(app, [])


async def test_a_worker_that_has_not_seen_its_registry_is_not_ready_until_it_answers(tmp_path: Path) -> None:
    app: Any = SimpleNamespace(asgi_app=None, waits={})
    with answering(b"") as url:
        cluster = EngineSetup(make_settings(tmp_path, **no_broker(url)))
        with pytest.raises(BrokerUnavailable):
            await asyncio.to_thread(cluster.prepare, app)
    [said] = app.waits.values()
    assert said.startswith("The schema registry at http://127.0.0.1:1 does not answer (")

    waiting = asyncio.create_task(cluster.await_registry(app, again_seconds=0.01))
    with answering(b"<html>") as url:
        cluster.settings = cluster.settings.model_copy(update={"schema_registry_url": url})
        while "is no schema registry" not in str(app.waits):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    with answering(b"[]") as url:
        cluster.settings = cluster.settings.model_copy(update={"schema_registry_url": url})
        await asyncio.wait_for(waiting, 10)
    assert app.waits == {}


async def test_a_registry_that_answered_at_the_start_is_not_asked_again(tmp_path: Path) -> None:
    app: Any = SimpleNamespace(waits={"disk": "the disk is full"})
    await asyncio.wait_for(EngineSetup(make_settings(tmp_path)).await_registry(app), 1)
    assert app.waits == {"disk": "the disk is full"}
