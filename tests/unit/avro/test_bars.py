from typing import Any

import pytest

from app.avro.bars import read_bar
from app.avro.serde import Decoder, Encoder, Poison
from tests.harness.doubles.schema_source import SchemasInMemory
from tests.unit.engine.made import Rec
from tests.unit.records import BAR


async def read(bar: Any, key: bytes | None = b"AAPL") -> Any:
    registry = SchemasInMemory()
    encoder, decoder = Encoder("bar"), Decoder(registry, "bar")
    await encoder.register(registry, "bar-value")
    payload = encoder.encode(bar)
    await decoder.prepare([payload])
    return read_bar(decoder, Rec(0, key, payload))


async def poison(bar: Any, key: bytes | None = b"AAPL") -> Poison:
    with pytest.raises(Poison) as caught:
        await read(bar, key)
    return caught.value


async def test_a_bar_is_read_as_it_was_sent() -> None:
    assert await read(BAR) == BAR


async def test_a_bar_that_makes_no_sense_is_poison_and_says_why() -> None:
    caught = await poison(BAR | {"high": 1.0})
    assert caught.reason == "invalid"
    assert "high" in str(caught)


@pytest.mark.parametrize("key", [None, b"", b"GOOGL", b"aapl", b"\xff\xfe"])
async def test_a_key_that_is_not_the_symbol_is_poison(key: bytes | None) -> None:
    caught = await poison(BAR, key)
    assert caught.reason == "key_mismatch"
    assert repr(key) in str(caught)
    assert "'AAPL'" in str(caught)


async def test_a_symbol_beyond_ascii_is_compared_as_utf_8() -> None:
    assert (await read(BAR | {"symbol": "ÖMV"}, "ÖMV".encode()))["symbol"] == "ÖMV"


async def test_a_bar_that_makes_no_sense_is_that_before_its_key_is_looked_at() -> None:
    assert (await poison(BAR | {"symbol": ""}, b"")).reason == "invalid"


@pytest.mark.parametrize(("value", "reason"), [(None, "undecodable"), (b"", "not_avro"), (b"{}", "not_avro")])
def test_what_is_no_avro_is_poison(value: bytes | None, reason: str) -> None:
    with pytest.raises(Poison) as caught:
        read_bar(Decoder(SchemasInMemory(), "bar"), Rec(0, b"AAPL", value))
    assert caught.value.reason == reason
