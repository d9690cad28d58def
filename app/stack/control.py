"""Starting, stopping and looking at the local stack."""

import shutil
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from app.stack import kafka, registry
from app.stack.artifacts import artifacts
from app.stack.cache import install
from app.stack.errors import PortTakenError, StackError
from app.stack.exclusive import exclusive
from app.stack.ports import HOST, any_free_port, choose_port
from app.stack.processes import Service, end, find
from app.stack.progress import Reporter, Silent
from app.stack.state import Ports

_KAFKA_PORT = 9092
_REGISTRY_PORT = 8081
_START_TIMEOUT_S = 60.0
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class StackStatus:
    """A stack that runs and answers: addresses (`kafka` and `kafka_sasl` as host:port, the registry's as URL)."""

    kafka: str
    schema_registry: str
    kafka_pid: int
    schema_registry_pid: int
    kafka_version: str
    schema_registry_version: str
    cluster_id: str
    kafka_sasl: str | None = None


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a start asks for."""

    kafka_port: int | None
    registry_port: int | None
    users: Mapping[str, str]


def start(
    stack_dir: Path,
    *,
    kafka_port: int | None = None,
    registry_port: int | None = None,
    progress: Reporter | None = None,
    sasl: Mapping[str, str] | None = None,
) -> StackStatus:
    """Starts whatever of the stack does not run yet, and returns once both answer.

    Without ports: those of the last time, else the usual ones, else any. `sasl` (user to password) adds a SASL/PLAIN
    listener. Raises StackError naming the cause and the fix; what this call had started is stopped then.
    """
    stack_dir = stack_dir.resolve()
    stack_dir.mkdir(parents=True, exist_ok=True)
    progress = progress or Silent()
    wanted = _Wanted(kafka_port, registry_port, sasl or {})
    with _alone(stack_dir, progress):
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                _start_missing(stack_dir, wanted, progress)
                break
            except PortTakenError:
                # Between finding a port free and listening there, someone else may be quicker.
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
    stopped = False
    with _alone(stack_dir, progress or Silent()):
        while processes := find(stack_dir):
            end(processes.values())
            stopped = True
    return stopped


def status(stack_dir: Path) -> StackStatus | None:
    """The stack, if both its processes run and answer."""
    stack_dir = stack_dir.resolve()
    running = find(stack_dir)
    ports = Ports.load(stack_dir)
    if not ports or not {kafka.ROLE, registry.ROLE} <= running.keys():
        return None
    if not kafka.answers(stack_dir, ports.kafka) or not registry.answers(ports.schema_registry):
        return None
    return StackStatus(
        kafka=f"{HOST}:{ports.kafka}",
        schema_registry=registry.url(ports.schema_registry),
        kafka_pid=running[kafka.ROLE].pid,
        schema_registry_pid=running[registry.ROLE].pid,
        kafka_version=artifacts().kafka_version,
        schema_registry_version=artifacts().registry_version,
        cluster_id=kafka.cluster_id(stack_dir) or "",
        kafka_sasl=f"{HOST}:{ports.kafka_sasl}" if ports.kafka_sasl else None,
    )


def _alone(stack_dir: Path, progress: Reporter) -> AbstractContextManager[None]:
    return exclusive(stack_dir / "lock", progress, f"Waiting for another start or stop in {stack_dir}…")


def _start_missing(stack_dir: Path, wanted: _Wanted, progress: Reporter) -> None:
    running = _usable(stack_dir)
    ports = _ports(stack_dir, running, wanted)
    if status(stack_dir):
        return
    try:
        services = _start_services(stack_dir, running, ports, wanted.users, progress)
        with progress.waiting("Waiting for Kafka and the schema registry to answer…"):
            services[kafka.ROLE].wait_until(lambda: kafka.answers(stack_dir, ports.kafka), _START_TIMEOUT_S)
            services[registry.ROLE].wait_until(lambda: registry.answers(ports.schema_registry), _START_TIMEOUT_S)
    except BaseException:
        end(process for role, process in find(stack_dir).items() if role not in running)
        raise


def _usable(stack_dir: Path) -> dict[str, Service]:
    """The services that run, perhaps left behind by a start that was killed; what cannot be used is stopped."""
    running = find(stack_dir)
    known = (kafka.ROLE, registry.ROLE) if Ports.load(stack_dir) else ()
    end(process for role, process in running.items() if role not in known)
    return {role: Service(role, stack_dir, process) for role, process in running.items() if role in known}


def _ports(stack_dir: Path, running: Mapping[str, Service], wanted: _Wanted) -> Ports:
    last = Ports.load(stack_dir)

    def choose(role: str, setting: str, port: int | None, last_port: int | None, usual: int) -> int:
        if role not in running or last_port is None:
            return choose_port(setting, port, (last_port, usual))
        if port not in (None, last_port):
            raise StackError(
                f"The {role} already runs, on port {last_port}, but {setting} says {port}.\n"
                "Run `stocks stack down` first."
            )
        return last_port

    kafka_sasl = last.kafka_sasl if last and kafka.ROLE in running else None
    if wanted.users and not kafka_sasl:
        if kafka.ROLE in running:
            raise StackError("The broker already runs, without SASL.\nRun `stocks stack down` first.")
        kafka_sasl = any_free_port()
    ports = Ports(
        choose(kafka.ROLE, "KAFKA_PORT", wanted.kafka_port, last.kafka if last else None, _KAFKA_PORT),
        choose(
            registry.ROLE,
            "SCHEMA_REGISTRY_PORT",
            wanted.registry_port,
            last.schema_registry if last else None,
            _REGISTRY_PORT,
        ),
        kafka_sasl,
    )
    if ports.kafka == ports.schema_registry:
        raise StackError(f"KAFKA_PORT and SCHEMA_REGISTRY_PORT are both {ports.kafka}: change one of them.")
    ports.save(stack_dir)
    return ports


def _start_services(
    stack_dir: Path, running: Mapping[str, Service], ports: Ports, users: Mapping[str, str], progress: Reporter
) -> dict[str, Service]:
    services = dict(running)
    if services.keys() == {kafka.ROLE, registry.ROLE}:
        return services
    installed = install(progress)
    if not services:
        shutil.rmtree(stack_dir / "tmp", ignore_errors=True)
    (stack_dir / "tmp").mkdir(exist_ok=True)
    if registry.ROLE not in services:
        services[registry.ROLE] = registry.start(stack_dir, installed.registry_home, ports.schema_registry)
    if kafka.ROLE not in services:
        services[kafka.ROLE] = kafka.start(stack_dir, installed.kafka_jars, ports.kafka, ports.kafka_sasl, users)
    return services
