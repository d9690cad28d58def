"""Questions that one worker answers: which one has the symbol, whether there is such a symbol or run."""

import httpx
import pytest

from tests.unit.web.conftest import OLD, RUN, SYMBOLS
from tests.unit.web.fake import FakeReader
from tests.unit.web.full_cluster import GONE, give_away
from tests.unit.web.made_series import series
from tests.unit.web.worker_cluster import WorkerCluster
from web.main import create_app
from web.reader import Readiness
from web.workers.gather import WorkerGroup
from web.workers.worker_client import WorkerClient


async def test_an_unknown_symbol_takes_no_longer_than_one_question_may(full: WorkerCluster) -> None:
    asked = full.members[0]
    full.network.late[GONE] = 0.25
    group = WorkerGroup(asked.reader, WorkerClient(transport=full.network, deadline=0.3))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(create_app(asked.reader, group=group)), base_url=asked.url
    ) as client:
        answer = await client.get("/signals/nothing")
    assert answer.status_code in (404, 503)
    # Which run there is, two spellings, all symbols, all runs.
    assert sum(request.url.host == "worker-1" for request in full.network.asked) <= 2
    await group.close()


@pytest.mark.parametrize("path", ["/signals/{}", "/windows/{}", "/signals/{}/explain"])
async def test_a_symbol_whose_worker_cannot_be_asked_is_a_503_that_names_it(full: WorkerCluster, path: str) -> None:
    asked, other, _ = full.members
    full.network.gone.add(GONE)
    answer = await asked.client.get(path.format("S01"), params={"run": RUN})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert f"The worker at {GONE}, which holds 'S01', does not answer" in answer.json()["detail"]
    full.network.gone.clear()
    other.reader.state = Readiness(recovering=True, retry_after=5)
    answer = await asked.client.get(path.format("S01"), params={"run": RUN})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert f"The worker at {GONE}, which holds 'S01', says: The worker is restoring" in answer.json()["detail"]
    full.hand_over(1, None)
    answer = await asked.client.get(path.format("S01"), params={"run": RUN})
    assert (answer.status_code, answer.json()["partition"], answer.json()["owner"]) == (503, 1, None)


async def test_a_symbol_that_was_handed_over_meanwhile_is_a_503_not_a_404(full: WorkerCluster) -> None:
    asked, other, _ = full.members
    give_away(other)
    answer = await asked.client.get("/signals/S01", params={"run": RUN})
    assert answer.status_code == 503
    assert "partition 1" in answer.json()["detail"]


async def test_errors_of_the_symbols_worker_come_through(full: WorkerCluster) -> None:
    answer = await full.members[0].client.get("/signals/S01/explain?at=2024-11-14T14:30:30Z")
    assert answer.status_code == 404
    assert answer.json()["near"] == ["2024-11-14T14:30:00Z", "2024-11-14T14:31:00Z"]


async def test_a_symbol_as_spelt_is_preferred_wherever_it_is(full: WorkerCluster) -> None:
    for member in full.members:
        assert (await member.client.get("/windows/s01")).json()["symbol"] == "S01"
    full.add(series(RUN, "s01", [5.0]))
    for member in full.members:
        assert (await member.client.get("/windows/s01")).json()["symbol"] == "s01"


async def test_a_symbol_with_a_slash_is_found_on_another_worker(full: WorkerCluster) -> None:
    full.add(series(RUN, "A/B C", [5.0]))
    for member in full.members:
        for path in ("/signals/A%2FB C", "/signals/A/B C/explain", "/windows/A/B%20C"):
            assert (await member.client.get(path)).status_code == 200


async def test_a_symbol_that_its_producer_put_on_another_partition_is_found(full: WorkerCluster) -> None:
    """Of a producer that does not hash as ours do: all are asked before it is unknown."""
    for member in full.members[:1]:
        member.reader.placed = {**member.reader.placed, "S01": 2}
    full.members[2].reader.placed = {name: at for name, at in full.members[2].reader.placed.items() if name != "S01"}
    full.members[2].reader.placed["S01"] = 2
    assert (await full.members[0].client.get("/signals/S01")).json()["signals"][0]["symbol"] == "S01"


@pytest.mark.parametrize("path", ["/signals", "/windows"])
async def test_an_unknown_symbol_names_what_exists_and_what_may_be_meant(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(f"{path}/GOGL")
    assert answer.status_code == 404
    assert answer.json() == {
        "type": "/problems/unknown-symbol",
        "title": "There is no such symbol",
        "status": 404,
        "instance": f"{path}/GOGL",
        "detail": f"No symbol 'GOGL' in run {RUN}: there is AAPL, GOOGL, SPY. Did you mean GOOGL?",
        "symbols": ["AAPL", "GOOGL", "SPY"],
        "near": ["GOOGL"],
    }


async def test_of_more_symbols_than_are_named_those_around_it_are(
    client: httpx.AsyncClient, reader: FakeReader
) -> None:
    names = ["MXYZ", *(f"{letter}{number:02}" for letter in "AZ" for number in range(30))]
    reader.series = [series(RUN, name, [1.0]) for name in [*names, *(f"T{number:02}" for number in range(5))]]
    answer = (await client.get("/signals/MXY")).json()
    assert answer["near"] == ["MXYZ"]
    around = [f"A{number}" for number in range(21, 30)] + ["MXYZ", *(f"T{number:02}" for number in range(5))]
    assert answer["symbols"] == [*around, "Z00", "Z01", "Z02", "Z03", "Z04"]
    assert answer["detail"].endswith("Z04, of 66. Did you mean MXYZ?")


async def test_of_many_symbols_the_nearest_of_all_workers_are_named(full: WorkerCluster) -> None:
    for member in full.members:
        answer = await member.client.get("/signals/S07X")
        assert answer.status_code == 404
        assert answer.json()["near"][0] == "S07"
        assert answer.json()["symbols"] == SYMBOLS


@pytest.mark.parametrize("path", ["/signals", "/signals/S01", "/windows/S01", "/symbols", "/session"])
async def test_an_unknown_run_names_the_runs_and_who_may_have_it(full: WorkerCluster, path: str) -> None:
    full.add(series(OLD, "S01", [1.0], origin="synthetic"))
    answer = await full.members[0].client.get(path, params={"run": "nope"})
    assert (answer.status_code, answer.json()["runs"], answer.json()["owners"]) == (404, [OLD, RUN], [])
    if path in ("/signals", "/symbols"):
        full.network.gone.add(GONE)
        full.members[0].reader.assignment += 1
        answer = await full.members[0].client.get(path, params={"run": "nope2"})
        assert answer.status_code == 404


async def test_a_run_that_only_another_worker_has(full: WorkerCluster) -> None:
    full.add(series(OLD, "S01", [1.0, 2.0], origin="synthetic"))
    for member in full.members:
        answer = (await member.client.get("/signals", params={"run": OLD})).json()
        assert (answer["total"], answer["synthetic"], answer["run_reason"]) == (2, True, "asked for")
        answer = (await member.client.get("/symbols", params={"run": OLD})).json()
        assert ([each["symbol"] for each in answer["symbols"]], answer["synthetic"]) == (["S01"], True)
