"""Fixtures with a real Kafka and a real schema registry: one for the session, or one of a test's own."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

from app import stack as local_stack
from app.kafka.local_cluster import Ports
from app.stack import StackStatus
from tests.harness.held_port import held_port

MakeStack = Callable[..., "LocalStack"]

#: The coordinator looks each second for transactions that took too long, not each ten: tests wait for that.
_BROKER = {"transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000"}

_GUARD = """
import sys
from pathlib import Path
sys.stdin.read()
from app import stack
stack.stop(Path(sys.argv[1]))
"""


class LocalStack:
    """A stack with a folder of its own, on ports of its own until `held` is closed. Restarts keep data and ports."""

    def __init__(
        self, directory: Path, sasl: Mapping[str, str] | None = None, broker: Mapping[str, str] | None = None
    ) -> None:
        self.directory = directory
        self._sasl = sasl
        directory.mkdir(parents=True, exist_ok=True)
        self.held = ExitStack()
        # Preferred to the usual ports, which a developer's own stack may use.
        Ports(self.hold_port(), self.hold_port()).save(directory)
        self.status = self.start(broker)

    def hold_port(self) -> int:
        """A port for another server that belongs to this stack."""
        return self.held.enter_context(held_port())

    def start(self, broker: Mapping[str, str] | None = None) -> StackStatus:
        self.status = local_stack.start(self.directory, sasl=self._sasl, broker=broker)
        return self.status

    def stop(self) -> None:
        local_stack.stop(self.directory)

    def kill_kafka(self) -> None:
        kill(self.status.kafka_pid)

    def kill_registry(self) -> None:
        kill(self.status.schema_registry_pid)


def kill(pid: int) -> None:
    process = psutil.Process(pid)
    process.kill()
    process.wait()


@contextmanager
def stopped_in_the_end(directory: Path) -> Iterator[None]:
    """Stops whatever stack runs in this folder: at the end, or when this process is killed before that."""
    # The guard waits for the end of its input, which comes however this process ends.
    command = [sys.executable, "-c", _GUARD, str(directory)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as guard:
        try:
            yield
        finally:
            guard.communicate()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """The session's stack, shared by all tests: leave it running, and use topics of your own."""
    directory = tmp_path_factory.mktemp("stack")
    with stopped_in_the_end(directory):
        made = LocalStack(directory, broker=_BROKER)
        with made.held:
            yield made


@pytest.fixture
def make_stack(tmp_path: Path) -> Iterator[MakeStack]:
    """Makes stacks of a test's own, to break: make_stack(name, sasl={user: password}, broker={setting: value})."""
    with ExitStack() as cleanup:

        def make(
            name: str = "stack", sasl: Mapping[str, str] | None = None, broker: Mapping[str, str] | None = None
        ) -> LocalStack:
            cleanup.enter_context(stopped_in_the_end(tmp_path / name))
            made = LocalStack(tmp_path / name, sasl, broker)
            cleanup.enter_context(made.held)
            return made

        yield make
