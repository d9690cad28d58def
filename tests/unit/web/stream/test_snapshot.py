"""The newest signal of each symbol, from tables and from what has come since."""

import asyncio
import json

import pytest

from tests.unit.web.fake import FakeReader
from tests.unit.web.made_series import pullback, series
from tests.unit.web.stream.conftest import Open
from tests.unit.web.stream.made import RUN, MemoryTopic, batch, record
from tests.unit.web.worker_cluster import WorkerCluster
from web.line import Line
from web.reader import Readiness
from web.signal_out import signal_out
from web.stream.filter import StreamFilter
from web.stream.intervals import Intervals
from web.stream.snapshot import newer


async def test_what_tables_have_is_as_in_lists(reader: FakeReader, connect: Open) -> None:
    reader.series = [series(RUN, "AAPL", pullback()), series(RUN, "SPY", [50.0] * 5), series("old", "X", [1.0])]
    snapshot = await connect().next("snapshot")
    assert (snapshot.data["run_id"], snapshot.data["complete"]) == ("old", True)
    snapshot = await connect(StreamFilter(RUN)).next("snapshot")
    newest = [each.signals()[0] for each in reader.series[:2]]
    assert snapshot.data["signals"] == [json.loads(signal_out(signal).model_dump_json()) for signal in newest]
    some = await connect(StreamFilter(RUN, frozenset({"SPY", "NONE"}))).next("snapshot")
    assert [signal["symbol"] for signal in some.data["signals"]] == ["SPY"]


async def test_what_has_come_since_is_newer_than_the_tables(
    reader: FakeReader, topic: MemoryTopic, connect: Open
) -> None:
    reader.series = [series(RUN, "AAPL", [50.0]), series(RUN, "SPY", [50.0])]
    newest = reader.series[0].rows[-1].timestamp // 60_000
    topic.add(minute=newest + 1)
    topic.add(minute=newest)
    topic.add("SPY", 1, minute=newest - 1)
    snapshot = await connect(StreamFilter(RUN)).next("snapshot")
    assert [signal["timestamp"] for signal in snapshot.data["signals"]] == [
        (newest + 1) * 60_000,
        "2024-11-14T14:30:00Z",
    ]
    assert snapshot.id == "0:2,1:1"


def test_a_later_revision_is_newer() -> None:
    records = [record(0, minute=5, revision=1), record(1, minute=5), record(2, minute=4, revision=3)]
    known = {"AAPL": Line(5 * 60_000, "AAPL", 0, b"{}")}
    found = newer([batch(records, (0,))], StreamFilter(RUN), known)
    assert [each.offset for each in found.values()] == [0]
    assert not newer([batch(records, (0,))], StreamFilter(RUN), {"AAPL": Line(5 * 60_000, "AAPL", 1, b"{}")})


@pytest.mark.parametrize("fault", [None, "recovering", "unassigned", "unreachable"])
async def test_other_workers_are_asked_and_answered_for(
    reader: FakeReader, cluster: WorkerCluster, connect: Open, fault: str | None
) -> None:
    reader.series = [series(RUN, "AAPL", [50.0])]
    other = cluster.members[1]
    other.reader.series = [series(RUN, "SPY", [60.0]), series(RUN, "TSLA", [70.0])]
    if fault == "recovering":
        other.reader.state = Readiness(recovering=True)
    elif fault == "unassigned":
        cluster.hand_over(1, None)
    elif fault == "unreachable":
        cluster.network.gone.add(other.url)
    for symbols in (None, frozenset({"AAPL", "SPY"}), frozenset({"SPY", *(f"X{number}" for number in range(2000))})):
        snapshot = await connect(StreamFilter(RUN, symbols)).next("snapshot")
        assert [each["status"] for each in snapshot.data["partitions"]] == ["active", fault or "active"]
        assert snapshot.data["complete"] == (fault is None)
        found = {"AAPL"} if fault else {"AAPL", "SPY", "TSLA"}
        assert {signal["symbol"] for signal in snapshot.data["signals"]} == (
            found if symbols is None else found & symbols
        )
    assert all(len(str(request.url)) < 5000 for request in cluster.network.asked)


async def test_a_worker_that_restores_its_tables_says_so(reader: FakeReader, connect: Open) -> None:
    reader.series = [series(RUN, "AAPL", [50.0])]
    reader.state = Readiness(recovering=True)
    snapshot = await connect(StreamFilter(RUN)).next("snapshot")
    assert [each["status"] for each in snapshot.data["partitions"]] == ["recovering", "active"]
    assert (snapshot.data["complete"], snapshot.data["signals"]) == (False, [])


@pytest.mark.parametrize("intervals", [Intervals(ask_again=0.01)])
async def test_no_replay_passes_for_live_while_a_worker_that_may_have_live_bars_does_not_answer(
    reader: FakeReader, cluster: WorkerCluster, connect: Open
) -> None:
    reader.series = [series(RUN, "AAPL", [50.0])]
    other = cluster.members[1]
    other.reader.series = [series("live-iex", "SPY", [60.0], origin="live")]
    cluster.network.gone.add(other.url)
    asyncio.get_running_loop().call_later(0.1, cluster.network.gone.clear)
    assert (await connect().next("snapshot")).data["run_id"] == "live-iex"
