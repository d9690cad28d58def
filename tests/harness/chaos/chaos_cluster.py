"""The broker and the registry of a run, each to be killed, paused and started by itself."""

from contextlib import suppress

import psutil
from confluent_kafka import KafkaException, Producer

from app.kafka.broker import BrokerUnavailable
from app.kafka.clients import producer_config
from app.kafka.local_cluster import Ports, broker_answers, registry_answers
from app.kafka.topics import topics
from app.settings import Settings
from app.stack import apicurio, kafka
from app.stack.cache import install
from app.stack.processes import find
from app.stack.progress import Silent
from tests.integration.fixtures_stack import LocalStack
from tests.integration.waiting import eventually

START_SECONDS = 120.0


class ChaosCluster:
    """One broker and one registry, in the folder of `stack`, which runs."""

    def __init__(self, stack: LocalStack) -> None:
        self._directory = stack.directory.resolve()
        self._installed = install(Silent())
        ports = Ports.load(self._directory)
        assert ports is not None
        self._ports = ports
        self._moments = 0

    def kill_broker(self) -> None:
        _kill(find(self._directory)[kafka.ROLE])

    def start_broker(self) -> None:
        """Does not wait until it answers."""
        kafka.start(self._directory, self._installed.kafka_jars, self._ports, {}, {})

    def pause_broker(self) -> None:
        find(self._directory)[kafka.ROLE].suspend()

    def resume_broker(self) -> None:
        find(self._directory)[kafka.ROLE].resume()

    def slow_broker(self) -> None:
        """Called ten times a second: it is at work in every fifth of these moments."""
        self._moments += 1
        if self._moments % 5:
            self.pause_broker()
        else:
            self.resume_broker()

    def kill_registry(self) -> None:
        _kill(find(self._directory)[apicurio.ROLE])

    def start_registry(self) -> None:
        """Does not wait until it answers."""
        apicurio.start(self._directory, self._installed.registry_home, self._ports)

    def is_well(self) -> bool:
        """Whether both answer."""
        return broker_answers(self._directory, self._ports) and registry_answers(self._ports)

    def wait_well(self) -> None:
        eventually(self.is_well, START_SECONDS, lambda: f"the stack in {self._directory} does not answer")


def abort_records(settings: Settings, key: bytes, value: bytes, count: int) -> None:
    """Write records to the raw topic and take them back. Does not mind a broker that is away."""
    config = producer_config(settings) | {"transactional.id": f"{settings.id}-aborting", "transaction.timeout.ms": 5000}
    producer = Producer(config)
    with suppress(KafkaException, BrokerUnavailable):
        producer.init_transactions(5)
        producer.begin_transaction()
        for _ in range(count):
            producer.produce(topics(settings).raw.name, value, key)
        producer.flush(3)
        producer.abort_transaction(5)
    producer.purge()


def _kill(process: psutil.Process) -> None:
    process.kill()
    process.wait()
