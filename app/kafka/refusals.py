"""Which right a client lacks whose request a broker has refused."""

from confluent_kafka import KafkaError

from app.engine.rights import NotAllowed, Right, refused
from app.kafka.acls import looking
from app.settings import Settings


def right_to_read(error: KafkaError, topic: str, settings: Settings) -> Right:
    """What a consumer lacks that joins no group: its configuration names one of ours all the same."""
    return looking(settings) if error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED else Right("Read", "topic", topic)


def why_not_written(error: KafkaError, topic: str) -> str:
    """Why a record did not arrive, with the right that is missing where that is the reason."""
    return str(NotAllowed([Right("Write", "topic", topic)])) if refused(error) else error.str()
