"""A broker of a test's own, to break, beside the session's registry: starting another registry takes twice as long."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from app import stack as local_stack
from app.kafka.local_cluster import HOST, Ports, broker_answers, cluster_id
from app.stack import StackStatus, kafka
from app.stack.cache import install
from app.stack.processes import find
from app.stack.progress import Silent
from tests.harness.held_port import held_port
from tests.integration.fixtures_stack import LocalStack, kill, stopped_in_the_end

MakeBroker = Callable[..., "OwnBroker"]


class OwnBroker:
    """In a folder of its own, on ports of its own until `held` is closed. Restarts keep data and ports."""

    def __init__(
        self,
        directory: Path,
        shared: StackStatus,
        sasl: Mapping[str, str] | None = None,
        broker: Mapping[str, str] | None = None,
    ) -> None:
        """`sasl` (user to password) adds a listener for these users; `broker` are settings of the broker."""
        self.directory = directory.resolve()
        self._shared, self._users = shared, dict(sasl or {})
        (self.directory / "tmp").mkdir(parents=True)  # Java unpacks libraries there.
        self.held = ExitStack()
        self._ports = Ports(self.hold_port(), 0, self.hold_port() if sasl else None, self.hold_port())
        self.status = self.start(broker)

    def hold_port(self) -> int:
        """A port for another server that belongs to this broker."""
        return self.held.enter_context(held_port())

    def start(self, broker: Mapping[str, str] | None = None) -> StackStatus:
        """Return once it answers."""
        started = kafka.start(self.directory, install(Silent()).kafka_jars, self._ports, self._users, broker or {})
        started.wait_until(lambda: broker_answers(self.directory, self._ports), 60)
        sasl = self._ports.kafka_sasl
        self.status = replace(
            self._shared,
            kafka=self._ports.endpoints.kafka,
            kafka_pid=find(self.directory)[kafka.ROLE].pid,
            kafka_sasl=f"{HOST}:{sasl}" if sasl else None,
            cluster_id=cluster_id(self.directory) or "",
        )
        return self.status

    def stop(self) -> None:
        local_stack.stop(self.directory)

    def kill(self) -> None:
        """As by kill -9."""
        kill(self.status.kafka_pid)


@pytest.fixture
def make_broker(stack: LocalStack, tmp_path: Path) -> Iterator[MakeBroker]:
    """Makes a broker: make_broker(sasl={user: password}, broker={setting: value})."""
    with ExitStack() as cleanup:

        def make(sasl: Mapping[str, str] | None = None, broker: Mapping[str, str] | None = None) -> OwnBroker:
            directory = tmp_path / "broker"
            cleanup.enter_context(stopped_in_the_end(directory))
            made = OwnBroker(directory, stack.status, sasl, broker)
            cleanup.enter_context(made.held)
            return made

        yield make
