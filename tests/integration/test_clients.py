"""Each of the four clients against a listener that demands credentials, and against TLS."""

import asyncio
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiokafka import AIOKafkaConsumer
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError as AIOKafkaError
from confluent_kafka import Consumer, Producer
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth

from app import stack as local_stack
from app.kafka.broker import Broker, BrokerUnavailable
from app.kafka.clients import consumer_config, faust_credentials, producer_config
from app.kafka.topic_admin import ensure_topics
from app.kafka.topics import topics
from app.settings import Settings
from app.stack import StackStatus
from tests.harness.doubles.tls_proxy import tls_proxy
from tests.integration.fixtures_stack import LocalStack
from tests.integration.stack_settings import settings_for
from tests.integration.waiting import eventually

RIGHT, WRONG = "s3cret-value", "wr0ng-value"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackStatus]:
    """A stack with a SASL/PLAIN listener."""
    folder = tmp_path_factory.mktemp("sasl")
    try:
        yield LocalStack(folder, {"key": RIGHT}).status
    finally:
        local_stack.stop(folder)


def with_keys(status: StackStatus, secret: str, **changes: Any) -> Settings:
    keys = {"kafka_security_protocol": "SASL_PLAINTEXT", "kafka_api_key": "key", "kafka_api_secret": secret}
    return settings_for(status, **({"kafka_bootstrap": status.kafka_sasl} | keys | changes))


def produce_one(settings: Settings, topic: str) -> None:
    producer = Producer(producer_config(settings))
    faults: list[object] = []
    producer.produce(topic, b"value", key="AAPL", on_delivery=lambda error, _: faults.append(error))
    assert producer.flush(20) == 0
    assert faults == [None]


def consume_one(settings: Settings, topic: str) -> bytes | None:
    consumer = Consumer(consumer_config(settings, settings.id))
    try:
        consumer.subscribe([topic])
        message = consumer.poll(30)
        assert message is not None
        assert message.error() is None
        consumer.commit(message=message, asynchronous=False)
        return message.value()
    finally:
        consumer.close()


def fausts(settings: Settings) -> dict[str, Any]:
    """What Faust's driver makes of the credentials for aiokafka."""
    auth = credentials_to_aiokafka_auth(faust_credentials(settings))
    return {"bootstrap_servers": settings.kafka_bootstrap, "request_timeout_ms": 5000, **auth}


async def bootstrap(settings: Settings) -> None:
    """The first connection that Faust's client makes."""
    client = AIOKafkaClient(**fausts(settings))
    try:
        await client.bootstrap()
    finally:
        await client.close()


async def test_with_the_right_keys_all_clients_of_kafka_get_in(guarded: StackStatus) -> None:
    settings = with_keys(guarded, RIGHT)
    await asyncio.to_thread(ensure_topics, settings)
    topic = topics(settings).raw.name
    await asyncio.to_thread(produce_one, settings, topic)
    assert await asyncio.to_thread(consume_one, settings, topic) == b"value"
    async with AIOKafkaConsumer(topic, auto_offset_reset="earliest", **fausts(settings)) as consumer:
        record = await asyncio.wait_for(consumer.getone(), 20)
    assert (record.key, record.value) == (b"AAPL", b"value")


def test_with_wrong_keys_the_error_says_what_to_check_and_no_secret(guarded: StackStatus) -> None:
    with pytest.raises(BrokerUnavailable, match="refuses the credentials: check KAFKA_API_KEY") as caught:
        Broker(with_keys(guarded, WRONG))
    assert WRONG not in str(caught.value)


async def test_with_wrong_keys_fausts_client_is_refused_and_names_no_secret(
    guarded: StackStatus, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(AIOKafkaError) as caught:
        await bootstrap(with_keys(guarded, WRONG))
    assert WRONG not in f"{caught.value} {caplog.text}"


def test_producer_and_consumer_log_a_refusal_without_the_secret(
    guarded: StackStatus, caplog: pytest.LogCaptureFixture
) -> None:
    settings = with_keys(guarded, WRONG)
    producer = Producer(producer_config(settings))
    producer.produce("topic", b"value")
    consumer = Consumer(consumer_config(settings, "group"))
    consumer.subscribe(["topic"])
    until_refusals(caplog, 1, producer.poll)
    until_refusals(caplog, 2, consumer.poll)
    consumer.close()
    producer.purge()
    assert refusals(caplog) == 2
    assert WRONG not in caplog.text


def refusals(caplog: pytest.LogCaptureFixture) -> int:
    return caplog.text.count("Authentication failed")


def until_refusals(caplog: pytest.LogCaptureFixture, count: int, poll: Callable[[float], object]) -> None:
    """Poll until so many are logged."""

    def are_logged() -> bool:
        poll(0.1)
        return refusals(caplog) >= count

    eventually(are_logged, 60)


def test_without_keys_the_listener_does_not_answer_and_the_protocol_is_named(guarded: StackStatus) -> None:
    settings = settings_for(guarded, kafka_bootstrap=guarded.kafka_sasl)
    with pytest.raises(BrokerUnavailable, match=r"KAFKA_SECURITY_PROTOCOL \(PLAINTEXT\)"):
        Broker(settings, timeout=2)


def test_a_broker_that_is_not_there_is_named_within_the_time(guarded: StackStatus) -> None:
    with pytest.raises(BrokerUnavailable, match=r"No broker answers at 127.0.0.1:1 .*: check that it runs"):
        Broker(settings_for(guarded, kafka_bootstrap="127.0.0.1:1"), timeout=1)


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def listener(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


async def test_tls_with_the_authority_of_the_settings(
    guarded: StackStatus, listener: ssl.SSLContext, ca_file: Path
) -> None:
    async with tls_proxy(listener, guarded.kafka) as address:
        settings = settings_for(guarded, kafka_bootstrap=address, kafka_security_protocol="SSL", kafka_ca_file=ca_file)
        await asyncio.to_thread(Broker, settings)
        await bootstrap(settings)


async def test_sasl_over_tls(guarded: StackStatus, listener: ssl.SSLContext, ca_file: Path) -> None:
    assert guarded.kafka_sasl
    async with tls_proxy(listener, guarded.kafka_sasl) as address:
        secure = {"kafka_bootstrap": address, "kafka_security_protocol": "SASL_SSL", "kafka_ca_file": ca_file}
        settings = with_keys(guarded, RIGHT, **secure)
        await asyncio.to_thread(Broker, settings)
        await bootstrap(settings)
        with pytest.raises(BrokerUnavailable, match="refuses the credentials"):
            await asyncio.to_thread(Broker, with_keys(guarded, WRONG, **secure))


async def test_a_certificate_that_nobody_vouches_for_is_refused(guarded: StackStatus, listener: ssl.SSLContext) -> None:
    async with tls_proxy(listener, guarded.kafka) as address:
        settings = settings_for(guarded, kafka_bootstrap=address, kafka_security_protocol="SSL")
        with pytest.raises(BrokerUnavailable, match="KAFKA_CA_FILE"):
            await asyncio.to_thread(Broker, settings, 3)
        with pytest.raises(AIOKafkaError):
            await bootstrap(settings)
