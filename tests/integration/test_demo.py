"""`stocks demo`, from its first process to the last it leaves: none."""

import os
import re
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import psutil
import pytest

from tests.integration.fixtures_stack import LocalStack
from tests.integration.producing import popen

Start = Callable[..., subprocess.Popen[str]]

#: Worker and producer are killed after GRACE_S, Kafka and the registry a while later; a busy machine adds to that.
IN_TIME = 40

#: Of a start, and an end, on a busy machine.
LONG = 90


@pytest.fixture
def start(stack: LocalStack, tmp_path: Path) -> Iterator[Start]:
    """Starts `stocks demo …` with folders, ports and topics of its own; nothing of it may be left afterwards."""
    children: list[subprocess.Popen[str]] = []

    def begin(*arguments: str, **env: str) -> subprocess.Popen[str]:
        ours = {
            "KAFKA_BOOTSTRAP": stack.status.kafka,
            "SCHEMA_REGISTRY_URL": stack.status.schema_registry,
            "STACK_DIR": str(tmp_path / "stack"),
            "DATA_DIR": str(tmp_path / "data"),
            "TOPIC_PREFIX": f"t{uuid4().hex[:8]}.",
            "PARTITIONS": "2",
            "API_PORT": "0",
            "PRODUCER_PORT": "0",
            "PYTHONUNBUFFERED": "1",
        }
        children.append(popen(["demo", *arguments], {**os.environ, **ours, **env}))
        return children[-1]

    yield begin
    for child in children:
        child.kill()
        child.communicate()
    left = left_behind(tmp_path)
    for process in left:
        process.kill()
    assert not left


def left_behind(folder: Path) -> list[psutil.Process]:
    """Processes that work in this folder."""
    found = []
    for process in psutil.process_iter(["cmdline", "environ"]):
        environment = process.info["environ"] or {}
        if str(folder) in environment.get("DATA_DIR", "") or str(folder) in " ".join(process.info["cmdline"] or ()):
            found.append(process)
    return found


def until(child: subprocess.Popen[str], text: str) -> str:
    """Its output up to the line with this text."""
    assert child.stdout
    lines = ""
    for line in child.stdout:
        lines += line
        if text in line:
            return lines
    pytest.fail(f"{text!r} never came: {lines}{child.stderr.read() if child.stderr else ''}")


def test_it_ends_by_itself_once_the_last_signals_can_be_read(start: Start) -> None:
    child = start("--exit")
    out, err = child.communicate()
    assert child.returncode == 0, (out, err)
    page, what = out.splitlines()[:2]
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?run=synthetic-2024-11-14-\w+  the page: open it in a browser", page)
    assert what.startswith("SYNTHETIC bars, made up and no market data: AAPL, GOOGL, SPY on 2024-11-14")
    assert re.search(r"SYNTHETIC +2024-11-14T\S+ +\w+ +BUY +at .*: RSI .* < 30 while SMA-20 .* > SMA-50", out)
    assert re.search(r"SYNTHETIC +2024-11-14T\S+ +\w+ +SELL +at .*: RSI .* > 70 while SMA-20 .* < SMA-50", out)
    assert re.search(r"The first signal was readable through the API after [\d.]+ s\.", out)
    assert "1,170 signals: " in out


def test_ctrl_c_when_all_is_shown_stops_everything_in_time(start: Start) -> None:
    child = start("--speed", "max")
    until(child, "Ctrl-C stops everything")
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=IN_TIME)
    assert (child.returncode, err) == (0, "")
    assert out.endswith("Stopped.\n")


@pytest.mark.parametrize("line", ["Starting Kafka", "SYNTHETIC bars"])
def test_ctrl_c_on_the_way_up_leaves_nothing_of_a_stack_of_its_own(start: Start, line: str) -> None:
    child = start(KAFKA_BOOTSTRAP="", SCHEMA_REGISTRY_URL="")
    until(child, line)
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=IN_TIME)
    assert child.returncode == 130


@pytest.mark.parametrize("name", ["worker", "producer"])
def test_a_process_that_dies_ends_the_demo_with_the_reason(start: Start, tmp_path: Path, name: str) -> None:
    child = start("--speed", "1")
    until(child, "what worker and producer log")
    word = {"worker": "faust", "producer": "produce"}[name]
    [victim] = [process for process in psutil.Process(child.pid).children() if word in process.cmdline()]
    victim.kill()
    _, err = child.communicate(timeout=LONG)
    assert child.returncode == 1
    assert f"The {name} has ended by SIGKILL. The end of {tmp_path}/stack/logs/{name}.log" in err
    assert "Traceback" not in err


def test_a_port_that_is_taken_is_named_with_its_setting(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        child = start(API_PORT=str(port))
        _, err = child.communicate(timeout=LONG)
    assert child.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{port}: Address already in use, by process {os.getpid()}" in err
    assert f"API_PORT={port + 1}" in err


def test_another_machines_broker_is_refused(start: Start) -> None:
    child = start(KAFKA_BOOTSTRAP="192.0.2.1:9092")
    _, err = child.communicate(timeout=LONG)
    assert child.returncode == 1
    assert "'192.0.2.1' is not one" in err
