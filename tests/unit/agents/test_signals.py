from typing import Any

import pytest

from app.engine.batch import Batch
from app.engine.work import Work
from app.serde import Decoder
from tables.signals_value import decode_history
from tests.bars import make_bar
from tests.doubles.schema_source import SchemasInMemory
from tests.unit.agents.conftest import Program
from tests.unit.engine.made import SOURCE, Rec

BARS = [make_bar(minute, 100.0 + minute % 7) for minute in range(60)]
KEY = b"replay-2024-11-14-0a1b2c3d\x00AAPL"


@pytest.fixture
async def indicators(program: Program, encoded: Any) -> list[Rec]:
    """The indicators of an hour of bars, as the first agent sends them."""
    records = [Rec(offset, b"AAPL", await encoded("bar", bar)) for offset, bar in enumerate(BARS)]
    batch = Batch(SOURCE, records, 0, len(records), epoch=1)
    outputs = (await program.indicators_agent.compute(batch, records)).outputs
    return [Rec(offset, output.key, output.value) for offset, output in enumerate(outputs)]


async def compute(program: Program, records: list[Rec], histories: dict[bytes, bytes] | None = None) -> Work:
    program.signals.read = lambda partition, key: (histories or {}).get(key)
    work: Work = await program.signals_agent.compute(Batch(SOURCE, records, 0, len(records), epoch=1), records)
    return work


async def signals(registry: SchemasInMemory, work: Work) -> list[dict[str, Any]]:
    decoder = Decoder(registry, "signal")
    await decoder.prepare(output.value for output in work.outputs)
    return [decoder.decode(output.value) for output in work.outputs]


async def test_each_record_gives_a_signal(program: Program, registry: SchemasInMemory, indicators: list[Rec]) -> None:
    work = await compute(program, indicators)
    made = await signals(registry, work)
    assert [signal["timestamp"] for signal in made] == [bar["timestamp"] for bar in BARS]
    assert [signal["ready"] for signal in made] == [False] * 49 + [True] * 11
    assert {(output.topic, output.key, output.partition) for output in work.outputs} == {("stocks.signals", b"AAPL", 0)}
    assert len({signal["id"] for signal in made}) == 60


async def test_the_newest_signals_are_kept(program: Program, indicators: list[Rec]) -> None:
    work = await compute(program, indicators)
    assert work.changes.keys() == {KEY}
    history = decode_history(work.changes[KEY])
    assert history.position is not None
    assert history.position.offset == 59


async def test_what_was_sent_twice_is_signalled_once(program: Program, indicators: list[Rec]) -> None:
    first = await compute(program, indicators)
    again = await compute(program, indicators, first.changes)
    assert (again.outputs, again.changes) == ([], {})
    assert len((await compute(program, [*indicators, *indicators])).outputs) == 60


async def test_poison_is_put_aside_and_the_rest_is_processed(program: Program, indicators: list[Rec]) -> None:
    work = await compute(program, [indicators[0], Rec(1, b"AAPL", b"rubbish"), Rec(2, b"AAPL", None), indicators[3]])
    assert [(record.offset, poison.reason) for record, poison in work.poisoned] == [(1, "not_avro"), (2, "undecodable")]
    assert len(work.outputs) == 2


async def test_a_history_of_unknown_format_is_refused_by_table_and_version(
    program: Program, indicators: list[Rec]
) -> None:
    value = (await compute(program, indicators)).changes[KEY]
    with pytest.raises(ValueError, match=r"table signals, key .*AAPL.*version 9"):
        await compute(program, indicators, {KEY: b"\x09" + value[1:]})
