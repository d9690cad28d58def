"""Clients of GET /stream that are many, slow, frozen or gone, and a worker that stops."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import psutil

from tests.integration.conftest import Deploy
from tests.integration.deployment import DeployedWorker
from tests.integration.random_bars import random_bars
from tests.integration.stream_client import StreamClient, connect
from tests.integration.waiting import eventually

IDLE = 1000
MOST_IDLE_BYTES = 30_000_000
FROZEN = 30
MOST_FROZEN_BYTES = 200_000_000


def port_of(worker: DeployedWorker) -> int:
    return int(worker.url.rpartition(":")[2])


def streams_open(worker: DeployedWorker) -> int:
    [line] = [line for line in worker.get("/metrics").text.splitlines() if line.startswith("stocks_streams_open ")]
    return int(float(line.split()[1]))


def memory(worker: DeployedWorker) -> int:
    return psutil.Process(worker.process.pid).memory_info().rss


def test_a_thousand_idle_clients_take_little_memory_and_leave_none_behind(deploy: Deploy) -> None:
    deployment = deploy(partitions=8)
    worker = deployment.start_worker().wait_ready()
    deployment.send(random_bars(symbols=3, minutes=5, seed=4))
    deployment.settle()
    with ExitStack() as cleanup:
        cleanup.enter_context(StreamClient(worker.url)).take(1, "snapshot")
        before = memory(worker)
        clients = [cleanup.enter_context(connect(port_of(worker), 65536, "/stream?symbols=S0001")) for _ in range(IDLE)]
        for client in clients:
            read_until(client, b"event: snapshot")
        assert streams_open(worker) == IDLE + 1
        taken = memory(worker) - before
        assert taken <= MOST_IDLE_BYTES
    eventually(lambda: streams_open(worker) == 0, 30)


def read_until(sock: socket.socket, text: bytes) -> None:
    sock.settimeout(30)
    found = b""
    while text not in found:
        found += sock.recv(4096)


def test_clients_that_never_read_harm_nobody_and_are_cut(deploy: Deploy) -> None:
    deployment = deploy(partitions=2)
    worker = deployment.start_worker().wait_ready()
    bars = list(random_bars(symbols=50, minutes=500, seed=5))
    deployment.send(bars[:500])
    deployment.settle()
    with ExitStack() as cleanup:
        reader = cleanup.enter_context(StreamClient(worker.url))
        reader.take(1, "snapshot")
        before = memory(worker)
        for _ in range(FROZEN):
            cleanup.enter_context(connect(port_of(worker), 1024, "/stream"))
        eventually(lambda: streams_open(worker) == FROZEN + 1, 30)
        # Read while they are sent: on a slow machine that takes longer than a client may keep the worker waiting.
        reading = cleanup.enter_context(ThreadPoolExecutor(1)).submit(reader.take, len(bars) - 500)
        deployment.send(bars[500:])
        came = reading.result()
        assert len({event.data["id"] for event in came}) == len(bars) - 500
        # Had each of them a queue without a bound, they would take 700 MB.
        assert memory(worker) - before < MOST_FROZEN_BYTES
        eventually(lambda: streams_open(worker) == 1, 60, lambda: f"{streams_open(worker)} streams")
        eventually(lambda: connections(worker) <= 3, 40, lambda: f"{connections(worker)} connections")
        deployment.settle()


def connections(worker: DeployedWorker) -> int:
    """The connections of clients."""
    found = psutil.Process(worker.process.pid).net_connections("tcp")
    return sum(each.laddr.port == port_of(worker) and each.status == "ESTABLISHED" for each in found)


def test_all_streams_end_within_two_seconds_of_sigterm(deploy: Deploy) -> None:
    deployment = deploy(partitions=2)
    worker = deployment.start_worker().wait_ready()
    deployment.send(random_bars(symbols=50, minutes=100, seed=6))
    deployment.settle()
    with ExitStack() as cleanup:
        clients = [cleanup.enter_context(connect(port_of(worker), 65536, "/stream")) for _ in range(20)]
        clients += [
            cleanup.enter_context(connect(port_of(worker), 65536, "/stream?last_event_id=0:0")) for _ in range(5)
        ]
        for client in clients:
            read_until(client, b"event: ")
        for _ in range(5):
            cleanup.enter_context(connect(port_of(worker), 1024, "/stream?last_event_id=0:0"))
        eventually(lambda: streams_open(worker) == 30, 30)
        worker.process.terminate()
        asked = time.monotonic()
        for client in clients:
            client.settimeout(10)
            while client.recv(65536):
                pass
        took = time.monotonic() - asked
        assert took <= 2
        assert worker.process.wait(30) == 0
