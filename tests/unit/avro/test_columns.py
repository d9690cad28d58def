"""Columns are read and written as fastavro does it one by one."""

import gc
import math
import random
import weakref
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.avro.columns import ColumnDecoder, ColumnEncoder
from app.avro.serde import Encoder, Poison
from tests.harness.doubles.schema_source import SchemasInMemory
from tests.unit.records import BAR, SIGNAL, SIGNAL_OF_OLD

DOUBLES = st.floats()
TEXTS = st.text(max_size=8)
LONGS = st.integers(-(2**63), 2**63 - 1)
INTS = st.integers(-(2**31), 2**31 - 1)
ACTIONS = st.sampled_from(["HOLD", "BUY", "SELL"])
ORIGINS = st.sampled_from(["live", "backfill", "replay", "synthetic"])
BARS = st.fixed_dictionaries(
    {
        **dict.fromkeys(("open", "high", "low", "close", "volume"), DOUBLES),
        **dict.fromkeys(("symbol", "run_id", "source", "feed", "adjustment"), TEXTS),
        "timestamp": LONGS,
        "trade_count": st.none() | LONGS,
        "vwap": st.none() | DOUBLES,
        "origin": ORIGINS,
    }
)
SIGNALS = st.fixed_dictionaries(
    {
        **dict.fromkeys(("id", "run_id", "source", "feed", "symbol", "strategy", "explanation"), TEXTS),
        **dict.fromkeys(("close", "rsi_seed_weight"), DOUBLES),
        **dict.fromkeys(("sma_fast", "sma_slow", "rsi"), st.none() | DOUBLES),
        **dict.fromkeys(("timestamp", "bars_seen", "emitted_at"), LONGS),
        **dict.fromkeys(("transition", "ready"), st.booleans()),
        "origin": ORIGINS,
        "action": ACTIONS,
        "previous_action": st.none() | ACTIONS,
        "gap_minutes": st.none() | INTS,
        "revision": INTS,
        "split": st.none() | st.fixed_dictionaries({"previous_close": DOUBLES, "open": DOUBLES}),
        "reason": st.sampled_from(["no_rule", "warming_up", "flat", "split_suspected"]),
    }
)


@pytest.fixture
def registry() -> SchemasInMemory:
    return SchemasInMemory()


async def prepared(
    name: str, registry: SchemasInMemory | None = None, few: int = 0
) -> tuple[ColumnEncoder, ColumnDecoder]:
    registry = registry or SchemasInMemory()
    encoder, decoder = ColumnEncoder(name), ColumnDecoder(registry, name, few=few)
    await encoder.register(registry, f"{name}-value")
    await decoder.prepare([encoder.encode(BAR if name == "bar" else SIGNAL)])
    return encoder, decoder


def read(decoder: ColumnDecoder, payloads: Sequence[bytes | None]) -> list[Any]:
    """Each record, or its poison as text; times as integers."""
    found = decoder.decode_columns(payloads)
    result: dict[int, Any] = dict(
        zip(found.indexes.tolist(), found.columns.to_pylist(maps_as_pydicts="lossy"), strict=True)
    )
    result |= dict(found.records)
    result |= {index: f"{poison.reason}: {poison}" for index, poison in found.poisoned}
    return [result.pop(index) for index in range(len(payloads))] + list(result.values())


def one_by_one(decoder: ColumnDecoder, payloads: Sequence[bytes | None]) -> list[Any]:
    records: list[Any] = []
    for payload in payloads:
        try:
            records.append(decoder.decode(payload))
        except Poison as poison:
            records.append(f"{poison.reason}: {poison}")
    return records


@pytest.mark.parametrize(("name", "records"), [("bar", BARS), ("signal", SIGNALS)])
@given(data=st.data())
async def test_what_is_written_and_read_is_as_with_fastavro(name: str, records: Any, data: st.DataObject) -> None:
    encoder, decoder = await prepared(name)
    made = data.draw(st.lists(records, max_size=5))
    payloads = encoder.encode_columns(pa.RecordBatch.from_pylist(made, decoder.fields))
    assert payloads == [encoder.encode(record) for record in made]
    assert repr(read(decoder, payloads)) == repr(one_by_one(decoder, payloads))
    assert not decoder.decode_columns(payloads).records, "they were read as columns"


