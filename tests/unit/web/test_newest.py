"""The index answers what a scan of everything would."""

import asyncio
from collections.abc import Sequence
from functools import lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import turns
from app.domain.records import MINUTE_MS, Action
from app.domain.strategy import Strategy
from tables.value_format import UnknownFormat
from tests.unit.web.fake import FakeReader
from tests.unit.web.series import EMITTED_AT, START, STRATEGY, Series, pullback, series
from web.newest import NewestSignals
from web.reader import Wanted

EVERYTHING = Wanted(1000)


class Table:
    """A table's values, by partition and key, and the index that is told of them."""

    def __init__(self, strategy: Strategy = STRATEGY) -> None:
        self.values: dict[int, dict[bytes, bytes]] = {}
        self.index = NewestSignals(lambda partition, key: self.values[partition].get(key), strategy)

    def write(self, partition: int, series: Series) -> None:
        self.values.setdefault(partition, {})[series.key] = series.value
        self.index.put(partition, series.key, series.value)

    def revoke(self, partition: int) -> None:
        del self.values[partition]
        self.index.drop(partition)


@lru_cache(maxsize=1024)
def made(run_id: str, symbol: str, length: int, delay: int, now_ms: int = EMITTED_AT) -> Series:
    return series(run_id, symbol, pullback(max(length, 8))[-length:], start=START + delay * MINUTE_MS, now_ms=now_ms)


drawn = st.builds(
    made,
    st.sampled_from(["a", "b"]),
    st.sampled_from([f"S{number}" for number in range(8)]),
    st.integers(1, 70),
    st.integers(0, 30),
)
actions = st.frozensets(st.sampled_from(("HOLD", "BUY", "SELL")))


@settings(max_examples=150, deadline=None)
@given(written=st.lists(drawn, max_size=20), limit=st.integers(1, 130), actions=actions, transitions=st.booleans())
def test_recent_equals_brute_force(
    written: Sequence[Series], limit: int, actions: frozenset[Action], transitions: bool
) -> None:
    table = Table()
    for each in written:
        table.write(hash(each.symbol) % 3, each)
    # What was written last stands.
    reader = FakeReader(*{each.key: each for each in written}.values())
    wanted = Wanted(limit, actions, transitions)
    for run_id in ("a", "b", "unknown"):
        assert asyncio.run(table.index.recent(run_id, wanted)) == asyncio.run(reader.recent(run_id, wanted))
        assert table.index.symbols(run_id) == reader.symbols(run_id)
        for symbol in ("S0", "S1"):
            assert table.index.signals(run_id, symbol, wanted) == reader.signals(run_id, symbol, wanted)
    counted = {(run.run_id, run.origin, run.newest_bar, run.symbols, run.signals) for run in table.index.runs()}
    assert counted == {(run.run_id, run.origin, run.newest_bar, run.symbols, run.signals) for run in reader.runs()}


async def test_the_run_that_emitted_last_comes_first() -> None:
    table = Table()
    table.write(0, made("later", "X", 5, 0, EMITTED_AT + 2))
    table.write(0, made("sooner", "X", 5, 30, EMITTED_AT + 1))
    assert [run.run_id for run in table.index.runs()] == ["later", "sooner"]
    table.write(0, made("sooner", "X", 6, 30, EMITTED_AT + 3))
    assert [run.run_id for run in table.index.runs()] == ["sooner", "later"]


async def test_a_revoked_partition_is_forgotten() -> None:
    table = Table()
    table.write(0, made("run", "X", 60, 5))
    table.write(1, made("run", "Y", 60, 0))
    table.write(0, made("other", "Z", 3, 0))
    table.revoke(0)
    assert [(run.run_id, run.symbols, run.signals) for run in table.index.runs()] == [("run", 1, 50)]
    assert table.index.runs()[0].newest_bar == START + 59 * MINUTE_MS
    assert table.index.signals("run", "X", EVERYTHING) is None
    page = await table.index.recent("run", EVERYTHING)
    assert (page.total, {signal["symbol"] for signal in page.signals}) == (50, {"Y"})


async def test_loading_a_partition_forgets_what_was_known_of_it() -> None:
    table = Table()
    table.write(0, made("run", "X", 60, 5))
    kept = made("run", "Y", 7, 0)
    table.values[0] = {kept.key: kept.value}
    table.index.load(0, table.values[0].items())
    assert table.index.symbols("run") == ["Y"]
    assert (await table.index.recent("run", EVERYTHING)).total == 7


async def test_a_partition_that_goes_while_a_reader_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "TURN_SECONDS", 0.0)
    table = Table()
    for number in range(20):
        table.write(number % 2, made("run", f"S{number}", 8, 0))
    reading = asyncio.create_task(table.index.recent("run", Wanted(1000, frozenset({"HOLD"}))))
    await asyncio.sleep(0)
    table.revoke(0)
    page = await reading
    # The even ones of which the reader had its turn are there, no later ones.
    assert 80 <= page.total < 160
    assert page.total == len(page.signals)


async def test_many_signals_do_not_stall_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "TURN_SECONDS", 0.0)
    table = Table()
    for number in range(50):
        table.write(0, made("run", f"S{number}", 8, 0))
    reading = asyncio.create_task(table.index.recent("run", Wanted(10, transitions=True)))
    others = 0
    while not reading.done():
        await asyncio.sleep(0)
        others += 1
    assert others >= 50


def test_a_history_without_signals_is_no_symbol() -> None:
    table = Table()
    table.write(0, made("run", "X", 5, 0)._replace(history=made("run", "X", 5, 0).history._replace(rows=b"")))
    assert table.index.runs() == []


def test_a_value_of_another_version_is_an_error() -> None:
    with pytest.raises(UnknownFormat, match="version 99"):
        Table().index.put(0, b"run\x00X", bytes([99]) + bytes(200))
