from pathlib import Path

import pyarrow as pa
import pytest

import schemas
from app.avro import fast
from app.avro import schema as avro
from app.avro.serde import Decoder
from app.kafka.record_encoder import RecordEncoder
from app.kafka.topics import topics
from tests.harness.doubles.schema_source import SchemasInMemory
from tests.unit.kafka.made import make_settings
from tests.unit.records import SIGNAL


async def test_a_record_is_keyed_by_symbol_and_can_be_read_back(tmp_path: Path) -> None:
    topic, registry = topics(make_settings(tmp_path)).signals, SchemasInMemory()
    encoder = RecordEncoder(topic, registry)  # type: ignore[arg-type]
    await encoder.prepare()
    fields = fast.arrow_fields(avro.parse(schemas.load("signal")))
    [record] = encoder.encode_columns(pa.RecordBatch.from_pylist([dict(SIGNAL)], fields), 3)
    assert (record.topic, record.key, record.partition) == ("stocks.signals", b"AAPL", 3)
    decoder = Decoder(registry, "signal")
    await decoder.prepare([record.value])
    assert decoder.decode(record.value) == SIGNAL


async def test_the_schema_is_registered_once(tmp_path: Path) -> None:
    registry = SchemasInMemory()
    encoder = RecordEncoder(topics(make_settings(tmp_path)).signals, registry)  # type: ignore[arg-type]
    await encoder.prepare()
    await encoder.prepare()
    assert len(registry.schemas) == 1


def test_a_topic_without_schema_has_no_encoder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"stocks\.dead-letters has no schema"):
        RecordEncoder(topics(make_settings(tmp_path)).dead_letters, SchemasInMemory())  # type: ignore[arg-type]
