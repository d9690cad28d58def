"""Where the local stack listens: it writes its ports into STACK_DIR, and everything else reads them here.

`app/stack` starts and stops it. This module has no part of that, so a worker needs neither Java nor Kafka's jars.
"""

import json
import socket
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import httpx

HOST = "127.0.0.1"

_FILE = "stack.json"
_ANSWER_S = 5.0


class Endpoints(NamedTuple):
    """Where the cluster is: `host:port[,host:port]` and the registry's URL."""

    kafka: str
    schema_registry: str


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

    @property
    def endpoints(self) -> Endpoints:
        """The addresses for clients."""
        return Endpoints(f"{HOST}:{self.kafka}", f"http://{HOST}:{self.schema_registry}/apis/ccompat/v7")


def local_endpoints(stack_dir: Path) -> Endpoints | None:
    """The addresses of the local stack, or None unless both its broker and its registry answer."""
    ports = Ports.load(stack_dir)
    if ports and broker_answers(stack_dir, ports) and registry_answers(ports):
        return ports.endpoints
    return None


def broker_answers(stack_dir: Path, ports: Ports) -> bool:
    """Whether the broker of this stack, and not another one on the same port, gives its metadata."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    # The client itself would go on trying a closed port.
    if not listens(ports.kafka):
        return False
    client = AdminClient({"bootstrap.servers": ports.endpoints.kafka, "log_level": 0})
    try:
        metadata = client.list_topics(timeout=_ANSWER_S)
    except KafkaException:
        return False
    return bool(metadata.brokers) and metadata.cluster_id == cluster_id(stack_dir)


def registry_answers(ports: Ports) -> bool:
    """Whether the registry serves schemas."""
    # A client takes longer to make than a port to try, and a start asks many times.
    if not listens(ports.schema_registry):
        return False
    url = f"{ports.endpoints.schema_registry}/subjects"
    try:
        # No proxy of the user's environment for a loopback address, and no certificates, which take 23 ms to read.
        return httpx.get(url, timeout=_ANSWER_S, trust_env=False, verify=False).is_success  # noqa: S501
    except httpx.TransportError:
        return False


def cluster_id(stack_dir: Path) -> str | None:
    """The id that the stack's data belong to, or None while there are none."""
    try:
        lines = (stack_dir / "kafka" / "meta.properties").read_text().splitlines()
    except FileNotFoundError:
        return None
    return dict(line.partition("=")[::2] for line in lines).get("cluster.id")


def listens(port: int) -> bool:
    """Whether a server listens on this port of this machine. Unlike a bind, it never gets in a server's way."""
    try:
        socket.create_connection((HOST, port)).close()
    except OSError:
        return False
    return True
