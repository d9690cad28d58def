"""Connects to the broker within a time limit, or explains why that fails."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ClusterMetadata

from app.engine.rights import NotAllowed, Right, refused
from app.errors import StocksError
from app.kafka.clients import admin_config, endpoints
from app.settings import Settings

TIMEOUT = 10.0


class BrokerUnavailable(StocksError):
    """The broker does not answer, or refuses these credentials."""

    exit_status = os.EX_TEMPFAIL


class Broker:
    """An admin client that has reached its broker once, and explains it when it cannot.

    Raises BrokerUnavailable, ClusterMissing.
    """

    def __init__(self, settings: Settings, timeout: float = TIMEOUT) -> None:
        self._settings = settings
        self._address = endpoints(settings).kafka
        self._errors: list[KafkaError] = []
        self._timeout = timeout
        self.admin = AdminClient(admin_config(settings) | {"error_cb": self._errors.append})
        self.metadata()

    def metadata(self) -> ClusterMetadata:
        """Brokers, topics and partitions as they stand now; raises BrokerUnavailable."""
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                return self.admin.list_topics(timeout=min(1.0, self._timeout))
            except KafkaException as error:
                # Callbacks run in poll only; what they say is why the request failed.
                self.admin.poll(0.1)
                if self._hopeless() or time.monotonic() > deadline:
                    raise BrokerUnavailable(self._explain(error.args[0])) from None

    @contextmanager
    def explaining(self, *rights: Right) -> Iterator[None]:
        """Turn the failure of a request that needs these rights into BrokerUnavailable or NotAllowed."""
        try:
            yield
        except KafkaException as error:
            self.admin.poll(0)
            if rights and refused(error.args[0]):
                raise NotAllowed(rights) from None
            raise BrokerUnavailable(self._explain(error.args[0])) from None

    def _hopeless(self) -> bool:
        return any(error.code() in (KafkaError._AUTHENTICATION, KafkaError._SSL) for error in self._errors)

    def _explain(self, error: KafkaError) -> str:
        if any(seen.code() == KafkaError._AUTHENTICATION for seen in self._errors):
            return (
                f"The broker at {self._address} refuses the credentials: check KAFKA_API_KEY, KAFKA_API_SECRET and "
                f"KAFKA_SASL_MECHANISM ({self._settings.kafka_sasl_mechanism})"
            )
        causes = [seen.str() for seen in self._errors if seen.code() != KafkaError._ALL_BROKERS_DOWN]
        return (
            f"No broker answers at {self._address} ({causes[0] if causes else error.str()}): check that it runs "
            f"(`make stack-status`), KAFKA_BOOTSTRAP, KAFKA_SECURITY_PROTOCOL "
            f"({self._settings.kafka_security_protocol}) and, for TLS, KAFKA_CA_FILE"
        )
