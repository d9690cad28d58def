"""Nothing stays behind: each command on a real terminal, ended in each way in which strangers ended it.

Afterwards the process table is looked at. `make` is there because people use it, and because it waits for its child.
"""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from app.kafka.topic_admin import ensure_topics
from tests.integration.conftest import Deploy
from tests.integration.producing import STOCKS, environment
from tests.integration.terminal import Terminal
from tests.integration.test_live import alpaca
from tests.integration.waiting import eventually

__all__ = ["alpaca"]

ROOT = Path(__file__).parents[2]
MAKE = f"make -C {ROOT} --no-print-directory -o env"

#: A worker gets its batches committed and leaves its group; on a busy machine that takes a while.
SOON = 40.0


@dataclass(frozen=True)
class Command:
    """A command line, and what it prints when it is well under way."""

    line: str
    under_way: str


WORKER = Command(f"{MAKE} worker", "Worker ready")
WORKERS = Command(f"{MAKE} worker PROCESSES=2", "Worker ready")
REPLAY = Command(f"{MAKE} replay SOURCE=synthetic SPEED=2", "bars/s")
LIVE = Command(f"{MAKE} live", "Health:")
TAIL = Command(f"{STOCKS} tail signals", "symbol")
LONG = pytest.mark.parametrize(
    "command", [WORKER, WORKERS, REPLAY, LIVE, TAIL], ids=["worker", "workers", "replay", "live", "tail"]
)

Open = Callable[..., Terminal]


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    """Opens terminals; whatever is left on one at the end is killed."""
    opened: list[Terminal] = []

    def begin(line: str, env: dict[str, str]) -> Terminal:
        opened.append(Terminal(line, env, tmp_path))
        return opened[-1]

    yield begin
    for each in opened:
        each.end()


@pytest.fixture
def start(terminal: Open, deploy: Deploy, tmp_path: Path, request: pytest.FixtureRequest) -> Callable[..., Terminal]:
    """Starts a command line on a terminal, with topics, folders and ports of its own."""

    def begin(line: str, **more: str) -> Terminal:
        deployment = deploy(partitions=2)
        ensure_topics(deployment.settings)
        ours = {
            "DATA_DIR": str(tmp_path / "data"),
            # Several choose their own: the port behind a free one may be taken.
            "API_PORT": "0" if "PROCESSES" in line else str(deployment.port()),
            "PRODUCER_PORT": "0",
            "SESSION_SECONDS": "6",
            **more,
        }
        if " live" in line:
            ours |= {"SYMBOLS": "AAPL", **request.getfixturevalue("alpaca").environment}
        return terminal(line, environment(deployment.settings, **ours))

    return begin


@LONG
def test_ctrl_c_when_the_output_goes_through_tee(start: Open, command: Command, tmp_path: Path) -> None:
    shown = start(f"{command.line} 2>&1 | tee {tmp_path}/log")
    shown.until(command.under_way)
    # tee ends at Ctrl-C too, and may be quicker: nothing can be printed any more.
    end_tee(shown)
    shown.press_ctrl_c()
    shown.ends(SOON)


@LONG
def test_a_terminal_that_is_closed(start: Open, command: Command) -> None:
    # As by `ssh -t host make worker`: the leader of the session, make, gets the signal, and waits for its child.
    shown = start(f"exec {command.line}")
    shown.until(command.under_way)
    shown.close()
    shown.ends(SOON)


@pytest.mark.parametrize("command", [REPLAY, TAIL], ids=["replay", "tail"])
def test_a_reader_that_goes_away_ends_what_is_for_reading(start: Open, command: Command) -> None:
    shown = start(f"{command.line} 2>&1 | head -1")
    shown.until("\n")
    shown.ends(SOON)


@pytest.mark.parametrize("processes", ["", "PROCESSES=2"])
def test_a_worker_whose_reader_went_away_ends_at_ctrl_c(start: Open, processes: str) -> None:
    shown = start(f"{MAKE} worker {processes} 2>&1 | head -1")
    shown.until("\n")
    if not processes:
        # Several workers write through one supervisor, and end with it; a single one goes on.
        eventually(lambda: is_ready(shown), 120, shown.said)
        shown.press_ctrl_c()
    shown.ends(SOON)


@pytest.mark.parametrize("how", ["tee", "closed"])
def test_a_demo_with_a_stack_of_its_own(terminal: Open, tmp_path: Path, how: str) -> None:
    ours = {
        "KAFKA_BOOTSTRAP": "",
        "SCHEMA_REGISTRY_URL": "",
        "STACK_DIR": str(tmp_path / "stack"),
        "DATA_DIR": str(tmp_path / "data"),
        "API_PORT": "0",
        "PRODUCER_PORT": "0",
        "PARTITIONS": "2",
    }
    line = f"{MAKE} demo 2>&1 | tee {tmp_path}/log" if how == "tee" else f"exec {MAKE} demo"
    shown = terminal(line, {**os.environ, **ours})
    shown.until("SYNTHETIC  2024", 180)
    assert len(shown.running()) >= 4  # With Kafka, the registry, worker and producer.
    if how == "tee":
        end_tee(shown)
        shown.press_ctrl_c()
    else:
        shown.close()
    shown.ends(SOON)


@pytest.mark.parametrize("how", ["ctrl-c", "closed"])
def test_a_stack_that_is_interrupted_as_it_starts(terminal: Open, tmp_path: Path, how: str) -> None:
    shown = terminal(f"exec {MAKE} stack-up", {**os.environ, "STACK_DIR": str(tmp_path / "stack")})
    eventually(lambda: any("java" in (each.info["cmdline"] or [""])[0] for each in shown.running()), 60, shown.said)
    if how == "ctrl-c":
        shown.press_ctrl_c()
    else:
        shown.close()
    shown.ends(SOON)


def test_nohup_keeps_a_worker_whose_terminal_is_closed(start: Open, tmp_path: Path) -> None:
    # It writes nohup.out where it is started.
    shown = start(f"cd {tmp_path} && exec nohup {STOCKS} worker")
    eventually(lambda: is_ready(shown), 120, shown.said)
    shown.close()
    eventually(lambda: is_ready(shown), 30, lambda: (tmp_path / "nohup.out").read_text()[-3000:])


@pytest.mark.parametrize("by", ["make", "stocks"])
def test_two_quick_ctrl_c_end_a_replay_with_a_sentence(start: Open, by: str) -> None:
    line = REPLAY.line if by == "make" else f"exec {STOCKS} replay --source synthetic --speed 2"
    shown = start(line)
    shown.until("bars/s")
    shown.press_ctrl_c()
    shown.press_ctrl_c()
    shown.ends(SOON)
    said = shown.said()
    assert "Traceback" not in said
    assert "Aborted!" not in said
    assert re.search(r"Stopped(?: at once)?: [\d,]+ of [\d,]+ bars sent, ", said), said


def end_tee(shown: Terminal) -> None:
    for each in shown.running():
        if (each.info["cmdline"] or [])[:1] == ["tee"]:  # None of one that has just ended.
            each.kill()
            eventually(lambda: not any(each.pid == other.pid for other in shown.running()), 20)  # noqa: B023


def is_ready(shown: Terminal) -> bool:
    """Whether the one worker on it is."""
    try:
        url = f"http://127.0.0.1:{shown.env['API_PORT']}/ready"
        return httpx.get(url, timeout=2, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False
