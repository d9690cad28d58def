import logging
import ssl
from pathlib import Path
from typing import Any

import faust
import httpx
import pytest
import trustme
from confluent_kafka import Consumer, KafkaError, Producer
from confluent_kafka.admin import AdminClient
from faust.auth import SSLCredentials

from app.kafka.clients import (
    ClusterMissing,
    admin_config,
    consumer_config,
    endpoints,
    faust_credentials,
    producer_config,
    registry_client,
)
from app.kafka.local_cluster import Endpoints
from app.logs.throttle import throttle_talkative_loggers
from app.settings import Settings

SECRET = "s3cret-value"  # noqa: S105


def make(**changes: Any) -> Settings:
    given = {"kafka_bootstrap": "broker.example:9092", "schema_registry_url": "https://registry.example"} | changes
    return Settings(_env_file=None, **given)  # type: ignore[call-arg]


@pytest.fixture
def cloud() -> Settings:
    """As Confluent Cloud needs it."""
    return make(
        kafka_security_protocol="SASL_SSL",
        kafka_api_key="key",
        kafka_api_secret=SECRET,
        schema_registry_api_key="registry-key",
        schema_registry_api_secret="registry-secret",  # noqa: S106
        replication_factor=3,
    )


def test_addresses_set_win_over_the_local_stack() -> None:
    found = endpoints(make(), lambda _: pytest.fail("asked for"))
    assert found == Endpoints("broker.example:9092", "https://registry.example")


def test_without_addresses_it_is_the_local_stack(tmp_path: Path) -> None:
    local = Endpoints("127.0.0.1:1", "http://127.0.0.1:2")
    settings = make(kafka_bootstrap=None, schema_registry_url=None, stack_dir=tmp_path)
    assert endpoints(settings, lambda folder: local if folder == tmp_path else None) == local


def test_without_a_stack_either_the_fix_is_said(tmp_path: Path) -> None:
    settings = make(kafka_bootstrap=None, schema_registry_url=None, stack_dir=tmp_path)
    with pytest.raises(ClusterMissing, match=r"No broker: run `make stack-up`, or set KAFKA_BOOTSTRAP"):
        endpoints(settings)


@pytest.mark.parametrize(
    ("given", "lacking"), [("kafka_bootstrap", "SCHEMA_REGISTRY_URL"), ("schema_registry_url", "KAFKA_BOOTSTRAP")]
)
def test_one_address_without_the_other_is_an_error(given: str, lacking: str) -> None:
    settings = make(**{lacking.lower(): None})
    with pytest.raises(ClusterMissing, match=f"{given.upper()} is set but {lacking} is not"):
        endpoints(settings)


def test_librdkafka_takes_every_configuration(cloud: Settings) -> None:
    """It refuses names and values that it does not know."""
    for settings in (make(), cloud):
        Producer(producer_config(settings))
        AdminClient(admin_config(settings))
        Consumer(consumer_config(settings, "group")).close()


def test_a_producer_places_symbols_as_faust_does_and_repeats_nothing() -> None:
    config = producer_config(make())
    assert (config["partitioner"], config["enable.idempotence"], config["acks"]) == ("murmur2_random", True, "all")


def test_a_consumer_sees_committed_records_only() -> None:
    config = consumer_config(make(), "group")
    assert (config["isolation.level"], config["group.id"], config["enable.auto.commit"]) == (
        "read_committed",
        "group",
        False,
    )


def test_confluent_cloud_for_librdkafka(cloud: Settings) -> None:
    for config in (producer_config(cloud), consumer_config(cloud, "group"), admin_config(cloud)):
        assert {key: config[key] for key in config if key.startswith(("sasl", "security", "ssl"))} == {
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "PLAIN",
            "sasl.username": "key",
            "sasl.password": SECRET,
        }


def test_confluent_cloud_for_faust(cloud: Settings) -> None:
    credentials = faust_credentials(cloud)
    assert isinstance(credentials, faust.SASLCredentials)
    assert (credentials.protocol.value, credentials.mechanism.value) == ("SASL_SSL", "PLAIN")
    assert (credentials.username, credentials.password) == ("key", SECRET)
    context = credentials.ssl_context
    assert context is not None
    assert context.check_hostname
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert SECRET not in repr(credentials)


def test_confluent_cloud_for_the_registry(cloud: Settings) -> None:
    client = registry_client(cloud)
    assert client.url == "https://registry.example"
    assert isinstance(client.client_kwargs["auth"], httpx.BasicAuth)
    assert isinstance(client.client_kwargs["timeout"], httpx.Timeout)


@pytest.mark.parametrize(("url", "some"), [("http://registry", False), ("HTTPS://registry", True)])
def test_certificates_are_read_for_https_only(url: str, some: bool) -> None:
    context = registry_client(make(schema_registry_url=url)).client_kwargs["verify"]
    assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)
    assert bool(context.get_ca_certs()) is some


def test_tls_alone(tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(ca_file)
    settings = make(kafka_security_protocol="SSL", kafka_ca_file=ca_file)
    credentials = faust_credentials(settings)
    assert isinstance(credentials, SSLCredentials)
    context = credentials.context
    assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)
    # Nobody else's certificates are trusted then.
    assert context.get_ca_certs(binary_form=True) == [ssl.PEM_cert_to_DER_cert(ca_file.read_text())]
    config = admin_config(settings)
    assert (config["security.protocol"], config["ssl.ca.location"]) == ("SSL", str(ca_file))
    assert "sasl.username" not in config


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_sasl_without_tls(mechanism: str) -> None:
    settings = make(
        kafka_security_protocol="SASL_PLAINTEXT",
        kafka_sasl_mechanism=mechanism,
        kafka_api_key="key",
        kafka_api_secret=SECRET,
    )
    credentials = faust_credentials(settings)
    assert isinstance(credentials, faust.SASLCredentials)
    assert (credentials.protocol.value, credentials.mechanism.value) == ("SASL_PLAINTEXT", mechanism)
    assert credentials.ssl_context is None
    assert admin_config(settings)["sasl.mechanism"] == mechanism


def test_without_security_there_are_no_credentials() -> None:
    assert faust_credentials(make()) is None


def test_librdkafkas_errors_are_logged_once_a_while_each_kind(caplog: pytest.LogCaptureFixture) -> None:
    throttle_talkative_loggers()
    log_error = admin_config(make())["error_cb"]
    with caplog.at_level(logging.WARNING):
        for code in (KafkaError._TRANSPORT, KafkaError._TRANSPORT, KafkaError._AUTHENTICATION):
            log_error(KafkaError(code, "a reason"))
    assert caplog.messages == ["Kafka: a reason", "Kafka: a reason"], "one of each kind"
