"""The supervisor as a process of its own, with small programs for workers."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

SUPERVISE = """
import sys
from pathlib import Path
from app.supervisor.process import WorkerPlace
from app.supervisor.restarts import Restarts
from app.supervisor.supervisor import WorkerFailed, supervise

class AtOnce(Restarts):
    def ended(self, status):
        return None if super().ended(status) is None else 0.0

places = [
    WorkerPlace(number, Path(f"data/worker-{number}"), 8000 + number, f"http://there/{number}") for number in (1, 2)
]
try:
    sys.exit(supervise(places, [sys.executable, "-c", sys.argv[1]], 1, AtOnce))
except WorkerFailed as error:
    print(error, file=sys.stderr)
    sys.exit(error.status)
"""
UP = "import os, signal, time\nprint('up', os.getpid(), os.environ['DATA_DIR'], os.environ['API_PORT'])\n"
WORKS = UP + "signal.signal(signal.SIGTERM, lambda *_: exit(0))\nwhile True: time.sleep(60)\n"
DEAF = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + UP + "while True: time.sleep(60)\n"
FAILS = "print('Error: nothing can be done')\nexit(3)\n"
TALKS = WORKS.replace("time.sleep(60)", "print('x' * 100)")

Start = Callable[..., "Supervised"]


class Supervised:
    """The supervisor, and what it says line by line."""

    def __init__(self, worker: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SUPERVISE, worker], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def until(self, text: str) -> str:
        """The next line with this text."""
        assert self.process.stdout
        for line in self.process.stdout:
            if text in line:
                return line
        pytest.fail(f"{text!r} never came: {self.process.stderr and self.process.stderr.read()}")

    def up(self) -> list[psutil.Process]:
        """Both workers, once they run."""
        return [psutil.Process(int(self.until(" | up").split()[3])) for _ in range(2)]


@pytest.fixture
def start() -> Iterator[Start]:
    made: list[Supervised] = []

    def begin(worker: str) -> Supervised:
        made.append(Supervised(worker))
        return made[-1]

    yield begin
    for each in made:
        each.process.kill()
        each.process.communicate()


def test_each_has_its_place_and_all_end_with_sigterm(start: Start) -> None:
    supervised = start(WORKS)
    lines = [supervised.until(text) for text in ("Worker 1", "Worker 2")]
    assert lines == [f"Worker {number}  http://there/{number}  data/worker-{number}\n" for number in (1, 2)]
    said = {supervised.until(" | up") for _ in range(2)}
    assert {(line[0], *line.split()[4:]) for line in said} == {
        ("1", "data/worker-1", "8001"),
        ("2", "data/worker-2", "8002"),
    }
    supervised.process.terminate()
    assert supervised.process.wait(20) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_ctrl_c_and_a_closed_terminal_end_it_too(start: Start, number: signal.Signals) -> None:
    supervised = start(WORKS)
    workers = supervised.up()
    supervised.process.send_signal(number)
    assert supervised.process.wait(20) == 0
    assert not any(worker.is_running() for worker in workers)


def test_one_that_is_killed_comes_back(start: Start) -> None:
    supervised = start(WORKS)
    victim, other = supervised.up()
    victim.kill()
    assert "has ended by SIGKILL, and starts again in 0 s" in supervised.until("has ended")
    assert psutil.Process(int(supervised.until(" | up").split()[3])) not in (victim, other)
    assert other.is_running()


def test_one_that_fails_again_and_again_ends_all_with_its_status_and_sentence(start: Start) -> None:
    supervised = start(FAILS)
    out, err = supervised.process.communicate(timeout=60)
    assert supervised.process.returncode == 3
    assert "has ended 5 times soon after its start, at last with status 3, so all were stopped" in err
    assert err.endswith("It said:\nnothing can be done\n")
    assert "has ended with status 3, and starts again" in out


def test_a_second_signal_kills_at_once(start: Start) -> None:
    supervised = start(DEAF)
    workers = supervised.up()
    supervised.process.terminate()
    supervised.process.terminate()
    # The system may make one of two signals that are pending.
    while supervised.process.poll() is None and all(worker.is_running() for worker in workers):
        supervised.process.terminate()
    assert supervised.process.wait(20) == 1
    assert not any(worker.is_running() for worker in workers)


def test_a_reader_that_goes_away_ends_it(start: Start) -> None:
    supervised = start(TALKS)
    workers = supervised.up()
    assert supervised.process.stdout
    supervised.process.stdout.close()
    assert supervised.process.wait(20) == 1
    assert not any(worker.is_running() for worker in workers)


def test_a_reader_that_stands_still_does_not_keep_it_from_ending(start: Start) -> None:
    supervised = start(TALKS)
    supervised.up()
    supervised.process.terminate()  # Nobody reads what they say any more.
    supervised.process.wait(30)


def test_workers_die_with_a_supervisor_that_is_killed(start: Start) -> None:
    supervised = start(DEAF)
    workers = supervised.up()
    supervised.process.kill()
    supervised.process.wait()
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert [worker for worker in alive if worker.status() != psutil.STATUS_ZOMBIE] == []


def test_nohup_is_respected(start: Start) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        supervised = start(WORKS)
    finally:
        signal.signal(signal.SIGHUP, before)
    workers = supervised.up()
    supervised.process.send_signal(signal.SIGHUP)
    workers[0].kill()
    supervised.until(" | up")
    assert supervised.process.poll() is None


def test_a_tether_whose_parent_is_gone_starts_nothing(tmp_path: Path) -> None:
    tether = [sys.executable, "-m", "app.supervisor.tether"]
    touch = [sys.executable, "-c", f"open({str(tmp_path / 'started')!r}, 'w')"]
    subprocess.run([*tether, "1", *touch], check=True)
    assert not list(tmp_path.iterdir())
    subprocess.run([*tether, str(os.getpid()), *touch], check=True)
    assert list(tmp_path.iterdir())


def test_with_json_every_line_is_an_event() -> None:
    program = SUPERVISE.replace("1, AtOnce)", "1, AtOnce, json_lines=True)")
    worker = """print('{"message": "nothing can be done"}')\nexit(3)"""
    done = subprocess.run(
        [sys.executable, "-c", program, worker], capture_output=True, text=True, timeout=120, check=False
    )
    said = [json.loads(line)["message"] for line in done.stdout.splitlines()]
    assert done.returncode == 3
    assert said.count("nothing can be done") >= 5
    # One of the two may fail for good before the other has ended once.
    assert any(re.match("Worker [12] has ended with status 3, and starts again", sentence) for sentence in said)
