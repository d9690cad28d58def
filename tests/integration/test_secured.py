"""A cluster with ACLs, TLS and passwords: everything runs with the rights of the table, and without one says which."""

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from confluent_kafka import Producer
from pydantic import SecretStr

from app.alerts.inbox import GroupInbox
from app.avro.registry import RegistryUnavailable
from app.dead_letters.letter import Letter
from app.dead_letters.letter_filter import LetterFilter
from app.dead_letters.read_letters import find_letters
from app.dead_letters.record_place import RecordPlace
from app.dead_letters.resend import resend
from app.engine.app import BatchApp
from app.engine.errors import OperatorError
from app.engine.rights import Right, kafka_acls
from app.kafka.acls import ROLES
from app.kafka.broker import Broker
from app.kafka.clients import producer_config, registry
from app.kafka.engine_options import EngineSetup
from app.kafka.topic_admin import ensure_topics
from app.kafka.topics import topics
from app.kafka.worker_group import describe_group
from app.producer.connect import connect
from app.settings import Settings
from app.sources.synthetic import Synthetic
from tests.harness.held_port import held_port
from tests.harness.secured_cluster import USERS, SecuredCluster
from tests.integration.command_line import Stocks, environment, stocks
from tests.integration.deployment import DeployedWorker
from tests.integration.fixtures_stack import LocalStack
from tests.integration.waiting import eventually

__all__ = ["stocks"]


@pytest.fixture(scope="module")
def cluster(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredCluster]:
    secured = SecuredCluster(tmp_path_factory.mktemp("secured"), stack.status.schema_registry)
    with secured.running():
        for user in USERS:
            secured.give(user, ROLES[user](settings_of(secured, user)))
        yield secured


def settings_of(cluster: SecuredCluster, user: str, **changes: Any) -> Settings:
    own = {"topic_prefix": "t.", "partitions": 1, "session_seconds": 6}
    return Settings(_env_file=None, **cluster.settings(user, **(own | changes)))  # type: ignore[call-arg]


@pytest.fixture
def start_worker(cluster: SecuredCluster, tmp_path: Path) -> Iterator[Callable[[], DeployedWorker]]:
    started: list[DeployedWorker] = []
    ports = ExitStack()

    def start() -> DeployedWorker:
        port = ports.enter_context(held_port())
        ours = settings_of(cluster, "worker", data_dir=tmp_path / "data", api_port=port)
        started.append(DeployedWorker({**os.environ, **environment(ours)}, tmp_path / f"worker-{len(started)}.log"))
        return started[-1]

    yield start
    for worker in started:
        worker.kill()
    ports.close()


def send_bars(settings: Settings, role: str = "producer", day: int = 14) -> int:
    """The bars of an hour, sent as `stocks produce` sends them; how many arrived."""
    source = Synthetic(["AAPL"], date(2024, 11, day), bars_each=60)
    delivery = connect(settings, source, give_up_after_s=20, role=role)
    try:
        for bar in source.bars():
            assert delivery.offer(bar)
        delivery.flush()
        return delivery.acknowledged
    finally:
        delivery.close()


def join_as_alerts(settings: Settings) -> None:
    """Read as a destination of `stocks alerts` does, and commit."""
    inbox = GroupInbox(settings, f"{settings.id}-alerts-mine", lambda _: None)
    try:
        eventually(lambda: inbox.read(0.2) or inbox._progress.has(0), 30)
        inbox.commit({}, {})
    finally:
        inbox.close()


def prepare(settings: Settings) -> None:
    """What a worker does before anything starts."""
    EngineSetup(settings).prepare(cast(BatchApp, SimpleNamespace(asgi_app=None, waits={})))


def names(said: str, right: Right) -> bool:
    return str(right) in said and kafka_acls(right) in said


def ends_with(worker: DeployedWorker, right: Right) -> None:
    """The worker ends by itself; its last line is the sentence, and nothing before it is a traceback."""
    status = worker.wait_ended()
    said = worker.tail(100_000)
    assert status == 1
    assert names(said.splitlines()[-1], right), said
    assert "Traceback" not in said


def test_everything_runs_with_exactly_its_rights(
    cluster: SecuredCluster, stocks: Stocks, start_worker: Callable[[], DeployedWorker]
) -> None:
    def succeed(user: str, *command: str, **changes: Any) -> str:
        done = stocks(settings_of(cluster, user, **changes), *command)
        assert done.exit_code == 0, done.output
        return done.output

    operator = settings_of(cluster, "operator")
    assert succeed("operator", "topics", "create").count("(id ") == 4
    assert "MISSING" not in succeed("operator", "topics", "list")
    worker = start_worker().wait_ready()
    assert send_bars(settings_of(cluster, "producer")) == 60
    producer = Producer(producer_config(settings_of(cluster, "producer")))
    producer.produce(topics(operator).raw.name, b"no Avro", "AAPL")
    assert producer.flush(20) == 0
    replayed = succeed("replay", "replay", "--symbols", "SPY", "--sessions", "1", "--wait")
    assert "Worker: 390 bars accepted (390 new), 0 refused" in replayed
    signals = succeed("reader", "tail", "signals", "--until-end", "--json")
    assert len(signals.splitlines()) == 450
    assert "not_avro" in succeed("operator", "dead-letters", "list")
    assert resend(operator, find_letters(operator, LetterFilter())) == 1
    assert succeed("alerts", "alerts", "--dry-run", "--until-end", alert_origins="synthetic", alert_seed_weight=1)
    join_as_alerts(settings_of(cluster, "alerts"))
    found = succeed("operator", "doctor", api_port=int(worker.url.rpartition(":")[2]))
    assert "cannot be looked at" not in found
    # The page of operations reads the dead letters, and push reads the signals.
    assert "not_avro" in worker.get("/dead-letters").text
    # A worker that runs, and may not be in its group any more.
    group = Right("Read", "group", operator.id)
    with cluster.without("worker", group):
        ends_with(worker, group)
    # It could not take its leave, so the group counts it as a member until its session is over.
    eventually(lambda: stocks(operator, "tables", "rebuild", "--yes").exit_code == 0, 30)


