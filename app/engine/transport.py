"""The Faust transport `kafka-batched://`: Kafka through aiokafka, delivered as batches."""

from typing import ClassVar

from faust.transport.drivers import aiokafka

from app.engine.consumer import BatchConsumer


class Transport(aiokafka.Transport):
    """Faust's aiokafka transport with a consumer that hands over batches.

    Found by Faust through the entry point group `faust.transports`.
    """

    Consumer: ClassVar[type[aiokafka.Consumer]] = BatchConsumer
