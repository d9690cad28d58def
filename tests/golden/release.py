"""What a release left behind, as files: records, schemas and a data folder, to be met by the program of today."""

import asyncio
import gzip
import json
import tarfile
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, cast

from confluent_kafka import Producer
from rocksdict import Options, Rdict

from app.engine.table import POSITION_KEY
from app.kafka.clients import producer_config, registry
from app.kafka.topic_admin import ensure_topics
from tests.integration.deployment import Deployment

GOLDEN = Path(__file__).parent

#: By their names in the catalogue; those with a schema first.
STREAMS = ("raw", "signals")
TOPICS = (*STREAMS, "windows_changelog")

#: A schema's id, as a record begins with it: a zero and four bytes.
_HEADER = 5

Records = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Release:
    """A deployment of one partition, stopped in order; made by tests/golden/make.py at its release, never changed."""

    #: Kafka's ids of the topics that feed tables, which are part of the tables' checkpoints.
    topic_ids: Mapping[str, str]
    #: Writer's schemas by topic and their old id.
    schemas: Mapping[str, Mapping[int, Any]]
    #: Keys and values by topic, in the order of their offsets, the first of which is 0.
    records: Mapping[str, Records]
    #: The tables' folder, as a gzipped tar file.
    tables: bytes

    @classmethod
    def load(cls, folder: Path) -> "Release":
        found = json.loads(gzip.decompress((folder / "records.json.gz").read_bytes()))
        return cls(
            found["topic_ids"],
            {topic: {int(id_): schema for id_, schema in known.items()} for topic, known in found["schemas"].items()},
            {
                topic: [(b64decode(key), b64decode(value)) for key, value in records]
                for topic, records in found["records"].items()
            },
            (folder / "tables.tar.gz").read_bytes(),
        )

    def save(self, folder: Path) -> None:
        """Write the files; raises FileExistsError rather than change a release."""
        folder.mkdir()
        text = json.dumps(
            {
                "topic_ids": self.topic_ids,
                "schemas": self.schemas,
                "records": {
                    topic: [(b64encode(key).decode(), b64encode(value).decode()) for key, value in records]
                    for topic, records in self.records.items()
                },
            }
        )
        (folder / "records.json.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
        (folder / "tables.tar.gz").write_bytes(self.tables)

    def put_back(self, deployment: Deployment, with_disk: bool) -> None:
        """Make topics, registry and data folder of a new deployment what they were in the old one.

        Only the ids that cluster and registry gave are those of today. Transactions are not
        put back, so the changelog is shorter by their markers, and the disk is said to be
        complete up to its new end.
        """
        ids = ensure_topics(deployment.settings)
        renamed = {old.encode(): ids[_name(deployment, topic)].encode() for topic, old in self.topic_ids.items()}
        producer = Producer(producer_config(deployment.settings))
        for topic in TOPICS:
            headers = asyncio.run(self._register(deployment, topic))
            for key, value in self.records[topic]:
                today = headers[value[:_HEADER]] + value[_HEADER:] if headers else _rename(value, renamed)
                producer.produce(_name(deployment, topic), today, key, 0)
        assert producer.flush(60) == 0
        if with_disk:
            self._unpack(deployment.directory / "data" / "v1" / "tables", renamed)

    async def _register(self, deployment: Deployment, topic: str) -> dict[bytes, bytes]:
        """How records of the topic begin today, by how they began."""
        today = registry(deployment.settings)
        subject = f"{_name(deployment, topic)}-value"
        schemas = self.schemas.get(topic, {})
        return {_header(old): _header(await today.register(subject, schema)) for old, schema in schemas.items()}

    def _unpack(self, folder: Path, renamed: Mapping[bytes, bytes]) -> None:
        with tarfile.open(fileobj=BytesIO(self.tables)) as packed:
            packed.extractall(folder, filter="data")
        for path in folder.glob("*.db"):
            database = Rdict(str(path), Options(raw_mode=True))
            for key, value in list(database.items()):
                database[key] = _rename(cast(bytes, value), renamed)
            database[POSITION_KEY] = b"%d" % len(self.records["windows_changelog"])
            database.close()


def collect(deployment: Deployment) -> Release:
    """What a deployment of one partition, whose worker has ended, leaves behind."""
    ids = ensure_topics(deployment.settings)
    records: dict[str, Records] = {
        topic: [
            (cast(bytes, message.key()), cast(bytes, message.value()))
            for message in deployment.messages(getattr(deployment.topics, topic))
        ]
        for topic in TOPICS
    }
    written = {topic: {_id(value) for _, value in records[topic]} for topic in STREAMS}
    return Release(
        {topic: ids[_name(deployment, topic)] for topic in ("raw",)},
        {topic: asyncio.run(_schemas(deployment, sorted(used))) for topic, used in written.items()},
        records,
        _pack(deployment.directory / "data" / "v1" / "tables"),
    )


async def _schemas(deployment: Deployment, ids: Sequence[int]) -> dict[int, Any]:
    known = registry(deployment.settings)
    return {id_: await known.fetch_schema(id_) for id_ in ids}


def _pack(folder: Path) -> bytes:
    packed = BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path in _database_files(folder):
            archive.add(path, str(path.relative_to(folder)), filter=_anonymous)
    return packed.getvalue()


def _database_files(folder: Path) -> Iterator[Path]:
    # Logs and options say where the folder was, and no database needs them.
    return (path for path in sorted(folder.glob("*.db/*")) if not path.name.startswith(("LOG", "LOCK", "OPTIONS")))


def _anonymous(file: tarfile.TarInfo) -> tarfile.TarInfo:
    file.uid = file.gid = 0
    file.uname = file.gname = ""
    return file


def _rename(value: bytes, renamed: Mapping[bytes, bytes]) -> bytes:
    for old, new in renamed.items():
        value = value.replace(old, new)
    return value


def _name(deployment: Deployment, topic: str) -> str:
    return str(getattr(deployment.topics, topic).name)


def _header(schema_id: int) -> bytes:
    return b"\0" + schema_id.to_bytes(4, "big")


def _id(value: bytes) -> int:
    return int.from_bytes(value[1:_HEADER], "big")
