"""The system of docker-compose.yml in a project of its own, and what one can do to it."""

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PROJECT = "stock-signals-test"
_FILES = ("docker-compose.yml", "tests/compose/override.yml")

_ASK = """
import sys, urllib.error, urllib.request
try:
    answer = urllib.request.urlopen(sys.argv[1], timeout=5)
except urllib.error.HTTPError as error:
    answer = error
print(answer.status)
print(answer.read().decode())
"""


class Failed(Exception):
    """A command of Docker's failed; the end of what it said."""


class Engine:
    """`docker compose` on this checkout; `environment` is what the shell would have set."""

    def __init__(self, environment: dict[str, str], say: Callable[[str], None]) -> None:
        self._environment = os.environ | environment
        self._say = say

    def compose(self, *arguments: str, timeout: float = 450) -> str:
        """What `docker compose …` says. Raises Failed."""
        files = [word for file in _FILES for word in ("-f", file)]
        # What .env says is a person's own; it could ask for a token or send live bars.
        ours = ("--env-file", os.devnull, "-p", PROJECT)
        return self._run("docker", "compose", *ours, *files, *arguments, timeout=timeout)

    def containers(self, service: str) -> list[str]:
        """Ids of the service's containers that run."""
        return self.compose("ps", "-q", service).split()

    def state(self, container: str) -> dict[str, Any]:
        """What Docker says of a container: Status, Pid, StartedAt, Health."""
        found: dict[str, Any] = json.loads(self._run("docker", "inspect", "-f", "{{json .State}}", container))
        return found

    def restarts(self, container: str) -> int:
        """How often Docker started it again."""
        return int(self._run("docker", "inspect", "-f", "{{.RestartCount}}", container))

    def kill(self, container: str) -> None:
        """`kill -9` its first process from outside; after `docker kill` the container would stay down."""
        pid = self.state(container)["Pid"]
        image = self._run("docker", "inspect", "-f", "{{.Image}}", self.containers("front")[0]).strip()
        killer = ("docker", "run", "--rm", "--user", "0", "--pid", "host", "--network", "none", "--entrypoint", "bash")
        self._run(*killer, image, "-c", f"kill -9 {pid}")

    def get(self, service: str, address: str, index: int = 1) -> tuple[int, Any]:
        """Status and JSON of an address, asked from inside a service's container; status 0 where nobody answers."""
        command = ("exec", "-T", "--index", str(index), service, "python", "-c", _ASK, address)
        try:
            status, _, body = self.compose(*command, timeout=30).partition("\n")
            return int(status), json.loads(body)
        except (Failed, ValueError):
            return 0, None

    def records(self, topic: str) -> list[dict[str, Any]]:
        """All that a reader of committed records finds on a topic now: raw, signals or dead-letters."""
        tail = ("run", "--rm", "--no-deps", "-T", "producer", "stocks", "tail", topic, "--json", "--until-end")
        return [json.loads(line) for line in self.compose(*tail).splitlines() if line.startswith("{")]

    def cpu_seconds(self) -> float:
        """What all containers have used so far, and what looks after each of them."""
        ids = self.compose("ps", "-q").split()
        return sum(_cpu_of_cgroup(self.state(container)["Pid"]) for container in ids)

    def _run(self, *command: str, timeout: float = 120) -> str:
        started = time.monotonic()
        try:
            done = subprocess.run(
                command, cwd=ROOT, env=self._environment, capture_output=True, text=True, timeout=timeout, check=False
            )
        except subprocess.TimeoutExpired:
            raise Failed(f"{' '.join(command)} took longer than {timeout:.0f} s") from None
        if done.returncode:
            end = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
            raise Failed(
                f"{' '.join(command)} ended with {done.returncode} after {time.monotonic() - started:.0f} s:\n{end}"
            )
        return done.stdout


def _cpu_of_cgroup(pid: int) -> float:
    """Seconds of the whole container that a process is the first of."""
    path = Path(f"/proc/{pid}/cgroup").read_text(encoding="ascii").splitlines()
    for line in path:
        _, controllers, group = line.split(":", 2)
        if controllers == "":
            stat = Path(f"/sys/fs/cgroup{group}/cpu.stat")
            if stat.exists():
                return int(stat.read_text().split()[1]) / 1e6
        elif "cpuacct" in controllers:
            return int(Path(f"/sys/fs/cgroup/cpuacct{group}/cpuacct.usage").read_text()) / 1e9
    raise Failed(f"no cgroup of process {pid} is known here")
