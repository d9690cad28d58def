"""Makes the engine's options from the settings, and checks the cluster before a worker starts."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from app.access.listening import check_access
from app.asgi.listen import listen
from app.avro.registry import NotARegistry, RegistryUnavailable
from app.engine.app import EngineOptions, Prepared
from app.engine.private import GroupMember
from app.kafka.acls import ROLES
from app.kafka.address import AddressCheck, advertised_host, member_name
from app.kafka.broker import Broker, BrokerUnavailable
from app.kafka.clients import ClusterMissing, consumer_config, endpoints, faust_credentials, producer_config, registry
from app.kafka.topic_admin import check_unchanged, ensure_topics, require_rights
from app.kafka.topics import LARGEST_RECORD_BYTES
from app.logs.terminal_worker import worker_class
from app.metrics import deleted_records
from app.settings import Settings, SettingsError

if TYPE_CHECKING:
    from app.engine.app import BatchApp

log = logging.getLogger(__name__)

#: The key in the worker's `waits` of a registry that has not answered yet, and how often it is asked.
_REGISTRY = "registry"
REGISTRY_SECONDS = 2.0


class EngineSetup:
    """A worker's cluster: its addresses, and the checks that it must pass.

    Without a cluster a worker does not start, but Faust's other commands, `--help`
    among them, do without one.
    """

    def __init__(self, settings: Settings) -> None:
        self._missing: ClusterMissing | None = None
        try:
            kafka, schema_registry = endpoints(settings)
        except ClusterMissing as error:
            self._missing = error
            kafka, schema_registry = "127.0.0.1:9092", "http://127.0.0.1:8081"
        #: The settings with both addresses filled in.
        self.settings = settings.model_copy(update={"kafka_bootstrap": kafka, "schema_registry_url": schema_registry})
        self._broker: Broker | None = None
        self._address_check = AddressCheck(self.settings)

    def options(self) -> EngineOptions:
        """The engine's options. Raises SettingsError."""
        settings = self.settings
        if not settings.api_port:
            # Those that choose a port, as `stocks worker --processes 2` does, give a worker the one chosen.
            raise SettingsError(["API_PORT=0: must be a whole number from 1 to 65535, for others to find this worker"])
        return EngineOptions(
            id=settings.id,
            brokers=(settings.kafka_bootstrap or "").split(","),
            credentials=faust_credentials(settings),
            client_id=member_name(settings),
            # A transaction's flush sends what is there; waiting for more before it costs a quiet bar 2 ms.
            producer=producer_config(settings) | {"message.max.bytes": LARGEST_RECORD_BYTES, "linger.ms": 0},
            consumer=consumer_config(settings, f"{settings.id}-restore"),
            partitions=settings.partitions,
            replication_factor=settings.replication_factor,
            session_seconds=settings.session_seconds,
            transaction_seconds=settings.transaction_seconds,
            batch_max=settings.batch_max,
            data_dir=settings.data_dir,
            web_bind=settings.api_host,
            web_host=advertised_host(settings),
            web_port=settings.api_port,
            prepare=self.prepare,
            check=self.check,
            on_deleted=lambda topic, count: deleted_records.labels(topic).inc(count),
            rights=ROLES["worker"](settings),
            worker=worker_class(settings),
        )

    def prepare(self, app: "BatchApp") -> Prepared:
        """Check who may ask, that the port is free and that the registry is a registry; create or check the topics.

        Raises StocksError.
        """
        if self._missing:
            raise self._missing
        if app.asgi_app is not None and app.conf.web_enabled:
            check_access(self.settings, app.conf.web_bind)
            listen("API_PORT", app.conf.web_bind, app.conf.web_port).close()
        self._check_registry(app)
        self._broker = Broker(self.settings)
        require_rights(self._broker, ROLES["worker"](self.settings))
        topic_ids = ensure_topics(self.settings)
        return Prepared(topic_ids, f"{self.settings.id} on cluster {self._broker.metadata().cluster_id}")

    def _check_registry(self, app: "BatchApp") -> None:
        try:
            asyncio.run(registry(self.settings).check())
        except NotARegistry:
            raise
        except RegistryUnavailable as error:
            # It may come back: the worker starts, is not ready until then, and batches wait for it.
            app.waits[_REGISTRY] = str(error)

    async def await_registry(self, app: "BatchApp", again_seconds: float = REGISTRY_SECONDS) -> None:
        """Ask the registry until it answers, where it did not at the start: without it no batch can be read."""
        said = None
        while _REGISTRY in app.waits:
            try:
                await registry(self.settings).check()
            except RegistryUnavailable as error:
                app.waits[_REGISTRY] = str(error)
                if str(error) != said:
                    said = str(error)
                    log.warning("Waiting: %s", error)
                await asyncio.sleep(again_seconds)
            else:
                del app.waits[_REGISTRY]
                log.info("The schema registry answers")

    def check(self, app: "BatchApp", members: Sequence[GroupMember]) -> None:
        """Raise StocksError where topics were changed under a running worker, or another has its address."""
        broker = self._broker
        if broker is None:
            return
        # While the broker is away the agents notice, wait, and say so.
        with suppress(BrokerUnavailable):
            require_rights(broker, ROLES["worker"](self.settings))
            check_unchanged(broker, self.settings, app.topic_ids)
        if app.conf.web_enabled:
            self._address_check.check(members)
