"""The jars of the peers in Java: each file's Maven path, SHA-256 and size, as jars.lock has them.

`python -m tests.bench.peers.jars` writes that file, at development time, after changing a version here.
"""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from app.stack.artifacts import Artifact

SOURCES = Path(__file__).with_name("jvm")
LOCK_FILE = SOURCES / "jars.lock"

KAFKA_STREAMS = "4.3.1"
FLINK = "2.2.1"
FLINK_CONNECTOR = "5.0.0-2.2"
_AVRO, _SLF4J, _COMPRESS = "1.12.1", "1.7.36", "1.28.0"

_BOTH = f"org.apache.avro:avro:{_AVRO}+org.slf4j:slf4j-simple:{_SLF4J}+org.apache.commons:commons-compress:{_COMPRESS}"
# Each part of Flink is named: the connector asks for older ones, and a mixture would be resolved.
_FLINK_PARTS = (
    "annotations clients connector-base connector-datagen core core-api datastream datastream-api file-sink-common "
    "hadoop-fs metrics-core queryable-state-client-java rpc-akka-loader rpc-core runtime streaming-java"
)
_ENDPOINTS = {
    "kafka_streams": f"org.apache.kafka:kafka-streams:{KAFKA_STREAMS}+{_BOTH}",
    "flink": "+".join(
        [
            *(f"org.apache.flink:flink-{part}:{FLINK}" for part in _FLINK_PARTS.split()),
            f"org.apache.flink:flink-connector-kafka:{FLINK_CONNECTOR}",
            _BOTH,
        ]
    ),
}


def jars(system: str, lock_file: Path = LOCK_FILE) -> list[Artifact]:
    """The jars of "kafka_streams" or "flink"."""
    return [Artifact(**jar) for jar in json.loads(lock_file.read_text())[system]]


def _resolve(endpoint: str, folder: Path) -> Sequence[Artifact]:
    # It takes a second to import, and only this needs it.
    from app.stack.lock import jar_paths, lock

    return [lock(path, folder) for path in jar_paths(endpoint)]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        content = {
            system: [asdict(jar) for jar in _resolve(endpoint, Path(name))] for system, endpoint in _ENDPOINTS.items()
        }
    LOCK_FILE.write_text(json.dumps(content, indent=1) + "\n")
