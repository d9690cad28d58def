"""The dead-letters topic, read to where it ends now."""

from collections.abc import Iterator

from confluent_kafka import Consumer, KafkaException, TopicPartition

from app.dead_letters.choice import Choice, distinct
from app.dead_letters.letter import Letter, read_letter
from app.engine.rights import NotAllowed, refused
from app.kafka.broker import TIMEOUT, BrokerUnavailable
from app.kafka.clients import consumer_config
from app.kafka.refusals import right_to_read
from app.kafka.topic_reader import TopicReader
from app.kafka.topics import topics
from app.settings import Settings


def letters(settings: Settings, choice: Choice) -> Iterator[Letter]:
    """The letters that are meant, each once, in the order of their partitions.

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
        places = [TopicPartition(topic.name, partition, since_ms) for partition in range(topic.partitions)]
        found = consumer.offsets_for_times(places, timeout=TIMEOUT)
        ends = {place.partition: consumer.get_watermark_offsets(place, timeout=TIMEOUT)[1] for place in found}
    except KafkaException as error:
        if refused(error.args[0]):
            raise NotAllowed([right_to_read(error.args[0], topic.name, settings)]) from None
        raise BrokerUnavailable(f"{topic.name} cannot be read: {error.args[0].str()}") from None
    finally:
        consumer.close()
    # A negative offset: nothing was written since.
    spans = {
        place.partition: (place.offset, ends[place.partition])
        for place in found
        if 0 <= place.offset < ends[place.partition]
    }
    if spans:
        with TopicReader(settings, topic.name, from_beginning=True, until_end=True, spans=spans) as reader:
            yield from (read_letter(message) for batch in reader.batches() for message in batch)