def test_each_missing_right_is_named_with_the_command_that_gives_it(cluster: SecuredCluster, stocks: Stocks) -> None:
    def of(user: str) -> Settings:
        return settings_of(cluster, user, topic_prefix="each.")

    for user in USERS:
        cluster.give(user, ROLES[user](of(user)))
    ensure_topics(of("operator"))
    # Of an empty topic nothing is read, and so nothing refused.
    anybody = Producer({"bootstrap.servers": cluster.plain})
    for topic in topics(of("operator")):
        anybody.produce(topic.name, b"value", b"key")
    assert anybody.flush(20) == 0
    # The errors that are caught below keep it alive: it would look for its broker long after the test.
    anybody.close()
    ours = topics(of("operator"))
    changelog, group = ours.windows_changelog.name, of("operator").id

    def command(user: str, *arguments: str) -> str:
        done = stocks(of(user), *arguments)
        assert done.exit_code == 1, done.output
        return done.output

    def fails(work: Callable[[Settings], object], user: str) -> str:
        with pytest.raises(OperatorError) as caught:
            work(of(user))
        return str(caught.value)

    def send_again(settings: Settings) -> None:
        place = RecordPlace(ours.raw.name, 0, 0)
        letter = Letter(place, place, "not_avro", "", None, None, b"AAPL", b"no Avro")
        resend(settings, [letter])

    def how(user: str, right: Right) -> str:
        """What the user hears who does what needs this right."""
        if user == "operator":
            return operator(right)
        if user == "worker":
            return fails(prepare, user)
        if right.resource == "group":
            if right.operation == "Read":
                return fails(join_as_alerts, user)
            if right.name == group:
                return fails(lambda settings: describe_group(Broker(settings), group), user)
            return command(user, *(("alerts", "--dry-run") if user == "alerts" else ("tail", "signals")), "--until-end")
        if user in ("producer", "replay"):
            return fails(lambda settings: send_bars(settings, user), user)
        return command(user, "tail", "signals", "--until-end")

    def operator(right: Right) -> str:
        if right.operation == "DescribeConfigs":
            return command("operator", "topics", "list")
        if right.name == changelog or (right.operation == "Write" and right.resource != "topic") or right.name == group:
            return command("operator", "tables", "rebuild", "--yes")
        if right.operation == "Write":
            return fails(send_again, "operator")
        short = {ours.raw.name: "raw", ours.signals.name: "signals", ours.dead_letters.name: "dead-letters"}
        return command("operator", "tail", short.get(right.name, "raw"), "--until-end")

    unnamed = {}
    for user in USERS:
        for right in ROLES[user](of(user)):
            if right.operation == "Create" or (user == "worker" and right.resource != "topic"):
                continue  # Below, and in the next test.
            with cluster.without(user, right):
                said = how(user, right)
            if not names(said, right):
                unnamed[user, str(right)] = said
    assert unnamed == {}


def test_without_the_right_to_create_all_topics_that_are_missing_are_named(
    cluster: SecuredCluster, stocks: Stocks
) -> None:
    new = settings_of(cluster, "operator", topic_prefix="new.")
    rights = [right for right in ROLES["operator"](new) if right.operation != "Create"]
    cluster.give("operator", rights)
    said = stocks(new, "topics", "create").output
    assert all(names(said, Right("Create", "topic", topic.name)) for topic in topics(new)), said


def test_a_worker_that_starts_writes_or_reads_without_a_right_ends_with_its_name(
    cluster: SecuredCluster, start_worker: Callable[[], DeployedWorker]
) -> None:
    ensure_topics(settings_of(cluster, "operator"))
    ours = settings_of(cluster, "worker")
    # What reads the changelog without the group's right is tested with a fake: tests/unit/engine/test_restorer.py.
    owning = Right("Write", "transactional-id", f"{ours.id}-", prefixed=True)
    with cluster.without("worker", owning):
        ends_with(start_worker(), owning)
    worker = start_worker().wait_ready()
    writing = Right("Write", "topic", topics(ours).signals.name)
    with cluster.without("worker", writing):
        send_bars(settings_of(cluster, "producer"), day=15)
        ends_with(worker, writing)
    worker = start_worker().wait_ready()
    reading = Right("Read", "topic", topics(ours).raw.name)
    with cluster.without("worker", reading):
        ends_with(worker, reading)


def test_a_certificate_that_nobody_vouches_for_and_a_wrong_password_are_said(cluster: SecuredCluster) -> None:
    with pytest.raises(OperatorError, match="KAFKA_CA_FILE"):
        Broker(settings_of(cluster, "reader").model_copy(update={"kafka_ca_file": None}), timeout=3)
    for changed, said in (
        ({"schema_registry_ca_file": None}, "check SCHEMA_REGISTRY_CA_FILE"),
        ({"schema_registry_api_secret": SecretStr("wrong")}, "refuses the credentials"),
    ):
        with pytest.raises(RegistryUnavailable, match=said):
            asyncio.run(registry(settings_of(cluster, "reader").model_copy(update=changed)).check())
