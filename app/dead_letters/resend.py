"""Sending the records of dead letters again, to where they came from."""

from collections.abc import Iterable

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from app.dead_letters.letter import Letter
from app.engine.batch import ProducerRecord
from app.engine.full_queue import produce_all
from app.errors import StocksError
from app.kafka.clients import producer_config
from app.kafka.refusals import why_not_written
from app.kafka.topics import LARGEST_RECORD_BYTES
from app.settings import Settings

_GIVE_UP_AFTER_MS = 60_000
_POLL_SECONDS = 0.2


class LettersNotSent(StocksError):
    """Not every record arrived; sending all of them again does no harm."""


def resend(settings: Settings, letters: Iterable[Letter]) -> int:
    """Send each letter's key and value to its source's topic and partition, by their offsets; returns how many.

    Blocks until the broker has them all. A record that is sent twice is a
    duplicate to its window, or stale. Raises NotSent.
    """
    arrived = 0
    faults: list[str] = []

    def report(error: KafkaError | None, message: Message) -> None:
        nonlocal arrived
        if error is None:
            arrived += 1
        else:
            faults.append(why_not_written(error, message.topic() or ""))

    producer = Producer(
        producer_config(settings)
        | {"message.timeout.ms": _GIVE_UP_AFTER_MS, "message.max.bytes": LARGEST_RECORD_BYTES, "on_delivery": report}
    )
    sources = sorted((letter.source, index, letter) for index, letter in enumerate(letters) if letter.source)
    for source, _, letter in sources:
        record = ProducerRecord(source.topic, letter.key, letter.value, source.partition)
        try:
            produce_all(producer, [record])
        except KafkaException as error:
            raise LettersNotSent(f"{source} cannot be sent: {why_not_written(error.args[0], source.topic)}") from error
    while producer.flush(_POLL_SECONDS):
        pass
    if faults:
        raise LettersNotSent(
            f"{arrived:,} of {len(sources):,} records arrived, the others did not: {faults[0]}. "
            "Send all again: those that arrived are taken for the duplicates they are"
        )
    return arrived
