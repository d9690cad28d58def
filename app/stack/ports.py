"""Choosing the stack's loopback ports."""

import socket
from contextlib import ExitStack

from app.asgi.port_owner import port_owner
from app.kafka.local_cluster import HOST, Ports
from app.stack.errors import StackError

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
            f"Port {wanted} is taken by {port_owner(wanted)}.\n"
            f"Stop that, set {setting} to another port, or leave {setting} unset to use any free one."
        )
    return wanted
