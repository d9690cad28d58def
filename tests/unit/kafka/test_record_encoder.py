from pathlib import Path

import pytest
from app.engine.emitter import Emitter

from app.serde import Decoder
from app.topics import topics
from tests.doubles.schema_source import SchemasInMemory
from tests.unit.engine.made import make_settings
from tests.unit.records import SIGNAL


async def test_a_record_is_keyed_by_symbol_and_can_be_read_back(tmp_path: Path) -> None:
    topic, registry = topics(make_settings(tmp_path)).signals, SchemasInMemory()
    emitter = Emitter(topic, registry)  # type: ignore[arg-type]
    await emitter.prepare()
    outgoing = emitter.outgoing(SIGNAL, 3)
    assert (outgoing.topic, outgoing.key, outgoing.partition) == ("stocks.signals", b"AAPL", 3)
    decoder = Decoder(registry, "signal")
    await decoder.prepare([outgoing.value])
    assert decoder.decode(outgoing.value) == SIGNAL


async def test_the_schema_is_registered_once(tmp_path: Path) -> None:
    registry = SchemasInMemory()
    emitter = Emitter(topics(make_settings(tmp_path)).signals, registry)  # type: ignore[arg-type]
    await emitter.prepare()
    await emitter.prepare()
    assert len(registry.schemas) == 1


def test_a_topic_without_schema_has_no_emitter(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"stocks\.dead-letters has no schema"):
        Emitter(topics(make_settings(tmp_path)).dead_letters, SchemasInMemory())  # type: ignore[arg-type]
