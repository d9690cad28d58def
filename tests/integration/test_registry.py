import asyncio
import socket
import uuid
from collections.abc import AsyncIterator

import httpx
import pytest

import schemas
from app.avro.registry import (
    COMPATIBILITY,
    IncompatibleSchema,
    Registry,
    RegistryClient,
    RegistryRefused,
    RegistryUnavailable,
    UnknownSchema,
)
from app.avro.serde import Decoder, Encoder, Poison
from app.kafka.clients import registry as connect
from app.kafka.clients import registry_client
from tests.harness.doubles.guarded_registry import GuardedRegistry
from tests.integration.fixtures_stack import LocalStack, MakeStack
from tests.integration.stack_settings import settings_for
from tests.unit.records import BAR, SIGNAL, SIGNAL_OF_OLD

VERSIONS = ("bar.v1", "bar.v2", "bar")
DEFAULTS = {"run_id": "unnamed", "origin": "replay", "source": "", "feed": "", "adjustment": ""}


@pytest.fixture
def registry(stack: LocalStack) -> Registry:
    return connect(settings_for(stack.status))


@pytest.fixture
def subject() -> str:
    return f"{uuid.uuid4().hex}-value"


def at(url: str, read_seconds: float = 30.0) -> Registry:
    return Registry(RegistryClient(url, auth=httpx.Auth(), timeout=httpx.Timeout(30.0, read=read_seconds)))


async def test_each_version_of_bar_follows_the_older_ones_and_reads_their_records(
    registry: Registry, subject: str
) -> None:
    encoders = [Encoder(version) for version in VERSIONS]
    ids = [await encoder.register(registry, subject) for encoder in encoders]
    assert len(set(ids)) == 3
    latest = await registry.latest(subject)
    assert latest is not None
    assert (latest.schema_id, latest.version, latest.schema) == (ids[-1], 3, schemas.load("bar"))

    bar = {**BAR, "adjustment": "raw"}
    payloads = [encoder.encode(bar) for encoder in encoders]
    decoder = Decoder(registry, "bar")
    await decoder.prepare(payloads)
    first, second, third = map(decoder.decode, payloads)
    assert (first, second, third) == (bar | DEFAULTS, bar | {"adjustment": ""}, bar)


async def test_a_signal_of_old_is_read_by_the_names_of_today(registry: Registry, subject: str) -> None:
    """The registry takes the new names for the old ones' aliases, and so do readers."""
    old, new = Encoder("signal.v1"), Encoder("signal")
    ids = [await encoder.register(registry, subject) for encoder in (old, new)]
    assert len(set(ids)) == 2
    latest = await registry.latest(subject)
    assert latest is not None
    assert (latest.version, latest.schema) == (2, schemas.load("signal"))
    payloads = [old.encode(SIGNAL_OF_OLD), new.encode(SIGNAL)]
    decoder = Decoder(registry, "signal")
    await decoder.prepare(payloads)
    assert list(map(decoder.decode, payloads)) == [{**SIGNAL, "explanation": ""}, SIGNAL]


async def test_registering_again_gives_the_same_id(registry: Registry, subject: str) -> None:
    schema = schemas.load("signal")
    ids = await asyncio.gather(*(registry.register(subject, schema) for _ in range(3)))
    assert len({*ids, await registry.register(subject, schema)}) == 1


@pytest.mark.parametrize(
    "break_it",
    [
        lambda fields: fields.append({"name": "venue", "type": "string"}),
        lambda fields: fields[2].update(type="string"),
        lambda fields: fields[9].pop("default"),
    ],
    ids=["a field without a default", "another type", "a default taken away"],
)
async def test_the_registry_refuses_what_could_not_read_older_records(
    stack: LocalStack, registry: Registry, subject: str, break_it: object
) -> None:
    for version in VERSIONS:
        await registry.register(subject, schemas.load(version))
    incompatible = schemas.load("bar")
    break_it(incompatible["fields"])  # type: ignore[operator]
    with pytest.raises(IncompatibleSchema, match=f"refuses the schema for {subject}"):
        await registry.register(subject, incompatible)
    latest = await registry.latest(subject)
    assert latest is not None
    assert latest.version == 3
    assert await registry_client(settings_for(stack.status)).get_compatibility(subject) == COMPATIBILITY


