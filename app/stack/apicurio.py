"""Apicurio Registry, with the Confluent-compatible API that the clients use."""

from pathlib import Path

from app.kafka.local_cluster import HOST, Ports
from app.stack.processes import JavaProcess

ROLE = "registry"

# Without WRITE_DELAY=0 a schema registered just before a crash would be
# forgotten, while Kafka keeps the records that name its id.
_DATABASE = "jdbc:h2:file:./registry/registry;WRITE_DELAY=0"


def start(stack_dir: Path, home: Path, ports: Ports) -> JavaProcess:
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
    return JavaProcess(ROLE, stack_dir, command, {})
