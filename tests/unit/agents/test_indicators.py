from collections import Counter

import pytest

from app.avro.registry import RegistryUnavailable
from app.domain.outcome import Outcome
from app.engine.errors import UnreadableState
from tests.bars import make_bar
from tests.harness.doubles.schema_source import SchemasInMemory
from tests.unit.agents.conftest import Agents
from tests.unit.domain.pipeline import SERIES
from tests.unit.engine.made import Rec

BARS = [make_bar(minute, 100.0 + minute) for minute in range(30)]


async def test_each_bar_gives_an_update_of_its_series(agents: Agents) -> None:
    folded = await agents.fold(BARS)
    assert set(folded.windows.keys[folded.updates.places].tolist()) == {SERIES}
    assert folded.updates.rows["close"].tolist() == [bar["close"] for bar in BARS]
    assert folded.updates.rows["number"].tolist() == list(range(30))
    assert folded.outcomes == {Outcome.APPENDED: 30}
    assert folded.poisoned == []


async def test_windows_are_those_of_the_table_and_stay_as_they_are(agents: Agents) -> None:
    folded = await agents.fold(BARS)
    windows, [place] = agents.table.load(0, [SERIES])
    assert folded.windows is windows
    assert set(folded.updates.places.tolist()) == {place}
    assert windows.counts[place] == 0


async def test_symbols_and_runs_have_windows_of_their_own(agents: Agents) -> None:
    changes: list[dict[str, str]] = [{}, {"symbol": "SPY"}, {"run_id": "replay-2024-11-14-ffffffff"}]
    bars = [make_bar(minute, 100.0, **change) for minute in range(3) for change in changes]
    folded = await agents.fold(bars)
    windows, places = folded.windows, folded.updates.places
    assert Counter(zip(windows.run_ids[places], windows.symbols[places], strict=True)) == {
        ("replay-2024-11-14-0a1b2c3d", "AAPL"): 3,
        ("replay-2024-11-14-0a1b2c3d", "SPY"): 3,
        ("replay-2024-11-14-ffffffff", "AAPL"): 3,
    }
    assert sorted(folded.updates.rows["bars_seen"].tolist()) == [1, 1, 1, 2, 2, 2, 3, 3, 3]


async def test_a_series_that_does_not_only_go_on_is_folded_beside_those_that_do(agents: Agents) -> None:
    """Its updates come behind theirs, but are of its own series."""
    await agents.run([make_bar(minute, 100.0 + minute, symbol=symbol) for minute in range(3) for symbol in ("A", "B")])
    late = [make_bar(3, 50.0, symbol="A"), make_bar(1, 60.0, symbol="A"), make_bar(3, 70.0, symbol="B")]
    folded = await agents.fold(late)
    seen = [
        (folded.windows.symbols[place], row["bars_seen"], row["close"])
        for place, row in zip(folded.updates.places, folded.updates.rows, strict=True)
    ]
    assert seen == [("B", 4, 70.0), ("A", 4, 50.0), ("A", 2, 60.0), ("A", 3, 102.0), ("A", 4, 50.0)]
    # Before there are averages a correction changes later rows, but nothing that their signals say.
    assert folded.updates.emit.tolist() == [True, True, True, False, False]
    assert folded.updates.previous.tolist() == [-1] * 5
    assert folded.outcomes == {Outcome.APPENDED: 2, Outcome.CORRECTED: 1}


async def test_poison_is_put_aside_and_the_rest_is_processed(agents: Agents) -> None:
    senseless, strange = (await agents.batch([make_bar(1, 100.0, volume=-1.0), make_bar(2, 100.0)])).records
    poisoned = [
        Rec(1, b"AAPL", senseless.value),
        Rec(2, b"SPY", strange.value),
        Rec(3, b"AAPL", b"{}"),
        Rec(4, b"AAPL", None),
    ]
    folded = await agents.fold([BARS[0], *poisoned, BARS[5]])
    assert [(record.offset, poison.reason) for record, poison in folded.poisoned] == [
        (1, "invalid"),
        (2, "key_mismatch"),
        (3, "not_avro"),
        (4, "undecodable"),
    ]
    assert folded.outcomes == {Outcome.APPENDED: 2}


async def test_a_schema_that_nobody_knows_is_poison(agents: Agents) -> None:
    folded = await agents.fold([Rec(0, b"AAPL", b"\x00\x00\x00\x00\x63rest")])
    assert [poison.reason for _, poison in folded.poisoned] == ["unknown_schema"]


async def test_a_registry_out_of_reach_is_waited_for_before_anything_changes(
    agents: Agents, registry: SchemasInMemory
) -> None:
    batch = await agents.batch([*BARS, Rec(30, b"AAPL", b"\x00\x00\x00\x00\x63rest")])
    registry.reachable = False
    with pytest.raises(RegistryUnavailable):
        await agents.indicators.fold(batch)
    windows, [place] = agents.table.load(0, [SERIES])
    assert windows.counts[place] == 0
    registry.reachable = True
    folded = await agents.indicators.fold(batch)
    assert folded.outcomes == {Outcome.APPENDED: 30}


async def test_a_bar_too_late_is_poison_that_names_both_minutes(agents: Agents) -> None:
    folded = await agents.fold([*BARS, make_bar(5, 1.0)])
    [(record, poison)] = folded.poisoned
    assert (record.offset, poison.reason) == (30, "stale")
    assert str(poison) == (
        "AAPL of 2024-11-14T14:35:00Z came when the newest bar was that of 2024-11-14T14:59:00Z: "
        "more than LATE_BARS=10 bars late"
    )


async def test_a_backfilled_bar_too_late_is_only_counted(agents: Agents) -> None:
    folded = await agents.fold([*BARS, make_bar(5, 1.0, origin="backfill")])
    assert folded.poisoned == []
    assert folded.outcomes == {Outcome.APPENDED: 30, Outcome.STALE: 1}


async def test_nothing_to_do_gives_nothing(agents: Agents) -> None:
    folded = await agents.fold([])
    assert (len(folded.updates.rows), folded.outcomes, folded.poisoned) == (0, {}, [])


async def test_a_row_of_unknown_format_is_refused_by_table_key_and_version(agents: Agents) -> None:
    await agents.run(BARS)
    agents.table.rows = {key: b"\x09" + value[1:] for key, value in agents.table.rows.items()}
    agents.table.forget(0)
    with pytest.raises(UnreadableState, match=r"table windows, key .*AAPL.*version 9"):
        await agents.fold(BARS[:1])
