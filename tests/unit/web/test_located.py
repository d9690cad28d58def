"""Symbols that are unknown, or that another worker holds."""

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.unit.web.conftest import OLD, RUN
from tests.unit.web.fake import FakeReader
from tests.unit.web.series import series
from web.reader import PartitionOwner

OTHER = PartitionOwner(3, "http://other:8001/")


@pytest.mark.parametrize("path", ["/signals", "/windows"])
async def test_an_unknown_symbol_names_what_exists_and_what_may_be_meant(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(f"{path}/GOGL")
    assert answer.status_code == 404
    assert answer.json() == {
        "type": "/problems/unknown-symbol",
        "title": "There is no such symbol",
        "status": 404,
        "detail": f"No symbol 'GOGL' in run {RUN}: there is AAPL, GOOGL, SPY. Did you mean GOOGL?",
        "instance": f"{path}/GOGL",
        "symbols": ["AAPL", "GOOGL", "SPY"],
        "near": ["GOOGL"],
    }


async def test_of_many_symbols_the_nearest_of_all_workers_are_named(
    client: httpx.AsyncClient, reader: FakeReader
) -> None:
    reader.series = [series(RUN, f"T{number:02}", [1.0]) for number in range(5)]
    reader.elsewhere_symbols = [f"{letter}{number:02}" for letter in "AZ" for number in range(30)] + ["MXYZ"]
    answer = (await client.get("/signals/MXY")).json()
    assert answer["near"] == ["MXYZ"]
    around = [f"A{number}" for number in range(21, 30)] + ["MXYZ", *(f"T{number:02}" for number in range(5))]
    assert answer["symbols"] == [*around, "Z00", "Z01", "Z02", "Z03", "Z04"]
    assert "the nearest are A21, A22, " in answer["detail"]
    assert answer["detail"].endswith("Z04, of 66. Did you mean MXYZ?")


@pytest.mark.parametrize("path", ["/signals", "/signals/AAPL", "/windows/AAPL", "/symbols"])
async def test_an_unknown_run_names_the_runs(client: httpx.AsyncClient, reader: FakeReader, path: str) -> None:
    reader.missing = reader.unasked = [OTHER, PartitionOwner(4, None)]
    answer = await client.get(path, params={"run": "nope"})
    assert answer.status_code == 404
    assert answer.json() == {
        "type": "/problems/unknown-run",
        "title": "There is no such run",
        "status": 404,
        "detail": f"No run 'nope' here: there is {RUN}, {OLD}. Other workers may have it: http://other:8001/.",
        "instance": path,
        "runs": [RUN, OLD],
        "owners": ["http://other:8001/"],
    }


@pytest.mark.parametrize("path", ["/signals", "/windows"])
async def test_a_symbol_elsewhere_is_a_redirect(client: httpx.AsyncClient, reader: FakeReader, path: str) -> None:
    reader.away = {"A/B C": OTHER}
    # Not known here, as this worker has none of the run's symbols.
    answer = await client.get(f"{path}/A%2FB C", params={"run": "only-there"})
    assert answer.status_code == 307
    assert answer.headers["location"] == f"http://other:8001{path}/A%2FB%20C?run=only-there&hop=1"
    assert answer.json()["partition"] == 3


async def test_a_redirect_keeps_the_query(client: httpx.AsyncClient, reader: FakeReader) -> None:
    reader.away = {"TSLA": OTHER}
    answer = await client.get("/signals/TSLA?limit=7&action=BUY,SELL&transitions=true&since=2024-11-14T14:30:00Z&hop=1")
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert sorted(query.pop("action")) == ["BUY", "SELL"]
    assert query == {"limit": ["7"], "transitions": ["True"], "since": ["2024-11-14T14:30:00Z"], "hop": ["2"]}


async def test_redirects_end(client: httpx.AsyncClient, reader: FakeReader) -> None:
    reader.away = {"TSLA": OTHER}
    answer = await client.get("/signals/TSLA?hop=2")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert "partition 3" in answer.json()["detail"]


async def test_a_partition_that_nobody_is_known_to_hold(client: httpx.AsyncClient, reader: FakeReader) -> None:
    reader.away = {"TSLA": PartitionOwner(3, None)}
    answer = await client.get("/signals/TSLA")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert (answer.json()["partition"], answer.json()["owner"]) == (3, None)


async def test_another_spelling_may_be_elsewhere_or_here(client: httpx.AsyncClient, reader: FakeReader) -> None:
    reader.away = {"TSLA": OTHER}
    assert (await client.get("/signals/tsla")).headers["location"] == "http://other:8001/signals/TSLA?hop=1"
    reader.away = {"aapl": OTHER}
    assert (await client.get("/signals/aapl")).json()["total"] == 60
