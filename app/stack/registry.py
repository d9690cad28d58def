"""Apicurio Registry, with the Confluent-compatible API that the clients use."""

from pathlib import Path

import httpx

from app.stack.ports import HOST, Ports, listens
from app.stack.processes import Service

ROLE = "registry"

# Without WRITE_DELAY=0 a schema registered just before a crash would be
# forgotten, while Kafka keeps the records that name its id.
_DATABASE = "jdbc:h2:file:./registry/registry;WRITE_DELAY=0"
_ANSWER_S = 5.0


def start(stack_dir: Path, home: Path, ports: Ports) -> Service:
    """Starts the registry on data in `stack_dir`/registry."""
    settings = {
        "apicurio.datasource.url": _DATABASE,
        "apicurio.rules.global.compatibility": "BACKWARD",
        "quarkus.http.host": HOST,
        "quarkus.http.port": ports.schema_registry,
        "quarkus.http.access-log.enabled": "false",
        "quarkus.log.console.format": "%d{yyyy-MM-dd HH:mm:ss,SSS} %p %c %m%n%e",
        "quarkus.management.host": HOST,
        "quarkus.management.port": ports.management,
    }
    properties = [f"-D{name}={value}" for name, value in settings.items()]
    command = ["-Xmx384m", *properties, "-jar", str(home / "quarkus-run.jar")]
    return Service(ROLE, stack_dir, command, {})


def url(port: int) -> str:
    """The address for clients."""
    return f"http://{HOST}:{port}/apis/ccompat/v7"


def answers(port: int) -> bool:
    """Whether it serves schemas."""
    # A client takes longer to make than a port to try, and a start asks many times.
    if not listens(port):
        return False
    try:
        # No proxy of the user's environment for a loopback address.
        return httpx.get(f"{url(port)}/subjects", timeout=_ANSWER_S, trust_env=False).is_success
    except httpx.TransportError:
        return False
