"""Records to bytes and back: Confluent's wire format (0, the schema's id as four bytes, Avro)."""

import re
import time
from collections.abc import Callable, Iterable, Mapping
from io import BytesIO
from typing import Any, Literal, Protocol

from fastavro import schemaless_reader, schemaless_writer
from fastavro.read import SchemaResolutionError
from fastavro.types import Schema

import schemas
from app.avro import schema as avro
from app.avro.registry import UnknownSchema

Reason = Literal["not_avro", "unknown_schema", "undecodable", "invalid", "key_mismatch", "stale"]

HEADER = 5
# fastavro's message names the memory address of the stream, which differs each time.
_THE_RECORD = re.compile(r"<_io\.BytesIO[^>]*>")
_MAGIC = b"\x00"
# What fastavro raises on bytes that the schema does not describe.
_UNREADABLE = (
    EOFError,
    LookupError,
    ValueError,
    ArithmeticError,
    TypeError,
    AttributeError,
    RecursionError,
    SchemaResolutionError,
)


class Poison(Exception):
    """A record that can never be processed: it goes to the dead letters, and the work goes on.

    `reason` is one of a few words that metrics count by; the message says more.
    """

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class SchemaSource(Protocol):
    """Where a decoder gets the schemas that records were written with; see app.avro.registry.Registry."""

    async def fetch_schema(self, schema_id: int) -> Any:
        """The schema; raises UnknownSchema or RegistryUnavailable."""


class SchemaRegister(Protocol):
    """Where an encoder registers its schema; see app.avro.registry.Registry."""

    async def register(self, subject: str, schema: Mapping[str, Any]) -> int:
        """The schema's id; raises IncompatibleSchema or RegistryUnavailable."""


class Decoder:
    """Reads records as the newest version of one schema, whatever version they were written with.

    `prepare` fetches the schemas that a batch needs, `decode` then only computes.
    An id that the registry does not know is asked for again after `forget_after` seconds.
    """

    def __init__(
        self,
        registry: SchemaSource,
        schema_name: str,
        *,
        forget_after: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registry = registry
        self._reader = avro.parse(schemas.load(schema_name))
        self._forget_after = forget_after
        self._clock = clock
        # Keyed by a record's first five bytes; no reader schema where it is the writer's own, which is faster.
        self._schemas: dict[bytes, tuple[Schema, Schema | None]] = {}
        self._refused: dict[bytes, tuple[Poison, float]] = {}

    async def prepare(self, payloads: Iterable[bytes | None]) -> None:
        """Fetch the writers' schemas not seen before; raises RegistryUnavailable, and can then be called again."""
        unseen = {payload[:HEADER] for payload in payloads if payload} - self._schemas.keys()
        if not unseen:
            return
        now = self._clock()
        self._refused = {key: entry for key, entry in self._refused.items() if entry[1] > now}
        for header in sorted(unseen - self._refused.keys()):
            if _has_schema_id(header):
                await self._fetch(header)

    async def _fetch(self, header: bytes) -> None:
        schema_id = _schema_id(header)
        try:
            writer = avro.parse(await self._registry.fetch_schema(schema_id))
        except UnknownSchema as error:
            self._refuse(header, Poison("unknown_schema", str(error)))
        except avro.UnusableSchema as error:
            self._refuse(header, Poison("undecodable", f"schema {schema_id} is of no use: {error}"))
        else:
            self._learn(header, writer)

    def _learn(self, header: bytes, writer: Schema) -> None:
        self._schemas[header] = (writer, None if writer == self._reader else self._reader)

    def _refuse(self, header: bytes, poison: Poison) -> None:
        self._refused[header] = (poison, self._clock() + self._forget_after)

    def decode(self, payload: bytes | None) -> dict[str, Any]:
        """The record, times as UTC epoch milliseconds; raises Poison.

        The payload must have been given to `prepare` before (RuntimeError otherwise).
        """
        if payload is None:
            raise Poison("undecodable", "the record has no value")
        known = self._schemas.get(payload[:HEADER])
        if known is None:
            raise self._fault(payload[:HEADER])
        stream = BytesIO(payload)
        stream.seek(HEADER)
        try:
            record: dict[str, Any] = schemaless_reader(stream, *known)  # type: ignore[assignment]
        except _UNREADABLE as error:
            said = _THE_RECORD.sub("the record", str(error))[:300]
            message = f"{type(error).__name__} at byte {stream.tell()} of {len(payload)}: {said}"
            raise Poison("undecodable", message) from error
        if stream.tell() != len(payload):
            raise Poison("undecodable", f"the record ends at byte {stream.tell()} of {len(payload)}")
        return record

    def _fault(self, header: bytes) -> Exception:
        if not _has_schema_id(header):
            return Poison("not_avro", f"does not begin with 0 and a schema id but with 0x{header.hex()}")
        refused = self._refused.get(header)
        if refused is None:
            return RuntimeError(f"decode() before prepare() for schema id {_schema_id(header)}")
        return Poison(refused[0].reason, str(refused[0]))


class Encoder:
    """Writes records of one schema; `register` first, for the id that every record begins with."""

    def __init__(self, schema_name: str) -> None:
        self._source = schemas.load(schema_name)
        self._schema = avro.parse(self._source)
        self._header = b""

    async def register(self, registry: SchemaRegister, subject: str) -> int:
        """Register the schema under the subject and return its id; raises IncompatibleSchema or RegistryUnavailable."""
        schema_id = await registry.register(subject, self._source)
        self._header = _MAGIC + schema_id.to_bytes(4, "big")
        return schema_id

    def encode(self, record: Mapping[str, Any]) -> bytes:
        """The record's bytes.

        Raises ValueError or TypeError when it does not fit the schema, RuntimeError before `register`.
        """
        if not self._header:
            raise RuntimeError("encode() before register()")
        stream = BytesIO()
        stream.write(self._header)
        schemaless_writer(stream, self._schema, record)
        return stream.getvalue()


def _has_schema_id(header: bytes) -> bool:
    return len(header) == HEADER and header.startswith(_MAGIC)


def _schema_id(header: bytes) -> int:
    return int.from_bytes(header[1:], "big")
