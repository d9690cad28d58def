"""Starting, stopping and looking at the local stack."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.kafka.local_cluster import HOST, Ports, broker_answers, cluster_id, registry_answers
from app.stack import apicurio, kafka
from app.stack.artifacts import artifacts
from app.stack.cache import Installed, install
from app.stack.errors import PortTakenError, StackError
from app.stack.exclusive import exclusive
from app.stack.ports import choose_ports
from app.stack.processes import end, find, java
from app.stack.progress import Reporter, Silent

_START_TIMEOUT_S = 60.0
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class StackStatus:
    """A stack that runs and answers: `kafka` and `kafka_sasl` are host:port, `schema_registry` is a URL."""

    kafka: str
    schema_registry: str
    kafka_pid: int
    schema_registry_pid: int
    kafka_version: str
    schema_registry_version: str
    cluster_id: str
    kafka_sasl: str | None = None


def start(
    stack_dir: Path,
    *,
    kafka_port: int | None = None,
    registry_port: int | None = None,
    progress: Reporter | None = None,
    sasl: Mapping[str, str] | None = None,
    broker: Mapping[str, str] | None = None,
) -> StackStatus:
    """Starts the stack unless it runs already, and returns once it answers.

    Without ports: those of the last time, else the usual ones, else any. `sasl` (user to password) adds a SASL/PLAIN
    listener; `broker` are settings of Kafka's broker that differ from the usual ones. Raises StackError naming the
    cause and the fix; nothing is left running then.
    """
    stack_dir = stack_dir.resolve()
    progress = progress or Silent()
    java()  # Checked first: without it, 200 MB would be downloaded in vain.
    with _alone(stack_dir, progress):
        found = status(stack_dir)
        if found:
            _require_same(found, stack_dir, kafka_port, registry_port, sasl)
            return found
        # What is left of a start or of a stack of which something was killed.
        end(find(stack_dir).values())
        installed = install(progress)
        for attempt in range(1, _ATTEMPTS + 1):
            ports = choose_ports(Ports.load(stack_dir), kafka_port, registry_port, with_sasl=bool(sasl))
            try:
                _launch(stack_dir, installed, ports, sasl or {}, broker or {}, progress)
                break
            except PortTakenError:
                if attempt == _ATTEMPTS:
                    raise
        found = status(stack_dir)
    if not found:
        raise StackError(f"The stack in {stack_dir} started, but has gone again: see `stocks stack logs`.")
    return found


def stop(stack_dir: Path, *, progress: Reporter | None = None) -> bool:
    """Stops whatever of the stack runs, and returns whether anything did. Its data stay."""
    stack_dir = stack_dir.resolve()
    if not stack_dir.exists():
        return False
    with _alone(stack_dir, progress or Silent()):
        running = find(stack_dir)
        end(running.values())
    return bool(running)


def status(stack_dir: Path) -> StackStatus | None:
    """The stack, if both its processes run and answer."""
    stack_dir = stack_dir.resolve()
    running = find(stack_dir)
    ports = Ports.load(stack_dir)
    if not ports or not {kafka.ROLE, apicurio.ROLE} <= running.keys():
        return None
    if not broker_answers(stack_dir, ports) or not registry_answers(ports):
        return None
    return StackStatus(
        kafka=ports.endpoints.kafka,
        schema_registry=ports.endpoints.schema_registry,
        kafka_pid=running[kafka.ROLE].pid,
        schema_registry_pid=running[apicurio.ROLE].pid,
        kafka_version=artifacts().kafka_version,
        schema_registry_version=artifacts().registry_version,
        cluster_id=cluster_id(stack_dir) or "",
        kafka_sasl=f"{HOST}:{ports.kafka_sasl}" if ports.kafka_sasl else None,
    )


@contextmanager
def _alone(stack_dir: Path, progress: Reporter) -> Iterator[None]:
    try:
        with exclusive(stack_dir / "lock", progress, f"Waiting for another start or stop in {stack_dir}…"):
            yield
    except OSError as error:
        raise StackError(
            f"{error.strerror}: {error.filename or stack_dir}\n"
            "Check the space there and who may write; STACK_DIR and XDG_CACHE_HOME choose other folders."
        ) from error


def _require_same(
    found: StackStatus,
    stack_dir: Path,
    kafka_port: int | None,
    registry_port: int | None,
    sasl: Mapping[str, str] | None,
) -> None:
    differs = [
        kafka_port and found.kafka != f"{HOST}:{kafka_port}" and f"KAFKA_PORT is {kafka_port}",
        registry_port
        and found.schema_registry != Ports(0, registry_port).endpoints.schema_registry
        and f"SCHEMA_REGISTRY_PORT is {registry_port}",
        sasl and not found.kafka_sasl and "SASL is wanted",
    ]
    for difference in filter(None, differs):
        raise StackError(
            f"The stack in {stack_dir} already runs, with Kafka at {found.kafka} and the schema registry at "
            f"{found.schema_registry}, but {difference}.\nRun `stocks stack down` first."
        )


def _launch(
    stack_dir: Path,
    installed: Installed,
    ports: Ports,
    users: Mapping[str, str],
    settings: Mapping[str, str],
    progress: Reporter,
) -> None:
    temporary = stack_dir / "tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    ports.save(stack_dir)
    try:
        with progress.waiting("Starting Kafka and the schema registry…"):
            schemas = apicurio.start(stack_dir, installed.registry_home, ports)
            broker = kafka.start(stack_dir, installed.kafka_jars, ports, users, settings)
            broker.wait_until(lambda: broker_answers(stack_dir, ports), _START_TIMEOUT_S)
            schemas.wait_until(lambda: registry_answers(ports), _START_TIMEOUT_S)
    except BaseException:
        end(find(stack_dir).values())
        raise
