from typing import Any, cast

from faust.types import Message

from app.engine.app import BatchApp
from app.engine.batch_schema import BatchSchema
from tests.unit.engine.made import batch, event_of

SCHEMA = BatchSchema(key_type=bytes, value_type=bytes)


def single(key: bytes | None, value: bytes | None) -> Message:
    return Message("other", 0, 7, 0.0, 0, None, key, value, None)


def test_a_batch_is_its_own_value_and_has_no_key(app: BatchApp) -> None:
    message = event_of(app, made := batch(0, 2)).message
    assert SCHEMA.loads_value(app, message) is made
    assert SCHEMA.loads_key(app, message) is None


def test_a_single_record_is_decoded_as_ever(app: BatchApp) -> None:
    schema = BatchSchema(key_type=str, value_type=cast(Any, int), value_serializer="json")
    message = single(b"key", b"12")
    assert schema.loads_key(app, message, loads=app.serializers.loads_key) == "key"
    assert schema.loads_value(app, message, loads=app.serializers.loads_value) == 12


def test_topics_of_the_app_let_batches_through(app: BatchApp) -> None:
    assert isinstance(app.batches("stocks.raw.avro").schema, BatchSchema)
