import time

import pytest

from app import metrics
from app.avro.registry import RegistryUnavailable
from app.domain.signal import signal_of
from app.domain.strategy import Strategy
from tables.row_format import decode_row
from tests.bars import make_bar
from tests.harness.doubles.schema_source import SchemasInMemory
from tests.unit.agents.conftest import Agents
from tests.unit.domain.pipeline import SERIES
from tests.unit.engine.made import Rec

BARS = [make_bar(minute, 100.0 + minute % 7) for minute in range(60)]
RUN = BARS[0]["run_id"]


async def test_each_bar_gives_a_signal_to_its_own_partition(agents: Agents) -> None:
    result = await agents.run(BARS)
    signals = await agents.sent(result)
    assert [signal["timestamp"] for signal in signals] == [bar["timestamp"] for bar in BARS]
    assert [signal["ready"] for signal in signals] == [False] * 49 + [True] * 11
    assert len({signal["id"] for signal in signals}) == 60
    assert {(output.topic, output.key, output.partition) for output in result.outputs} == {
        ("stocks.signals", b"AAPL", 0)
    }
    now_ms = time.time() * 1000
    assert all(now_ms - 60_000 < signal["emitted_at"] <= now_ms for signal in signals)


async def test_what_is_sent_is_what_the_rows_say(agents: Agents) -> None:
    result = await agents.run([*BARS, make_bar(57, 1.0)])
    last = {signal["timestamp"]: signal for signal in await agents.sent(result)}
    rows = [decode_row(value) for value in result.rows.values()]
    assert {row.timestamp: signal_of(row, RUN, "AAPL", Strategy()) for row in rows} == last


async def test_a_few_signals_are_as_many_are(agents: Agents) -> None:
    many = await agents.sent(await agents.run(BARS))
    agents.table.rows.clear()
    agents.table.forget(0)
    few = [signal for bar in BARS for signal in await agents.sent(await agents.run([bar]))]
    assert [signal | {"emitted_at": 0} for signal in few] == [signal | {"emitted_at": 0} for signal in many]


async def test_each_bar_changes_its_row_and_no_other(agents: Agents) -> None:
    assert len((await agents.run(BARS)).rows) == 60
    [(key, value)] = (await agents.run([make_bar(60, 100.0)])).rows.items()
    assert key.startswith(SERIES)
    assert decode_row(value).number == 60
    late = await agents.run([make_bar(62, 100.0), make_bar(61, 100.0)])
    assert sorted(decode_row(value).number for value in late.rows.values()) == [61, 62]


async def test_what_changes_nothing_gives_nothing(agents: Agents) -> None:
    await agents.run(BARS)
    duplicates = await agents.run(BARS[-5:])
    assert (duplicates.outputs, duplicates.rows) == ([], {})


async def test_a_correction_of_volume_alone_changes_the_row_and_sends_nothing(agents: Agents) -> None:
    await agents.run(BARS)
    result = await agents.run([BARS[58] | {"volume": 7.0}])
    assert result.outputs == []
    [value] = result.rows.values()
    assert decode_row(value).volume == 7.0


async def test_poison_goes_to_the_dead_letters_of_the_same_partition(agents: Agents) -> None:
    result = await agents.run([BARS[0], Rec(1, b"AAPL", b"rubbish"), Rec(2, b"AAPL", None), BARS[3]])
    letters = [output for output in result.outputs if output.topic == "stocks.dead-letters"]
    assert [(letter.key, letter.value, letter.partition) for letter in letters] == [
        (b"AAPL", b"rubbish", 0),
        (b"AAPL", None, 0),
    ]
    headers = [dict(letter.headers or ()) for letter in letters]
    assert [(header["reason"], header["offset"]) for header in headers] == [
        (b"not_avro", b"1"),
        (b"undecodable", b"2"),
    ]
    assert len(await agents.sent(result)) == 2


async def test_a_registry_out_of_reach_is_waited_for_before_anything_changes(
    agents: Agents, registry: SchemasInMemory
) -> None:
    folded = await agents.fold(BARS)
    windows, [place] = agents.table.load(0, [SERIES])
    registry.reachable = False
    with pytest.raises(RegistryUnavailable):
        await agents.signals.decide(folded)
    assert windows.counts[place] == 0
    registry.reachable = True
    assert len((await agents.signals.decide(folded)).outputs) == 60
    assert windows.counts[place] == 60


async def test_what_happened_is_counted_once_it_is_committed(agents: Agents) -> None:
    def counted() -> list[float]:
        return [
            metrics.bars.labels("appended")._value.get(),
            metrics.bars.labels("stale")._value.get(),
            metrics.signals.labels("HOLD")._value.get(),
            metrics.dead_letters.labels("stale")._value.get(),
        ]

    before = counted()
    result = await agents.run([*[make_bar(minute, 10.0) for minute in range(30)], make_bar(2, 1.0)])
    assert counted() == before
    result.done()
    assert [now - then for now, then in zip(counted(), before, strict=True)] == [30, 1, 30, 1]
