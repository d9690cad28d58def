"""The local stack as a whole: what survives, what is left behind, what is said."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from app import stack as local_stack
from app.kafka.local_cluster import HOST, Ports
from app.stack import StackError
from app.stack.ports import any_free_port
from app.stack.processes import find, log_file
from tests.integration.fixtures_stack import LocalStack, MakeStack, stopped_in_the_end
from tests.integration.waiting import eventually

SCHEMA = {"schema": json.dumps({"type": "record", "name": "Bar", "fields": [{"name": "symbol", "type": "string"}]})}

#: The first question to a registry that has just started loads its code, beside others that start.
COLD_SECONDS = 60.0

START = "import sys; from pathlib import Path; from app import stack; stack.start(Path(sys.argv[1]))"


def produce(address: str, topic: str, values: list[bytes]) -> None:
    admin = AdminClient({"bootstrap.servers": address})
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(20)
    producer = Producer({"bootstrap.servers": address, "acks": "all"})
    for value in values:
        producer.produce(topic, value)
    assert producer.flush(20) == 0


def consume(address: str, topic: str, count: int) -> list[bytes | None]:
    consumer = Consumer({"bootstrap.servers": address, "group.id": "test"})
    try:
        consumer.assign([TopicPartition(topic, 0, 0)])
        return [message.value() for message in consumer.consume(count, 30)]
    finally:
        consumer.close()


def register(registry: str, subject: str) -> int:
    answer = httpx.post(f"{registry}/subjects/{subject}/versions", json=SCHEMA, trust_env=False, timeout=COLD_SECONDS)
    return int(answer.raise_for_status().json()["id"])


def registered(registry: str, schema_id: int) -> str:
    answer = httpx.get(f"{registry}/schemas/ids/{schema_id}", trust_env=False, timeout=COLD_SECONDS)
    return str(answer.raise_for_status().json()["schema"])


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder for a stack that is stopped in the end."""
    with stopped_in_the_end(tmp_path):
        yield tmp_path


def test_records_and_schema_ids_survive_kill_9_and_a_change_of_ports(make_stack: MakeStack) -> None:
    # A folder that would break a properties file, a database address or a Java that guesses the encoding.
    stack = make_stack("schöne Kurse; a, b=c")
    before = stack.status
    values = [b"%d" % n for n in range(1000)]
    produce(before.kafka, "bars", values)
    schema_id = register(before.schema_registry, "bars-value")
    stack.kill_kafka()
    stack.kill_registry()
    assert local_stack.status(stack.directory) is None
    kafka_port, registry_port = stack.hold_port(), stack.hold_port()
    after = local_stack.start(stack.directory, kafka_port=kafka_port, registry_port=registry_port)
    assert after.kafka == f"{HOST}:{kafka_port}" != before.kafka
    assert after.schema_registry == f"http://{HOST}:{registry_port}/apis/ccompat/v7" != before.schema_registry
    assert after.cluster_id == before.cluster_id
    assert consume(after.kafka, "bars", 1000) == values
    assert json.loads(registered(after.schema_registry, schema_id)) == json.loads(SCHEMA["schema"])
    produce(after.kafka, "more", [b"1"])


def test_when_one_is_killed_the_next_start_has_both(make_stack: MakeStack) -> None:
    stack = make_stack()
    before = stack.status
    stack.kill_registry()
    assert local_stack.status(stack.directory) is None
    after = stack.start()
    assert (after.kafka, after.schema_registry) == (before.kafka, before.schema_registry)
    assert len(find(stack.directory)) == 2


def test_a_second_start_finds_the_first(stack: LocalStack) -> None:
    assert local_stack.start(stack.directory) == stack.status
    assert local_stack.status(stack.directory) == stack.status


def test_a_second_start_on_other_ports_or_with_sasl_is_an_error(stack: LocalStack) -> None:
    port = any_free_port()
    with pytest.raises(StackError, match=rf"already runs, (.|\n)*KAFKA_PORT is {port}(.|\n)*stocks stack down"):
        local_stack.start(stack.directory, kafka_port=port)
    with pytest.raises(StackError, match=rf"SCHEMA_REGISTRY_PORT is {port}"):
        local_stack.start(stack.directory, registry_port=port)
    with pytest.raises(StackError, match="SASL is wanted"):
        local_stack.start(stack.directory, sasl={"user": "password"})
    assert local_stack.status(stack.directory) == stack.status


