import httpx
import pytest

from tests.unit.web.conftest import OLD, RUN
from tests.unit.web.fake import FakeReader
from tests.unit.web.made_series import START, pullback, series
from tests.unit.web.worker_cluster import WorkerCluster
from web.freshness import Freshness
from web.run_directory import KEPT_SECONDS, RunDirectory

ABC = ("A", "B", "C")
FAR = 4_070_908_800_000  # 2099-01-01T00:00:00Z


async def test_the_run_active_last_comes_first(client: httpx.AsyncClient) -> None:
    answer = (await client.get("/runs")).json()
    assert [each["status"] for each in answer.pop("partitions")] == ["active", "active"]
    assert answer == {
        "total": 2,
        "complete": True,
        "runs": [
            {
                "run_id": RUN,
                "origin": "replay",
                "live": False,
                "active": True,
                "first_bar": "2024-11-14T14:30:00Z",
                "oldest_kept_bar": "2024-11-14T14:30:00Z",
                "newest_bar": "2024-11-14T15:29:00Z",
                "newest_bar_ahead": False,
                "active_at": "2024-11-14T14:30:00.126Z",
                "symbols": 3,
                "bars": 132,
                "signals": 132,
            },
            {
                "run_id": OLD,
                "origin": "synthetic",
                "live": False,
                "active": False,
                "first_bar": "2024-11-13T14:30:00Z",
                "oldest_kept_bar": "2024-11-13T14:30:00Z",
                "newest_bar": "2024-11-13T15:29:00Z",
                "newest_bar_ahead": False,
                "active_at": "2024-11-14T14:30:00.123Z",
                "symbols": 1,
                "bars": 60,
                "signals": 60,
            },
        ],
    }


async def test_a_live_run_is_the_default_wherever_it_is_and_however_old(cluster: WorkerCluster) -> None:
    """A replay is active later, and two workers have no live bar at all."""
    cluster.add(
        series("live-iex-raw-regular", "SPY", [1.0], origin="live"), *(series(RUN, name, [1.0]) for name in ABC)
    )
    for member in cluster.members:
        for path in ("/signals", "/symbols", "/signals/SPY", "/windows/SPY"):
            answer = (await member.client.get(path)).json()
            assert (answer["run_id"], answer["run_reason"]) == ("live-iex-raw-regular", "live")
            answer = (await member.client.get(path.replace("SPY", "A"), params={"run": RUN})).json()
            assert (answer["run_id"], answer["run_reason"]) == (RUN, "asked for")
        runs = (await member.client.get("/runs")).json()["runs"]
        assert [run["run_id"] for run in runs if run["active"]] == ["live-iex-raw-regular"]
        assert (await member.client.get("/signals/A")).status_code == 404


async def test_without_a_live_run_it_is_the_newest_replay(cluster: WorkerCluster) -> None:
    cluster.add(series(OLD, "A", [1.0], origin="synthetic"), *(series(RUN, name, [1.0]) for name in ABC))
    for member in cluster.members:
        answer = (await member.client.get("/signals")).json()
        assert (answer["run_id"], answer["run_reason"], answer["total"]) == (RUN, "newest replay: no live run", 3)


@pytest.mark.parametrize("path", ["/signals", "/symbols", "/signals/A", "/windows/A", "/signals/A/explain", "/session"])
async def test_no_replay_passes_for_live_while_a_worker_that_may_have_live_bars_does_not_answer(
    cluster: WorkerCluster, path: str
) -> None:
    cluster.add(*(series(RUN, name, [1.0]) for name in ABC))
    cluster.network.gone.add(cluster.urls[1])
    client = cluster.members[0].client
    answer = await client.get(path)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert "no worker answers for partitions 1, 4. Name a run with ?run=" in answer.json()["detail"]
    assert [(each["partition"], each["status"]) for each in answer.json()["partitions"]] == [
        (1, "unreachable"),
        (4, "unreachable"),
    ]
    assert (await client.get(path, params={"run": RUN})).status_code == 200
    cluster.members[0].reader.series.append(series("live-iex", "A", pullback(), origin="live"))
    answer = await client.get(path)
    assert (answer.status_code, answer.json()["run_id"]) == (200, "live-iex")


