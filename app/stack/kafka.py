"""Apache Kafka on one node, broker and controller in one (KRaft)."""

import base64
import os
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from app.kafka.local_cluster import HOST, Ports, cluster_id
from app.stack.processes import JavaProcess

ROLE = "kafka"

#: All settings that a single node needs, and what keeps it small and quick to start.
#: After kill -9 the broker may come back only when its old session has timed out:
#: by default that is 9 s.
CONFIG = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller}
listeners={listeners},CONTROLLER://{host}:{controller}
advertised.listeners={listeners}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=kafka
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=1000
auto.create.topics.enable=false
log.cleaner.dedupe.buffer.size=2097152
"""

_SASL = """\
sasl.enabled.mechanisms=PLAIN
listener.name.sasl_plaintext.plain.sasl.jaas.config=\
org.apache.kafka.common.security.plain.PlainLoginModule required {users};
"""

_PROPERTIES = "kafka.properties"
_FLAGS = (
    "-Xmx512m",
    "--sun-misc-unsafe-memory-access=allow",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss,SSS",
)


def start(
    stack_dir: Path, jars: Sequence[Path], ports: Ports, users: Mapping[str, str], settings: Mapping[str, str]
) -> JavaProcess:
    """Starts the broker on data in `stack_dir`/kafka, which is made if need be.

    The users and passwords are those of the SASL/PLAIN listener, if there is a port for one (no quotes in them).
    `settings` are the broker's, by their names in Kafka, instead of those of CONFIG and beside them.
    """
    listeners = [f"PLAINTEXT://{HOST}:{ports.kafka}"]
    sasl = ""
    if ports.kafka_sasl:
        listeners.append(f"SASL_PLAINTEXT://{HOST}:{ports.kafka_sasl}")
        sasl = _SASL.format(users=" ".join(f'user_{name}="{password}"' for name, password in users.items()))
    config = CONFIG.format(host=HOST, controller=ports.controller, listeners=",".join(listeners))
    # Of two lines with the same name the last one counts.
    chosen = "".join(f"{name}={value}\n" for name, value in settings.items())
    return start_configured(stack_dir, jars, config + sasl + chosen)


def start_configured(stack_dir: Path, jars: Sequence[Path], config: str) -> JavaProcess:
    """Starts a broker with this configuration, in the form of Java's properties."""
    (stack_dir / _PROPERTIES).write_text(config)
    environment = {"CLASSPATH": os.pathsep.join(str(jar) for jar in jars)}
    if cluster_id(stack_dir) is None:
        new_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        command = [
            "kafka.tools.StorageTool",
            "format",
            "--ignore-formatted",
            f"--cluster-id={new_id}",
            "-c",
            _PROPERTIES,
        ]
        JavaProcess("kafka-format", stack_dir, command, environment).wait_done()
    return JavaProcess(ROLE, stack_dir, [*_FLAGS, "kafka.Kafka", _PROPERTIES], environment)