def test_two_starts_at_once_make_one_stack_and_stop_leaves_nothing(folder: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(local_stack.start, [folder, folder])
    assert one == other
    processes = list(find(folder).values())
    assert {process.pid for process in processes} == {one.kafka_pid, one.schema_registry_pid}
    assert local_stack.stop(folder)
    assert all(has_ended(process) for process in processes)
    assert local_stack.status(folder) is None
    assert not local_stack.stop(folder)


def has_ended(process: psutil.Process) -> bool:
    """Whether it runs no more, even if its parent has not noticed yet."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_killed_start_leaves_nothing_that_stop_does_not_end(folder: Path) -> None:
    left = kill_start(folder, "registry")
    assert local_stack.stop(folder)
    assert all(has_ended(process) for process in left)


@pytest.mark.parametrize("reached", ["kafka-format", "kafka"])
def test_a_start_after_a_killed_one_takes_over(reached: str, folder: Path) -> None:
    left = kill_start(folder, reached)
    status = local_stack.start(folder)
    assert {process.pid for process in find(folder).values()} == {status.kafka_pid, status.schema_registry_pid}
    assert all(has_ended(process) for process in left)


def kill_start(folder: Path, reached: str) -> list[psutil.Process]:
    """Kills a start once a certain process runs, and returns what it leaves behind."""
    with subprocess.Popen([sys.executable, "-c", START, str(folder)]) as parent:
        while reached not in find(folder):
            assert parent.poll() is None
        parent.kill()
    return list(find(folder).values())


@pytest.fixture
def lost_port(folder: Path) -> Iterator[int]:
    """A port that is free while ports are chosen, and taken by someone else before Kafka and the registry are up."""
    with socket.socket() as server:
        # Who only holds a port does not stand in the way of others who would reuse it.
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((HOST, 0))
        started = threading.Thread(target=lambda: _listen_once_kafka_is_started(server, folder))
        started.start()
        yield int(server.getsockname()[1])
        started.join()


def _listen_once_kafka_is_started(server: socket.socket, folder: Path) -> None:
    until = time.monotonic() + 60
    while not (folder / "kafka.properties").exists():
        assert time.monotonic() < until
        time.sleep(0.005)
    server.listen()


@pytest.mark.parametrize("service", ["kafka", "registry"])
def test_a_port_given_and_lost_in_the_last_moment_is_an_error_that_leaves_nothing(
    service: str, lost_port: int, folder: Path
) -> None:
    kafka_port, registry_port = (lost_port, None) if service == "kafka" else (None, lost_port)
    with pytest.raises(StackError, match=rf"Port {lost_port} is taken by process"):
        local_stack.start(folder, kafka_port=kafka_port, registry_port=registry_port)
    said = {role: log_file(folder, role).read_text() for role in ("kafka", "registry")}
    # Beside many others the second service may lose its port, too, and end the start before the first one notices.
    assert f"{lost_port}" in said.pop(service) or " in use" in said.popitem()[1]
    assert find(folder) == {}


def test_a_port_preferred_and_lost_in_the_last_moment_is_replaced(lost_port: int, folder: Path) -> None:
    Ports(lost_port, any_free_port()).save(folder)
    assert local_stack.start(folder).kafka != f"{HOST}:{lost_port}"


def test_a_sasl_listener_takes_its_users_and_nobody_else(make_stack: MakeStack) -> None:
    status = make_stack(sasl={"worker": "its-secret", "other": "another"}).status
    assert status.kafka_sasl
    refused = threading.Event()

    def note(error: KafkaError) -> None:
        if error.code() == KafkaError._AUTHENTICATION:
            refused.set()

    login: dict[str, Any] = {
        "bootstrap.servers": status.kafka_sasl,
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "PLAIN",
        "sasl.username": "worker",
        "log_level": 0,
        "error_cb": note,
    }
    right = AdminClient({**login, "sasl.password": "its-secret"})
    assert right.list_topics(timeout=20).cluster_id == status.cluster_id
    assert not refused.is_set()
    wrong = AdminClient({**login, "sasl.password": "another"})
    with pytest.raises(KafkaException):
        wrong.list_topics(timeout=2)

    def is_refused() -> bool:
        wrong.poll(0.1)
        return refused.is_set()

    # Other errors may be reported before that one.
    eventually(is_refused, 30)


def test_an_incompatible_schema_is_refused(stack: LocalStack) -> None:
    subject = f"{uuid.uuid4()}-value"
    register(stack.status.schema_registry, subject)
    other = {"type": "record", "name": "Bar", "fields": [{"name": "price", "type": "double"}]}
    answer = httpx.post(
        f"{stack.status.schema_registry}/subjects/{subject}/versions",
        json={"schema": json.dumps(other)},
        trust_env=False,
        timeout=COLD_SECONDS,
    )
    assert answer.status_code == 409


def test_the_command_line_starts_what_outlives_it(folder: Path) -> None:
    def stocks(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", "from app.cli import main; main()", "stack", *arguments]
        environment = os.environ | {"STACK_DIR": str(folder)}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert stocks("status", "--json").returncode == 1
    up = stocks("up")
    assert (up.returncode, "running at" in up.stdout) == (0, True), up.stderr
    status = local_stack.status(folder)
    assert status
    addresses = json.loads(stocks("status", "--json").stdout)
    assert addresses == {"kafka": status.kafka, "schema_registry": status.schema_registry}
    again = stocks("up")
    assert (again.returncode, "already running" in again.stdout) == (0, True)
    assert stocks("down").stdout == "Stopped\n"
    assert find(folder) == {}
