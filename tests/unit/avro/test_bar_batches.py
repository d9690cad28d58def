"""Bars of a batch are read as each alone."""

import math
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.avro.bar_batches import read_bars
from app.avro.bars import read_bar
from app.avro.columns import ColumnDecoder
from app.avro.serde import Encoder, Poison
from app.domain.validation import LATEST_MS
from tests.bars import OPENING_MS
from tests.harness.doubles.schema_source import SchemasInMemory
from tests.unit.engine.made import Rec
from tests.unit.records import BAR

PRICES = st.sampled_from([189.0, 189.75, 189.7500001, 190.5, 188.25, 0.0, -1.0, 1e-13, 1e13, math.nan, math.inf])
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("open", "high", "low", "close"), PRICES),
        "volume": st.sampled_from([0.0, 1200.0, -1.0, math.nan, math.inf]),
        "vwap": st.sampled_from([None, 0.0, 189.6, -1.0, math.nan, math.inf]),
        "trade_count": st.sampled_from([None, 0, 37, -1, 2**32 - 2, 2**32 - 1, 2**63 - 1]),
        "timestamp": st.sampled_from([OPENING_MS, OPENING_MS + 1, 0, -60_000, LATEST_MS, -(2**63)]),
        "symbol": st.sampled_from(["AAPL", "ÖMV", "", "A B", "A\0B", "x" * 33, "x" * 500]),
        "run_id": st.sampled_from(["r", "", "a b", "x" * 101]),
        "source": st.sampled_from(["csv", "x" * 201]),
        "adjustment": st.sampled_from(["raw", "x" * 201]),
    },
)
KEYS = st.sampled_from(["its symbol", "its symbol", "its symbol", None, b"", b"AAPL", b"\xff"])
#: Of a schema that only fastavro reads.
FOREIGN = {
    "type": "record",
    "name": "Bar",
    "fields": [
        {"name": name, "type": kind}
        for name, kind in {"symbol": "string", "timestamp": "long", "volume": "int"}.items()
    ]
    + [{"name": name, "type": "float"} for name in ("open", "high", "low", "close")],
}


async def payloads_of(registry: SchemasInMemory, bars: Sequence[Any]) -> tuple[ColumnDecoder, list[bytes]]:
    encoder, decoder = Encoder("bar"), ColumnDecoder(registry, "bar", few=0)
    await encoder.register(registry, "bar-value")
    payloads = [encoder.encode(bar) for bar in bars]
    await decoder.prepare(payloads)
    return decoder, payloads


@given(changes=st.lists(st.tuples(CHANGES, KEYS), max_size=6))
async def test_each_bar_and_each_poison_is_as_alone(changes: list[tuple[dict[str, Any], Any]]) -> None:
    bars = [{**BAR, **change} for change, _ in changes]
    decoder, payloads = await payloads_of(SchemasInMemory(), bars)
    keys = [bar["symbol"].encode() if key == "its symbol" else key for bar, (_, key) in zip(bars, changes, strict=True)]
    records = [Rec(index, *each) for index, each in enumerate(zip(keys, payloads, strict=True))]
    good, poisoned = [], []
    for index, record in enumerate(records):
        try:
            good.append((index, read_bar(decoder, record)))
        except Poison as poison:
            poisoned.append((index, poison.reason, str(poison)))
    read = read_bars(decoder, records)
    assert list(zip(read.indexes.tolist(), read.bars.bars.to_pylist(), strict=True)) == good
    assert [(index, poison.reason, str(poison)) for index, poison in read.poisoned] == poisoned


async def test_bars_that_only_fastavro_reads_keep_their_place() -> None:
    registry = SchemasInMemory()
    decoder, payloads = await payloads_of(registry, [{**BAR, "close": 189.0 + each / 4} for each in range(3)])
    header = b"\x00" + registry.add(FOREIGN).to_bytes(4, "big")
    # AAPL, the same minute, 12 shares, four times 1.0.
    foreign = header + b"\x08AAPL" + payloads[0][10:16] + b"\x18" + b"\x00\x00\x80\x3f" * 4
    mixed = [payloads[0], foreign, payloads[1], foreign, payloads[2]]
    await decoder.prepare(mixed)
    records = [Rec(index, b"AAPL", payload) for index, payload in enumerate(mixed)]
    read = read_bars(decoder, records)
    assert read.indexes.tolist() == [0, 1, 2, 3, 4]
    assert read.bars.bars["close"].to_pylist() == [189.0, 1.0, 189.25, 1.0, 189.5]
    assert read.bars.bars.to_pylist() == [read_bar(decoder, record) for record in records]