async def test_only_the_registrys_own_word_makes_a_schema_unknown(
    stack: LocalStack, registry: Registry, subject: str
) -> None:
    await registry.register(subject, schemas.load("bar"))
    for schema_id in (0, 999_999, 2**31, 2**32 - 1):
        with pytest.raises(UnknownSchema, match=f"no schema with id {schema_id}"):
            await registry.fetch_schema(schema_id)
    with pytest.raises(RegistryUnavailable, match="is no schema registry"):
        await at(stack.status.schema_registry.replace("/apis/", "/wrong/")).fetch_schema(1)


async def test_a_schema_id_in_a_record_that_the_registry_does_not_know(registry: Registry, subject: str) -> None:
    await registry.register(subject, schemas.load("bar"))
    decoder = Decoder(registry, "bar")
    payload = b"\x00\xff\xff\xff\xff" + b"\x08AAPL"
    await decoder.prepare([payload])
    with pytest.raises(Poison) as caught:
        decoder.decode(payload)
    assert caught.value.reason == "unknown_schema"


async def test_a_registry_that_goes_away_and_comes_back(make_stack: MakeStack, subject: str) -> None:
    own = make_stack()
    registry = connect(settings_for(own.status))
    first, second = Encoder("bar.v1"), Encoder("bar")
    for encoder in (first, second):
        await encoder.register(registry, subject)
    seen, unseen = first.encode(BAR), second.encode(BAR)
    decoder = Decoder(connect(settings_for(own.status)), "bar")
    await decoder.prepare([seen])

    own.kill_registry()
    await decoder.prepare([seen])
    assert decoder.decode(seen)["symbol"] == "AAPL"
    for _ in range(2):
        with pytest.raises(RegistryUnavailable, match="does not answer"):
            await decoder.prepare([seen, unseen])

    own.start()
    assert own.status.schema_registry == registry.url
    await decoder.prepare([seen, unseen])
    assert decoder.decode(unseen) == BAR


async def test_an_address_where_nothing_listens() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(RegistryUnavailable, match="does not answer"):
            await at(f"http://127.0.0.1:{unused.getsockname()[1]}").fetch_schema(1)


async def test_a_registry_that_never_answers() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(RegistryUnavailable, match="ReadTimeout"):
            await at(f"http://127.0.0.1:{port}", read_seconds=0.2).fetch_schema(1)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("HTTP/1.1 500 x\r\ncontent-length: 2\r\n\r\n{}", "is not well: it answered 500"),
        ("HTTP/1.1 429 x\r\ncontent-length: 2\r\n\r\n{}", "is not well: it answered 429"),
        ("HTTP/1.1 200 x\r\ncontent-length: 5\r\n\r\n<html", "is no schema registry"),
        ("HTTP/1.1 404 x\r\ncontent-length: 2\r\n\r\n{}", "is no schema registry"),
        ("nonsense\r\n\r\n", "does not answer"),
    ],
)
async def test_answers_that_are_not_a_registrys(answer: str, message: str) -> None:
    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer.encode())
        writer.close()

    async with await asyncio.start_server(reply, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(RegistryUnavailable, match=message):
            await at(f"http://127.0.0.1:{port}").fetch_schema(1)


@pytest.fixture
async def guarded(stack: LocalStack) -> AsyncIterator[GuardedRegistry]:
    with GuardedRegistry(stack.status.schema_registry, "key", "s3cret-value").running() as registry:
        yield registry


async def test_with_its_api_key_the_registry_lets_us_in(
    stack: LocalStack, guarded: GuardedRegistry, subject: str
) -> None:
    ours = settings_for(
        stack.status,
        schema_registry_url=guarded.url,
        schema_registry_api_key="key",
        schema_registry_api_secret="s3cret-value",  # noqa: S106
    )
    registry = connect(ours)
    schema_id = await registry.register(subject, schemas.load("bar"))
    assert await registry.fetch_schema(schema_id) == schemas.load("bar")
    assert guarded.refused == 0
    assert guarded.allowed >= 2


@pytest.mark.parametrize("secret", ["wr0ng-value", None])
async def test_without_it_the_error_says_what_to_check_and_no_secret(
    stack: LocalStack, guarded: GuardedRegistry, secret: str | None
) -> None:
    keys = {"schema_registry_api_key": "key", "schema_registry_api_secret": secret} if secret else {}
    registry = connect(settings_for(stack.status, schema_registry_url=guarded.url, **keys))
    with pytest.raises(
        RegistryRefused, match=r"refuses the credentials \(401\): check SCHEMA_REGISTRY_API_KEY"
    ) as caught:
        await registry.fetch_schema(1)
    assert "wr0ng-value" not in str(caught.value)
