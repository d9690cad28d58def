"""A second broker in the cluster of a test's own: partitions can have a replica there, and leaders can change."""

import os
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from app.kafka.local_cluster import HOST, cluster_id
from app.stack.cache import install
from app.stack.processes import JavaProcess, find
from app.stack.progress import Silent
from tests.integration.fixtures_stack import kill
from tests.integration.own_broker import OwnBroker

ROLE = "kafka2"


class SecondBroker:
    """Broker only, no controller; it is in the first one's folder, and ends with it."""

    def __init__(self, first: OwnBroker) -> None:
        self._folder = first.directory
        self._client = AdminClient({"bootstrap.servers": first.status.kafka, "log_level": 0})
        listener = f"PLAINTEXT://{HOST}:{first.hold_port()}"
        changed = {
            "process.roles": "broker",
            "node.id": "2",
            "listeners": listener,
            "advertised.listeners": listener,
            "log.dirs": ROLE,
        }
        properties = dict(line.split("=", 1) for line in (self._folder / "kafka.properties").read_text().splitlines())
        self._properties = f"{ROLE}.properties"
        (self._folder / self._properties).write_text("".join(f"{k}={v}\n" for k, v in (properties | changed).items()))
        self._environment = {"CLASSPATH": os.pathsep.join(str(jar) for jar in install(Silent()).kafka_jars)}
        id_ = cluster_id(self._folder)
        self._run("kafka.tools.StorageTool", "format", f"--cluster-id={id_}", "-c", self._properties).wait_done()
        self.start()

    def start(self) -> None:
        """Return when the cluster has it."""
        self._run("-Xmx512m", "kafka.Kafka", self._properties).wait_until(lambda: self._brokers() == 2, 60)

    def kill(self) -> None:
        """As by kill -9."""
        kill(find(self._folder)[ROLE].pid)

    def _run(self, *arguments: str) -> JavaProcess:
        return JavaProcess(ROLE, Path(self._folder), arguments, self._environment)

    def _brokers(self) -> int:
        try:
            return len(self._client.list_topics(timeout=5).brokers)
        except KafkaException:
            return 0
