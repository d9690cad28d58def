"""What the local stack downloads: each file's Maven path, SHA-256 and size, as artifacts.lock has them."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LOCK_FILE = Path(__file__).with_name("artifacts.lock")


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file of a Maven repository: its path below the repository's address, and what it must be (size in bytes)."""

    path: str
    sha256: str
    size: int

    @property
    def name(self) -> str:
        """The file's name, which is also its name in the cache."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Artifacts:
    """Everything the stack needs: Kafka's jars, and the registry's archive with the digest of what it unpacks to."""

    kafka_version: str
    kafka_jars: tuple[Artifact, ...]
    registry_version: str
    registry_archive: Artifact
    registry_tree_sha256: str
    registry_tree_size: int


@cache
def artifacts() -> Artifacts:
    """The locked artifacts; `python -m app.stack.lock` writes them."""
    content = json.loads(LOCK_FILE.read_text())
    content["kafka_jars"] = tuple(Artifact(**jar) for jar in content["kafka_jars"])
    content["registry_archive"] = Artifact(**content["registry_archive"])
    return Artifacts(**content)
