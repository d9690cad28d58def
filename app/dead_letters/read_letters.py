"""Reads the dead-letters topic up to its present end."""

from collections.abc import Iterator

from confluent_kafka import Consumer, TopicPartition

from app.dead_letters.letter import Letter, read_letter
from app.dead_letters.letter_filter import LetterFilter, distinct
from app.kafka.clients import consumer_config
from app.kafka.offsets import offsets_at, watermarks
from app.kafka.topic_reader import TopicReader
from app.kafka.topics import topics
from app.settings import Settings


def find_letters(settings: Settings, choice: LetterFilter) -> Iterator[Letter]:
    """The letters that were chosen, each once, in the order of their partitions.

    Raises TopicMissing, BrokerUnavailable.
    """
    topic = topics(settings).dead_letters.name
    with TopicReader(settings, topic, from_beginning=True, until_end=True) as reader:
        found = (read_letter(message) for batch in reader.batches() for message in batch)
        yield from distinct(letter for letter in found if choice.takes(letter))


def letters_since(settings: Settings, since_ms: int) -> Iterator[Letter]:
    """The letters written since then (UTC epoch milliseconds), in the order of their partitions.

    Raises TopicMissing, BrokerUnavailable.
    """
    topic = topics(settings).dead_letters
    consumer = Consumer(consumer_config(settings, f"{settings.id}-letters"))
    try:
        places = [TopicPartition(topic.name, partition) for partition in range(topic.partitions)]
        first = offsets_at(consumer, places, since_ms)
        extents = watermarks(consumer, places)
    finally:
        consumer.close()
    spans = {
        partition: (offset, extents[partition].end)
        for partition, offset in first.items()
        if offset < extents[partition].end
    }
    if spans:
        with TopicReader(settings, topic.name, from_beginning=True, until_end=True, spans=spans) as reader:
            yield from (read_letter(message) for batch in reader.batches() for message in batch)
