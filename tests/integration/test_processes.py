"""`stocks worker --processes 2`: two workers with one command, whatever happens to one, and none left behind."""

import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.harness.held_port import held_port
from tests.harness.http_client import http_client
from tests.integration.conftest import Deploy
from tests.integration.deployment import Deployment
from tests.integration.producing import STOCKS, environment
from tests.integration.random_bars import random_bars
from tests.integration.waiting import eventually

SYMBOLS, MINUTES = 20, 120
FIRST = 60 * SYMBOLS


class Supervised:
    """The command, and its workers as one finds them from outside."""

    def __init__(self, deployment: Deployment, folder: Path) -> None:
        self.folder = folder
        self._log = folder / "workers.log"
        env = environment(deployment.settings, SESSION_SECONDS="6", DATA_DIR=str(folder / "tables"), API_PORT="0")
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [STOCKS, "worker", "--processes", "2"], env=env, stdout=log, stderr=subprocess.STDOUT
            )
        eventually(lambda: len(self.addresses()) == 2 or self.process.poll() is not None, 120, self.log)
        self.urls = self.addresses()

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def addresses(self) -> list[str]:
        return re.findall(r"^Worker \d  (http://\S+)/  ", self.log(), re.MULTILINE)

    def workers(self) -> list[psutil.Process]:
        """Those that run: the other processes that use this folder."""
        running = psutil.process_iter(["environ"])
        using = [each for each in running if str(self.folder) in (each.info["environ"] or {}).get("DATA_DIR", "")]
        return [each for each in using if each.pid != self.process.pid]

    def wait_ready(self) -> None:
        eventually(lambda: all(self.is_ready(url) for url in self.urls), 120, lambda: self.log()[-4000:])

    def is_ready(self, url: str) -> bool:
        assert self.process.poll() is None, self.log()[-4000:]
        try:
            return self.get(f"{url}/ready").status_code == 200
        except httpx.TransportError:
            return False

    def get(self, url: str) -> httpx.Response:
        return self.client.get(url)

    def sharing(self) -> list[set[tuple[str, str]]]:
        """Who holds partitions and whether they answer for them, as each worker says."""
        answers = [self.get(f"{url}/worker").json()["partitions"] for url in self.urls]
        return [{(each["owner"], each["status"]) for each in answer} for answer in answers]

    client = http_client(timeout=30)


Start = Callable[[Deployment], Supervised]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the command; nothing of it may be left afterwards."""
    made: list[Supervised] = []

    def begin(deployment: Deployment) -> Supervised:
        made.append(Supervised(deployment, tmp_path))
        return made[-1]

    yield begin
    for each in made:
        each.process.kill()
        each.process.wait()
        eventually(lambda: not each.workers(), 10, lambda: str(each.workers()))  # noqa: B023 - called at once


def test_they_share_the_work_and_outlive_a_kill_with_every_signal_exactly_once(deploy: Deploy, start: Start) -> None:
    deployment = deploy(partitions=4)
    bars = list(random_bars(symbols=SYMBOLS, minutes=MINUTES, seed=6))
    deployment.send(bars[:FIRST])
    supervised = start(deployment)
    supervised.wait_ready()
    first, second = supervised.urls
    eventually(lambda: supervised.sharing() == [{(first, "active"), (second, "active")}] * 2, 60)

    before = {worker.pid for worker in supervised.workers()}
    [victim, _] = supervised.workers()
    victim.kill()
    deployment.send(bars[FIRST:])
    eventually(lambda: len({worker.pid for worker in supervised.workers()} - before) == 1, 60, supervised.log)
    assert "has ended by SIGKILL, and starts again in 1 s" in supervised.log()
    # The group's offset moves once a worker's API has the signals.
    eventually(deployment.is_settled, 90, supervised.log)
    supervised.wait_ready()
    eventually(lambda: supervised.sharing() == [{(first, "active"), (second, "active")}] * 2, 60)
    for url in supervised.urls:
        for name in map(symbol, range(SYMBOLS)):
            answer = supervised.get(f"{url}/signals/{name}?limit={MINUTES}").json()
            assert [signal["symbol"] for signal in answer["signals"]] == [name] * MINUTES
    assert deployment.wrong_signals(bars) == []

    assert len(supervised.workers()) == 2
    supervised.process.terminate()
    assert supervised.process.wait(30) == 0, supervised.log()[-4000:]
    assert supervised.workers() == []
    lines = supervised.log().splitlines()
    assert all(re.match(r"[12] \||Worker [12] ", line) for line in lines), lines


def symbol(number: int) -> str:
    return f"S{number:04d}"


def test_a_killed_supervisor_leaves_no_worker(deploy: Deploy, start: Start) -> None:
    supervised = start(deploy(partitions=2))
    supervised.wait_ready()
    assert len(supervised.workers()) == 2
    supervised.process.kill()
    supervised.process.wait()
    eventually(lambda: not supervised.workers(), 10, lambda: str(supervised.workers()))


def test_topics_that_do_not_fit_are_said_once_and_nothing_is_started(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deploy(partitions=2)
    deployment.send([])
    env = environment(deployment.settings, PARTITIONS="3", DATA_DIR=str(tmp_path / "tables"), API_PORT="0")
    done = subprocess.run(
        [STOCKS, "worker", "--processes", "2"], env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("Topics have another number of partitions") == 1


def test_one_worker_is_the_worker_itself(deploy: Deploy, tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    with held_port() as port, log.open("wb") as output:
        env = environment(deploy(partitions=2).settings, DATA_DIR=str(tmp_path / "tables"), API_PORT=str(port))
        process = subprocess.Popen([STOCKS, "worker", "-l", "warn"], env=env, stdout=output, stderr=subprocess.STDOUT)
        try:
            eventually(lambda: "faust" in psutil.Process(process.pid).cmdline(), 60, log.read_text)
            eventually(lambda: (tmp_path / "tables" / "owner").exists(), 60, log.read_text)
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) in (0, -signal.SIGTERM)
