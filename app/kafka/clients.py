"""The configuration of all clients, from one settings object: Faust, librdkafka (producer, consumer, admin), registry.

With SASL_SSL and API keys that is all that Confluent Cloud needs.
"""

import logging
import os
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from confluent_kafka import KafkaError

from app.avro.registry import Registry, RegistryClient
from app.errors import StocksError
from app.kafka.local_cluster import Endpoints, local_endpoints
from app.logs.throttle import LogThrottle
from app.settings import Settings

if TYPE_CHECKING:
    from faust.auth import Credentials

log = logging.getLogger(__name__)

_REGISTRY_TIMEOUT = httpx.Timeout(10.0, connect=3.0)


class ClusterMissing(StocksError):
    """Neither the settings nor a running local stack say where the broker and the registry are."""

    exit_status = os.EX_TEMPFAIL  # A stack may be starting again.


def endpoints(settings: Settings, find_local: Callable[[Path], Endpoints | None] = local_endpoints) -> Endpoints:
    """The addresses set, otherwise those of the local stack; raises ClusterMissing when there are neither."""
    kafka, registry_url = settings.kafka_bootstrap, settings.schema_registry_url
    if kafka and registry_url:
        return Endpoints(kafka, registry_url)
    if kafka or registry_url:
        there, lacking = "KAFKA_BOOTSTRAP", "SCHEMA_REGISTRY_URL"
        if registry_url:
            there, lacking = lacking, there
        raise ClusterMissing(f"{there} is set but {lacking} is not: set both, or neither for the local stack")
    local = find_local(settings.stack_dir)
    if local is None:
        raise ClusterMissing(
            "No broker: run `make stack-up`, or set KAFKA_BOOTSTRAP and SCHEMA_REGISTRY_URL (see .env.example)"
        )
    return local


def librdkafka(settings: Settings) -> dict[str, Any]:
    """The configuration that librdkafka's producers, consumers and admin clients share."""
    config: dict[str, Any] = {
        "bootstrap.servers": endpoints(settings).kafka,
        "client.id": settings.id,
        "security.protocol": settings.kafka_security_protocol,
        "error_cb": _error_log(),
        # librdkafka's own log would say the same on stderr.
        "log_level": 2,
    }
    if settings.kafka_ca_file and _tls(settings):
        config["ssl.ca.location"] = str(settings.kafka_ca_file)
    if _sasl(settings):
        username, password = _kafka_credentials(settings)
        config |= {
            "sasl.mechanism": settings.kafka_sasl_mechanism,
            "sasl.username": username,
            "sasl.password": password,
        }
    return config


def producer_config(settings: Settings) -> dict[str, Any]:
    """The configuration of an idempotent producer that chooses partitions as Faust's and Java's clients do."""
    return librdkafka(settings) | {
        "partitioner": "murmur2_random",
        "enable.idempotence": True,
        "acks": "all",
        # The changelogs are kept in this compression; another one would make the broker compress them again.
        "compression.type": "zstd",
        "linger.ms": 1,
        "batch.num.messages": 10_000,
        "queue.buffering.max.messages": 200_000,
        "queue.buffering.max.kbytes": 128 * 1024,
    }


def consumer_config(settings: Settings, group: str) -> dict[str, Any]:
    """The configuration of a consumer that commits only on request and never sees records of aborted transactions."""
    return librdkafka(settings) | {
        "group.id": group,
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "earliest",
        # With its default, 1 s, a queue that was full for a moment is filled again only then.
        "fetch.queue.backoff.ms": 5,
    }


def admin_config(settings: Settings) -> dict[str, Any]:
    """The configuration of an admin client."""
    # It sends its requests to one broker, the one that was the controller when it last looked. If that broker is
    # gone, it would wait five minutes for it.
    return librdkafka(settings) | {"topic.metadata.refresh.interval.ms": 5000}


def faust_credentials(settings: Settings) -> "Credentials | None":
    """Faust's `broker_credentials`; None for PLAINTEXT."""
    from faust.auth import SASLCredentials, SSLCredentials

    context = _ssl_context(settings) if _tls(settings) else None
    if _sasl(settings):
        username, password = _kafka_credentials(settings)
        return SASLCredentials(
            username=username, password=password, mechanism=settings.kafka_sasl_mechanism, ssl_context=context
        )
    return SSLCredentials(context) if context else None


def registry_client(settings: Settings) -> RegistryClient:
    """The registry's client, with its API key where one is set."""
    return RegistryClient(
        endpoints(settings).schema_registry,
        auth=_registry_auth(settings),
        timeout=_REGISTRY_TIMEOUT,
        ca_file=settings.schema_registry_ca_file,
    )


def registry(settings: Settings) -> Registry:
    """The schema registry of these settings."""
    return Registry(registry_client(settings))


def _tls(settings: Settings) -> bool:
    return settings.kafka_security_protocol in ("SSL", "SASL_SSL")


def _sasl(settings: Settings) -> bool:
    return settings.kafka_security_protocol.startswith("SASL_")


def _ssl_context(settings: Settings) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=settings.kafka_ca_file)


def _kafka_credentials(settings: Settings) -> tuple[str, str]:
    secret = settings.kafka_api_secret
    return settings.kafka_api_key or "", secret.get_secret_value() if secret else ""


def _registry_auth(settings: Settings) -> httpx.Auth:
    key, secret = settings.schema_registry_api_key, settings.schema_registry_api_secret
    # Without an `auth` the library sends an empty user and password, which some servers refuse.
    return httpx.BasicAuth(key, secret.get_secret_value()) if key and secret else httpx.Auth()


def _error_log() -> Callable[[KafkaError], None]:
    """Logs librdkafka's errors, each kind once in a while: a broker that is away brings ten a second."""
    throttle = LogThrottle()

    def log_error(error: KafkaError) -> None:
        if throttle.allows(error.code()):
            # Names addresses and causes, never a configuration value.
            log.warning("Kafka: %s", error.str())

    return log_error
