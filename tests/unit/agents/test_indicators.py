from typing import Any

import pytest

from app.domain.outcome import Outcome
from app.domain.records import Bar
from app.engine.batch import Batch
from app.engine.work import Work
from app.registry import RegistryUnavailable
from app.serde import Decoder
from tables.strategy import StrategyDiffers
from tables.window_value import decode_window, encode_window
from tests.bars import make_bar
from tests.doubles.schema_source import SchemasInMemory
from tests.unit.agents.conftest import TOPIC_ID, Program
from tests.unit.engine.made import SOURCE, Rec

BARS = [make_bar(minute, 100.0 + minute) for minute in range(30)]


@pytest.fixture
def compute(program: Program, encoded: Any, registry: SchemasInMemory) -> Any:
    """Computes what follows from bars, or from records, at offsets from 0 on."""

    async def run(bars: list[Bar | Rec], *, windows: dict[bytes, bytes] | None = None, first: int = 0) -> Work:
        records = [
            bar if isinstance(bar, Rec) else Rec(offset, bar["symbol"].encode(), await encoded("bar", bar))
            for offset, bar in enumerate(bars, first)
        ]
        program.windows.read = lambda partition, key: (windows or {}).get(key)
        batch = Batch(SOURCE, records, first, first + len(records), epoch=1)
        work: Work = await program.indicators_agent.compute(batch, records)
        return work

    return run


async def read(program: Program, work: Work) -> list[dict[str, Any]]:
    decoder = Decoder(program.indicators_agent.emitter._registry, "indicators")
    await decoder.prepare(output.value for output in work.outputs)
    return [decoder.decode(output.value) for output in work.outputs]


async def test_each_bar_gives_indicators_of_its_minute(program: Program, compute: Any) -> None:
    work = await compute(BARS)
    indicators = await read(program, work)
    assert [record["timestamp"] for record in indicators] == [bar["timestamp"] for bar in BARS]
    assert {(output.topic, output.key, output.partition) for output in work.outputs} == {
        ("stocks.indicators", b"AAPL", 0)
    }
    assert work.poisoned == []


async def test_the_window_is_kept_by_series_with_its_position(compute: Any) -> None:
    work = await compute(BARS, first=7)
    [(key, value)] = work.changes.items()
    window = decode_window(value)
    assert key == b"replay-2024-11-14-0a1b2c3d\x00AAPL"
    assert window.bars_seen == len(BARS)
    assert window.position == (TOPIC_ID, 0, 7 + len(BARS) - 1)


async def test_a_batch_cut_in_two_gives_the_same_as_one(program: Program, compute: Any) -> None:
    whole = await compute(BARS)
    first = await compute(BARS[:13])
    second = await compute(BARS[13:], windows=first.changes, first=13)
    assert second.changes == whole.changes
    halves = [*await read(program, first), *await read(program, second)]
    for half, one in zip(halves, await read(program, whole), strict=True):
        assert half | {"emitted_at": 0} == one | {"emitted_at": 0}


async def test_symbols_and_runs_have_windows_of_their_own(compute: Any) -> None:
    changes: list[dict[str, str]] = [{}, {"symbol": "SPY"}, {"run_id": "replay-2024-11-14-ffffffff"}]
    bars = [make_bar(minute, 100.0, **change) for minute in range(3) for change in changes]
    work = await compute(bars)
    assert len(work.changes) == 3
    assert {decode_window(value).bars_seen for value in work.changes.values()} == {3}


async def test_poison_is_put_aside_and_the_rest_is_processed(compute: Any, encoded: Any) -> None:
    senseless = await encoded("bar", make_bar(1, 100.0, volume=-1.0))
    strange = await encoded("bar", make_bar(2, 100.0))
    poisoned = [Rec(1, b"AAPL", senseless), Rec(2, b"SPY", strange), Rec(3, b"AAPL", b"{}"), Rec(4, b"AAPL", None)]
    work = await compute([BARS[0], *poisoned, BARS[5]])
    assert [(record.offset, poison.reason) for record, poison in work.poisoned] == [
        (1, "invalid"),
        (2, "key_mismatch"),
        (3, "not_avro"),
        (4, "undecodable"),
    ]
    assert len(work.outputs) == 2


async def test_a_schema_that_nobody_knows_is_poison(compute: Any) -> None:
    work = await compute([Rec(0, b"AAPL", b"\x00\x00\x00\x00\x63rest")])
    assert [poison.reason for _, poison in work.poisoned] == ["unknown_schema"]


async def test_a_registry_out_of_reach_is_for_the_worker_to_wait_for(compute: Any, registry: SchemasInMemory) -> None:
    registry.reachable = False
    with pytest.raises(RegistryUnavailable):
        await compute([Rec(0, b"AAPL", b"\x00\x00\x00\x00\x63rest")])


async def test_a_bar_too_late_is_poison_that_names_both_minutes(compute: Any) -> None:
    work = await compute([*BARS, make_bar(5, 1.0)])
    [(record, poison)] = work.poisoned
    assert (record.offset, poison.reason) == (30, "stale")
    assert str(poison) == (
        "AAPL of 2024-11-14T14:35:00Z came when the newest bar was that of 2024-11-14T14:59:00Z: "
        "more than LATE_BARS=10 bars late"
    )


async def test_a_backfilled_bar_too_late_is_only_counted(
    program: Program, compute: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = await compute([*BARS, make_bar(5, 1.0, origin="backfill")])
    assert work.poisoned == []
    counted: list[Any] = []
    monkeypatch.setattr(program.indicators_agent, "count", counted.append)
    work.done()
    assert counted == [{Outcome.APPENDED: 30, Outcome.STALE: 1}]


async def test_nothing_to_do_gives_nothing(compute: Any) -> None:
    work = await compute([])
    assert (work.outputs, work.changes, work.poisoned) == ([], {}, [])


async def test_asked_again_it_says_the_same(compute: Any) -> None:
    first, again = await compute(BARS), await compute(BARS)
    assert first.changes == again.changes
    assert len(first.outputs) == len(again.outputs)


async def test_a_window_of_another_strategy_is_refused(program: Program, compute: Any) -> None:
    [(key, value)] = (await compute(BARS)).changes.items()
    other = encode_window(decode_window(value)._replace(strategy="sma5-sma9-rsi14-30-70/1"))
    with pytest.raises(StrategyDiffers, match="sma5-sma9-rsi14-30-70/1, but the settings say"):
        await compute(BARS[:1], windows={key: other})


async def test_a_window_of_unknown_format_is_refused_by_table_key_and_version(compute: Any) -> None:
    [(key, value)] = (await compute(BARS)).changes.items()
    with pytest.raises(ValueError, match=r"table windows, key .*AAPL.*version 9"):
        await compute(BARS[:1], windows={key: b"\x09" + value[1:]})