async def test_versions_mix_in_one_batch(registry: SchemasInMemory) -> None:
    _, decoder = await prepared("bar", registry)
    payloads: list[bytes | None] = []
    for version in ("bar", "bar.v1", "bar.v2", "bar.v1"):
        encoder = Encoder(version)
        await encoder.register(registry, "bar-value")
        payloads.append(encoder.encode(BAR))
    await decoder.prepare(payloads)
    assert read(decoder, payloads) == one_by_one(decoder, payloads)
    assert not decoder.decode_columns(payloads).records, "they were read as columns"


async def test_signals_of_old_are_read_by_the_names_of_today(registry: SchemasInMemory) -> None:
    _, decoder = await prepared("signal", registry)
    old = Encoder("signal.v1")
    await old.register(registry, "signal-value")
    payloads = [old.encode(SIGNAL_OF_OLD)] * 3
    await decoder.prepare(payloads)
    assert read(decoder, payloads) == [{**SIGNAL, "explanation": ""}] * 3


@pytest.mark.parametrize("count", [1, 2, 9, 100])
async def test_poison_spoils_nothing_around_it(registry: SchemasInMemory, count: int) -> None:
    encoder, decoder = await prepared("bar", registry)
    good = encoder.encode(BAR)
    chance = random.Random(count)
    poison: list[bytes | None] = [
        None,
        b"",
        b"{}",
        good[:-3],
        good + b"\x00",
        good.replace(b"\x08AAPL", b"\x08AAP\xff"),
        good[:5] + b"\xff" * 20,
        b"\x00\x00\x00\x00\x63rest",
    ]
    payloads = [*[good] * count, *poison]
    await decoder.prepare(payloads)
    for _ in range(10):
        chance.shuffle(payloads)
        found = read(decoder, payloads)
        assert found == one_by_one(decoder, payloads)
        assert found.count(BAR) == count


async def test_poison_that_is_kept_keeps_nothing_of_its_batch(registry: SchemasInMemory) -> None:
    """An exception with its traceback would hold what all calls up to the worker's task had in hand."""
    encoder, decoder = await prepared("bar", registry)
    payloads = [b"{}", b"\x00\x00\x00\x00\x63rest", encoder.encode(BAR)[:-3]]
    await decoder.prepare(payloads)

    def poison_of(batch: set[bytes]) -> list[tuple[int, Poison]]:
        return decoder.decode_columns(list(batch)).poisoned

    batch = set(payloads)
    held = weakref.ref(batch)
    gc.disable()
    try:
        kept = poison_of(batch)
        del batch
        assert held() is None
    finally:
        gc.enable()
    assert len(kept) == 3


async def test_a_number_written_longer_than_need_be_is_still_read(registry: SchemasInMemory) -> None:
    """Its bytes are not those that we would write, so fastavro decides."""
    encoder, decoder = await prepared("bar", registry)
    longer = encoder.encode(BAR).replace(b"\x08AAPL", b"\x88\x00AAPL")
    assert read(decoder, [longer]) == [BAR]
    assert len(decoder.decode_columns([longer]).records) == 1


async def test_no_number_passes_for_none(registry: SchemasInMemory) -> None:
    encoder, decoder = await prepared("bar", registry)
    [bar] = read(decoder, [encoder.encode(BAR | {"vwap": math.nan, "trade_count": None})])
    assert math.isnan(bar["vwap"])
    assert bar["trade_count"] is None


async def test_a_few_are_read_one_by_one() -> None:
    """Which gives the same, only sooner."""
    encoder, decoder = await prepared("bar", few=3)
    for count in (1, 2, 3, 4):
        payloads = [encoder.encode(BAR)] * count
        assert len(decoder.decode_columns(payloads).records) == (count if count < 3 else 0)
        assert read(decoder, payloads) == [BAR] * count


async def test_nothing_is_nothing(registry: SchemasInMemory) -> None:
    encoder, decoder = await prepared("bar", registry)
    assert read(decoder, []) == []
    assert encoder.encode_columns(pa.RecordBatch.from_pylist([], decoder.fields)) == []


async def test_an_id_is_needed_before_anything_is_written() -> None:
    with pytest.raises(RuntimeError, match=r"before register\(\)"):
        ColumnEncoder("bar").encode_columns(pa.RecordBatch.from_pylist([]))
    with pytest.raises(RuntimeError, match=r"before prepare\(\)"):
        ColumnDecoder(SchemasInMemory(), "bar").decode_columns([b"\x00\x00\x00\x00\x01rest"])
