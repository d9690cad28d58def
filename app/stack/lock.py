"""Writes artifacts.lock: `python -m app.stack.lock`, at development time, after changing a version here.

jgo resolves Kafka's dependencies from the repository's metadata; each file is then downloaded once and hashed.
"""

import json
import tempfile
from dataclasses import asdict
from pathlib import Path

import httpx
import jgo
from jgo.constants import MAVEN_CENTRAL_URL

from app.stack.artifacts import LOCK_FILE, Artifact, Artifacts
from app.stack.cache import unpack
from app.stack.hashing import file_sha256, tree_sha256

KAFKA = "4.2.2"
REGISTRY = "3.3.3"
# Kafka logs through slf4j. Kafka's own binding wants a configuration file, this
# one takes system properties; the one that drops everything would leave nothing
# to read when the broker refuses to start.
SLF4J_SIMPLE = "1.7.36"

_ENDPOINT = f"org.apache.kafka:kafka_2.13:{KAFKA}+org.slf4j:slf4j-simple:{SLF4J_SIMPLE}"
_REGISTRY_PATH = f"io/apicurio/apicurio-registry-app/{REGISTRY}/apicurio-registry-app-{REGISTRY}-all.tar.gz"


def lock(path: str, folder: Path) -> Artifact:
    """Download a file of the repository into a folder, and say what it is."""
    file = folder / path.rpartition("/")[2]
    with (
        httpx.stream("GET", f"{MAVEN_CENTRAL_URL}/{path}", follow_redirects=True) as response,
        file.open("wb") as out,
    ):
        response.raise_for_status()
        out.writelines(response.iter_raw())
    return Artifact(path, str(file_sha256(file)), file.stat().st_size)


def jar_paths(endpoint: str) -> list[str]:
    """The paths of all jars that an endpoint (group:artifact:version+...) needs, itself included."""
    return sorted(
        f"{artifact.groupId.replace('.', '/')}/{artifact.artifactId}/{artifact.version}/{artifact.filename}"
        for artifact in jgo.resolve(endpoint)
    )


def resolve() -> Artifacts:
    """Resolves, downloads and hashes everything the stack needs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        archive = lock(_REGISTRY_PATH, folder)
        tree = folder / "tree"
        unpack(folder / archive.name, tree)
        return Artifacts(
            kafka_version=KAFKA,
            kafka_jars=tuple(lock(path, folder) for path in jar_paths(_ENDPOINT)),
            registry_version=REGISTRY,
            registry_archive=archive,
            registry_tree_sha256=tree_sha256(tree),
            registry_tree_size=sum(file.stat().st_size for file in tree.rglob("*") if file.is_file()),
        )


if __name__ == "__main__":
    LOCK_FILE.write_text(json.dumps(asdict(resolve()), indent=1) + "\n")