async def test_runs_are_counted_over_all_workers_or_here_alone(cluster: WorkerCluster) -> None:
    cluster.add(
        series(RUN, "A", [1.0] * 3),
        series(RUN, "B", [1.0] * 5, start=FAR),
        series(RUN, "C", [1.0], start=START - 60_000),
        series("there", "B", [1.0, 2.0]),
    )
    client = cluster.members[0].client
    runs = {run["run_id"]: run for run in (await client.get("/runs")).json()["runs"]}
    assert {run_id: run["bars"] for run_id, run in runs.items()} == {RUN: 9, "there": 2}
    assert (runs[RUN]["first_bar"], runs[RUN]["newest_bar"]) == ("2024-11-14T14:29:00Z", "2099-01-01T00:04:00Z")
    assert (runs[RUN]["symbols"], runs[RUN]["newest_bar_ahead"]) == (3, True)
    here = (await client.get("/runs?scope=local")).json()
    assert [(run["run_id"], run["bars"]) for run in here["runs"]] == [(RUN, 3)]
    assert [each["symbol"] for each in (await client.get("/symbols?run=there")).json()["symbols"]] == ["B"]
    assert (await client.get("/symbols?run=there&scope=local")).status_code == 404


async def test_what_others_said_of_runs_is_good_for_a_second_and_a_silence_for_none(cluster: WorkerCluster) -> None:
    cluster.add(*(series(RUN, name, [1.0]) for name in ABC))
    reader, group = cluster.members[0].reader, cluster.members[0].group
    now = 0.0
    runs = RunDirectory(reader, group, lambda: now)
    for _ in range(3):
        assert [run.symbols for run in (await runs.everything()).runs] == [3]
    assert cluster.network.paths() == ["/runs", "/runs"]
    # What is here is always as it is now.
    reader.series.append(series("here", "A", [1.0]))
    assert {run.run_id for run in (await runs.everything()).runs} == {RUN, "here"}
    now += KEPT_SECONDS + 0.1
    cluster.network.gone.add(cluster.urls[1])
    for asked in (4, 6):
        assert [each.partition for each in (await runs.everything()).missing] == [1, 4]
        assert len(cluster.network.asked) == asked
    cluster.network.gone.clear()
    assert (await runs.everything()).missing == []
    # And for nobody who needs to know how things are now, or when partitions have moved.
    await runs.everything(Freshness({0: 1}))
    cluster.hand_over(1, cluster.urls[2])
    await runs.everything()
    assert len(cluster.network.asked) == 12


async def test_the_symbols_of_a_run_ascending_with_their_newest_bar(client: httpx.AsyncClient) -> None:
    answer = (await client.get("/symbols")).json()
    assert (answer["run_id"], answer["total"]) == (RUN, 3)
    assert answer["symbols"] == [
        {"symbol": "AAPL", "newest_bar": "2024-11-14T15:29:00Z", "action": "BUY", "bars": 60},
        {"symbol": "GOOGL", "newest_bar": "2024-11-14T14:41:00Z", "action": "HOLD", "bars": 12},
        {"symbol": "SPY", "newest_bar": "2024-11-14T15:29:00Z", "action": "HOLD", "bars": 60},
    ]
    others = (await client.get("/symbols", params={"run": OLD})).json()["symbols"]
    assert [each["symbol"] for each in others] == ["OLD"]


async def test_no_data_at_all(client: httpx.AsyncClient, reader: FakeReader) -> None:
    reader.series.clear()
    runs = (await client.get("/runs")).json()
    assert (runs["total"], runs["complete"], runs["runs"]) == (0, True, [])
    answer = (await client.get("/symbols")).json()
    assert (answer["run_id"], answer["total"], answer["symbols"]) == (None, 0, [])
