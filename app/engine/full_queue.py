"""Handing records to librdkafka, whose queue may be full."""

from collections.abc import Callable, Iterable

from confluent_kafka import KafkaError, Message, Producer

from app.engine.batch import ProducerRecord

#: The partition of a record that librdkafka chooses by the key.
BY_KEY = -1

#: How long a full queue is waited for at a time.
FULL_SECONDS = 0.5


def produce_all(
    producer: Producer,
    records: Iterable[ProducerRecord],
    while_full: Callable[[], None] = lambda: None,
    on_delivery: Callable[[KafkaError | None, Message], None] | None = None,
) -> None:
    """Queue the records in their order; return before they are sent.

    While the queue is full, deliveries are waited for, and `while_full` is called now and then: to go on waiting
    it returns, to give up it raises. `on_delivery` reports each record. Raises KafkaException.
    """
    produce = producer.produce
    for topic, key, value, partition, headers in records:
        while True:
            try:
                if headers or on_delivery:
                    produce(topic, value, key, partition, on_delivery, headers=list(headers) if headers else None)
                else:
                    produce(topic, value, key, partition)  # Nearly all; naming arguments takes half as long again.
                break
            except BufferError:
                producer.poll(FULL_SECONDS)
                while_full()
