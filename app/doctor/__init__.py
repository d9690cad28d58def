"""The checks of `stocks doctor`: what is wrong with an installation, and how to fix it."""

from collections.abc import AsyncIterator, Callable

from app.avro.registry import Registry, RegistryUnavailable
from app.doctor.alpaca import check_alpaca
from app.doctor.consumer_group import check_group
from app.doctor.dead_letters import check_dead_letters
from app.doctor.finding import Finding, explained
from app.doctor.rights import as_allowed, check_worker_rights
from app.doctor.schema_registry import check_registry
from app.doctor.services import check_data_dir, check_producer, check_worker
from app.doctor.settings import read_settings
from app.doctor.stalled import check_stalled
from app.doctor.topics import check_topics
from app.doctor.transaction_log import check_transaction_log
from app.doctor.transactions import check_rights
from app.doctor.versions import check_versions
from app.kafka.broker import Broker, BrokerUnavailable
from app.kafka.clients import ClusterMissing, endpoints, registry
from app.settings import Settings

__all__ = ["Finding", "examine", "read_settings"]

_TIMEOUT = 5.0


async def examine(
    open_broker: Callable[[Settings, float], Broker] = Broker, open_registry: Callable[[Settings], Registry] = registry
) -> AsyncIterator[Finding]:
    """All findings, one after the other; what depends on something broken is left out."""
    for finding in check_versions():
        yield finding
    settings, findings = read_settings()
    for finding in findings:
        yield finding
    if settings is None:
        return
    yield check_data_dir(settings)
    cluster_id = None
    try:
        addresses = endpoints(settings)
    except ClusterMissing as error:
        message, _, fix = str(error).partition(": ")
        yield Finding("broken", "cluster", message, fix)
    else:
        yield Finding(
            "ok", "cluster", f"Kafka {addresses.kafka}, registry {addresses.schema_registry} ({_whose(settings)})"
        )
        try:
            broker = open_broker(settings, _TIMEOUT)
            found = broker.metadata()
            cluster_id = found.cluster_id
            yield Finding("ok", "broker", f"{len(found.brokers)} in cluster {found.cluster_id}")
            for finding in check_worker_rights(settings, broker):
                yield finding
            for finding in as_allowed("topics", check_topics(settings, broker)):
                yield finding
            for finding in as_allowed("workers", check_group(settings, broker)):
                yield finding
            for finding in check_rights(settings):
                yield finding
            # After that: the first request for a transactional id makes the coordinator's topic.
            for finding in as_allowed("transactions", check_transaction_log(settings, broker)):
                yield finding
            for finding in as_allowed("transactions", check_stalled(settings, broker)):
                yield finding
            for finding in as_allowed("dead letters", check_dead_letters(settings, broker)):
                yield finding
        except BrokerUnavailable as error:
            yield explained("broken", "broker", error)
        try:
            async for finding in check_registry(settings, open_registry(settings)):
                yield finding
        except RegistryUnavailable as error:
            yield explained("broken", "registry", error)
    yield check_worker(settings, cluster_id)
    yield check_producer(settings)
    for finding in check_alpaca(settings):
        yield finding


def _whose(settings: Settings) -> str:
    return "as set" if settings.kafka_bootstrap else f"the local stack in {settings.stack_dir}"
