"""The dead-letters topic, read from its beginning to where it ends now."""

from collections.abc import Iterator

from app.letters.choice import Choice, distinct
from app.letters.letter import Letter, read_letter
from app.settings import Settings
from app.topic_reader import TopicReader
from app.topics import topics


def letters(settings: Settings, choice: Choice) -> Iterator[Letter]:
    """The letters that are meant, each once, in the order of their partitions.

    Raises TopicMissing, BrokerUnavailable.
    """
    topic = topics(settings).dead_letters.name
    with TopicReader(settings, topic, from_beginning=True, until_end=True) as reader:
        found = (read_letter(message) for batch in reader.batches() for message in batch)
        yield from distinct(letter for letter in found if choice.takes(letter))
