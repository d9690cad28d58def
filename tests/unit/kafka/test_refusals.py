"""Which right is missing, by what the broker said."""

from pathlib import Path

import pytest
from confluent_kafka import KafkaError

from app.engine.rights import Right
from app.kafka.refusals import right_to_read, why_not_written
from tests.unit.kafka.made import make_settings


@pytest.mark.parametrize(
    ("code", "right"),
    [
        (KafkaError.GROUP_AUTHORIZATION_FAILED, Right("Describe", "group", "stock-signals-", prefixed=True)),
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, Right("Read", "topic", "raw")),
    ],
)
def test_what_a_consumer_lacks(code: int, right: Right, tmp_path: Path) -> None:
    assert right_to_read(KafkaError(code), "raw", make_settings(tmp_path)) == right


def test_why_a_record_did_not_arrive() -> None:
    said = why_not_written(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED), "raw")
    assert "lack the right Write on topic raw" in said
    assert why_not_written(KafkaError(KafkaError._MSG_TIMED_OUT), "raw") == "Local: Message timed out"
