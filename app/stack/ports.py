"""The stack's loopback ports: choosing them, and remembering them for the next start."""

import json
import socket
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from app.stack.errors import StackError

HOST = "127.0.0.1"

_FILE = "stack.json"


@dataclass(frozen=True, slots=True)
class Ports:
    """Those for clients, kafka_sasl only if asked for, and two that the processes need for themselves."""

    kafka: int
    schema_registry: int
    kafka_sasl: int | None = None
    controller: int = 0
    management: int = 0

    def save(self, stack_dir: Path) -> None:
        """Writes them, whole or not at all."""
        part = stack_dir / f"{_FILE}.part"
        part.write_text(json.dumps(asdict(self)))
        part.replace(stack_dir / _FILE)

    @classmethod
    def load(cls, stack_dir: Path) -> "Ports | None":
        """The last ones, or None where there are none to be read."""
        try:
            return cls(**json.loads((stack_dir / _FILE).read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None


_USUAL = Ports(kafka=9092, schema_registry=8081)


def choose_ports(last: Ports | None, kafka: int | None, schema_registry: int | None, *, with_sasl: bool) -> Ports:
    """The ports given; where none is given the last one, else the usual one, else any that is free.

    Raises StackError when a port given is taken.
    """
    last = last or _USUAL
    named = {kafka, schema_registry, last.kafka, last.schema_registry, _USUAL.kafka, _USUAL.schema_registry}
    spare = iter([port for port in free_ports(5 + len(named)) if port not in named])
    chosen = Ports(
        _choose("KAFKA_PORT", kafka, last.kafka, _USUAL.kafka, next(spare)),
        _choose("SCHEMA_REGISTRY_PORT", schema_registry, last.schema_registry, _USUAL.schema_registry, next(spare)),
        next(spare) if with_sasl else None,
        next(spare),
        next(spare),
    )
    if chosen.kafka == chosen.schema_registry:
        raise StackError(f"KAFKA_PORT and SCHEMA_REGISTRY_PORT are both {chosen.kafka}: change one of them.")
    return chosen


def is_free(port: int) -> bool:
    """Whether a server could listen there now, as far as one can tell without doing so."""
    try:
        # As Java does, this takes a port whose last connections are still closing for free.
        socket.create_server((HOST, port)).close()
    except OSError:
        return False
    return True


def listens(port: int) -> bool:
    """Whether someone listens there. Unlike is_free, this never gets in the way of who is about to."""
    try:
        socket.create_connection((HOST, port)).close()
    except OSError:
        return False
    return True


def free_ports(count: int) -> list[int]:
    """Different ports that the system gives out."""
    with ExitStack() as held:
        servers = [held.enter_context(socket.create_server((HOST, 0))) for _ in range(count)]
        return [int(server.getsockname()[1]) for server in servers]


def any_free_port() -> int:
    """One port that the system gives out."""
    return free_ports(1)[0]


def _choose(setting: str, wanted: int | None, last: int, usual: int, spare: int) -> int:
    if wanted is None:
        return next((port for port in (last, usual) if is_free(port)), spare)
    if not is_free(wanted):
        raise StackError(
            f"Port {wanted} is taken by {owner(wanted)}.\n"
            f"Stop that, set {setting} to another port, or leave {setting} unset to use any free one."
        )
    return wanted


def owner(port: int) -> str:
    """Who listens there, in words."""
    try:
        for connection in psutil.net_connections("tcp"):
            # A listening socket has a local address: (host, port).
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,) and connection.pid:
                return f"process {connection.pid} ({psutil.Process(connection.pid).name()})"
    except psutil.Error:
        pass  # Some systems show only one's own connections.
    return "another process"
