import httpx

from tests.unit.web.conftest import OLD, RUN
from tests.unit.web.fake import FakeReader


async def test_the_run_active_last_comes_first(client: httpx.AsyncClient) -> None:
    assert (await client.get("/runs")).json() == {
        "total": 2,
        "missing_partitions": [],
        "runs": [
            {
                "run_id": RUN,
                "origin": "replay",
                "active": True,
                "newest_bar": "2024-11-14T15:29:00Z",
                "symbols": 3,
                "signals": 132,
            },
            {
                "run_id": OLD,
                "origin": "synthetic",
                "active": False,
                "newest_bar": "2024-11-13T15:29:00Z",
                "symbols": 1,
                "signals": 60,
            },
        ],
    }


async def test_the_symbols_of_a_run_ascending(client: httpx.AsyncClient) -> None:
    answer = (await client.get("/symbols")).json()
    assert (answer["run_id"], answer["total"], answer["symbols"]) == (RUN, 3, ["AAPL", "GOOGL", "SPY"])
    assert (await client.get("/symbols", params={"run": OLD})).json()["symbols"] == ["OLD"]


async def test_no_data_at_all(client: httpx.AsyncClient, reader: FakeReader) -> None:
    reader.series.clear()
    assert (await client.get("/runs")).json() == {"total": 0, "missing_partitions": [], "runs": []}
    answer = (await client.get("/symbols")).json()
    assert (answer["run_id"], answer["total"], answer["symbols"]) == (None, 0, [])
