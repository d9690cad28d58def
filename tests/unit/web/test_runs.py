from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.unit.web.conftest import OLD, RUN
from tests.unit.web.fake import FakeReader
from tests.unit.web.series import START, pullback, series
from web.reader import PartitionOwner, RunInfo
from web.run_choice import is_live


async def test_the_run_active_last_comes_first(client: httpx.AsyncClient) -> None:
    assert (await client.get("/runs")).json() == {
        "total": 2,
        "missing_partitions": [],
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


def elsewhere(run_id: str, **changes: Any) -> RunInfo:
    """A run as another worker tells it."""
    info = RunInfo(
        run_id=run_id,
        origin="replay",
        is_live=is_live(run_id, changes.get("origin", "replay")),
        first_bar=START,
        oldest_kept=START,
        newest_bar=START,
        symbols=2,
        bars=5,
        signals=4,
        active_at=0,
    )
    return replace(info, **changes)


async def test_a_live_run_is_the_default_wherever_it_is_and_however_old(
    client: httpx.AsyncClient, reader: FakeReader
) -> None:
    """A replay is active later, and this worker has no live bar at all."""
    for path in ("/signals", "/symbols", "/signals/AAPL", "/windows/AAPL"):
        answer = (await client.get(path)).json()
        assert (answer["run_id"], answer["run_reason"]) == (RUN, "newest replay: no live run")
    reader.elsewhere_runs = [elsewhere("live-iex-raw-regular", origin="live")]
    for path in ("/signals", "/symbols"):
        answer = (await client.get(path)).json()
        assert (answer["run_id"], answer["run_reason"], answer["total"]) == ("live-iex-raw-regular", "live", 0)
        answer = (await client.get(path, params={"run": RUN})).json()
        assert (answer["run_id"], answer["run_reason"]) == (RUN, "asked for")
    runs = (await client.get("/runs")).json()["runs"]
    assert [run["run_id"] for run in runs if run["active"]] == ["live-iex-raw-regular"]
    assert (await client.get("/signals/AAPL")).status_code == 404


@pytest.mark.parametrize("path", ["/signals", "/symbols", "/signals/AAPL", "/windows/AAPL", "/signals/AAPL/explain"])
async def test_no_replay_passes_for_live_while_a_worker_that_may_have_live_bars_does_not_answer(
    client: httpx.AsyncClient, reader: FakeReader, path: str
) -> None:
    reader.missing = reader.unasked = [PartitionOwner(3, "http://other:8001"), PartitionOwner(5, None)]
    answer = await client.get(path)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert "no worker answers for partitions 3, 5. Name a run with ?run=" in answer.json()["detail"]
    assert [each["partition"] for each in answer.json()["missing_partitions"]] == [3, 5]
    assert (await client.get(path, params={"run": RUN})).status_code == 200
    reader.series.append(series("live-iex", "AAPL", pullback(), origin="live"))
    assert (await client.get(path)).json()["run_reason"] == "live"


async def test_runs_are_counted_over_all_workers_or_here_alone(client: httpx.AsyncClient, reader: FakeReader) -> None:
    reader.elsewhere_runs = [elsewhere(RUN, newest_bar=4_070_908_800_000), elsewhere("there", first_bar=None)]
    runs = {run["run_id"]: run for run in (await client.get("/runs")).json()["runs"]}
    assert {run_id: run["bars"] for run_id, run in runs.items()} == {RUN: 137, OLD: 60, "there": 5}
    assert (runs["there"]["first_bar"], runs["there"]["oldest_kept_bar"]) == (None, "2024-11-14T14:30:00Z")
    assert (runs[RUN]["newest_bar"], runs[RUN]["newest_bar_ahead"]) == ("2099-01-01T00:00:00Z", True)
    assert (await client.get("/symbols", params={"run": "there"})).json()["run_reason"] == "asked for"
    here = (await client.get("/runs?scope=local")).json()
    assert [(run["run_id"], run["bars"]) for run in here["runs"]] == [(RUN, 132), (OLD, 60)]
    answer = (await client.get("/symbols", params={"scope": "local", "run": "there"})).json()
    assert answer["symbols"] == []


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
    assert (await client.get("/runs")).json() == {"total": 0, "missing_partitions": [], "runs": []}
    answer = (await client.get("/symbols")).json()
    assert (answer["run_id"], answer["total"], answer["symbols"]) == (None, 0, [])
