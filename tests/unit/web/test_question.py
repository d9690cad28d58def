"""Three workers answer as one, whichever is asked and whatever happens to one of them."""

from typing import Any

import httpx
import pytest

from tests.unit.web.cluster import Cluster, Member
from tests.unit.web.conftest import OLD, RUN
from tests.unit.web.fake import FakeReader
from tests.unit.web.series import START, Series, pullback, series
from web.reader import PartitionOwner, Readiness
from web.workers.part import MEDIA_TYPE

SYMBOLS = [f"S{number:02}" for number in range(12)]
GONE = "http://worker-1:8001"
"""The worker that something happens to; it has partitions 1 and 4, and so S01, S04, S07 and S10"""
THERE = {"S01", "S04", "S07", "S10"}


def market() -> list[Series]:
    return [series(RUN, symbol, pullback(60, fall=1 + number / 10)) for number, symbol in enumerate(SYMBOLS)]


@pytest.fixture
def full(cluster: Cluster) -> Cluster:
    """The same with a run of twelve symbols, four on each worker."""
    cluster.add(*market())
    for member in cluster.members:
        assert len(member.reader.series) == 4
    return cluster


async def alone(path: str) -> dict[str, Any]:
    """What one worker says that has everything."""
    one = Cluster(workers=1)
    one.add(*market())
    answer: dict[str, Any] = (await one.members[0].client.get(path)).json()
    await one.close()
    return answer


def statuses(answer: dict[str, Any]) -> list[str]:
    return [each["status"] for each in answer["partitions"]]


def give_away(member: Member) -> None:
    """As when a rebalance takes its partitions, and the others do not know yet."""
    member.reader.partitions = [PartitionOwner(each.partition, each.owner) for each in member.reader.partitions]
    member.reader.series = []


@pytest.mark.parametrize(
    "path",
    [
        "/signals",
        "/signals?limit=1000",
        "/signals?limit=7&action=BUY",
        "/signals?transitions=true",
        "/signals?latest=true&limit=1000",
        "/signals?latest=true&limit=5",
        "/signals?since=2024-11-14T15:00:00Z&until=2024-11-14T15:05:00Z&limit=1000",
        "/symbols",
        "/runs",
        "/session",
        *(f"/signals/{symbol}?limit=3" for symbol in ("S00", "S01", "s01", "S02")),
        "/windows/S01?limit=2",
        "/windows/s02",
        "/signals/S01/explain",
        "/signals/S01/explain?at=2024-11-14T15:00:00Z",
    ],
)
async def test_any_worker_says_what_one_alone_with_everything_would(full: Cluster, path: str) -> None:
    expected = await alone(path)
    for member in full.members:
        answer = (await member.client.get(path)).json()
        assert answer["complete"] is True
        assert set(statuses(answer)) == {"active"}
        of_all = not any(f"{first}/" in path for first in ("/signals", "/windows"))
        assert len(answer["partitions"]) == (6 if of_all else 1)
        # The fake tables make up when a run was active.
        for said in (answer, expected):
            said.pop("partitions", None)
            for run in said.get("runs", ()):
                run["active_at"] = None
        assert answer == expected


@pytest.mark.parametrize("query", ["", "&latest=true", "&action=HOLD", "&since=2024-11-14T15:00:00Z"])
async def test_pages_go_on_at_any_worker_while_signals_come(full: Cluster, query: str) -> None:
    path: str | None = f"/signals?limit=5{query}"
    expected = (await alone(f"/signals?limit=1000{query}"))["signals"]
    found: list[dict[str, Any]] = []
    number = 0
    while path is not None:
        answer = await full.members[number % 3].client.get(path)
        if number == 2:
            # A bar of another symbol, newer than all; and a run that would be the default.
            full.add(
                series(RUN, "S00Z", [1.0], start=START + 3_600_000), series("live-iex", "S01", [1.0], origin="live")
            )
        found += answer.json()["signals"]
        path = answer.json()["next"]
        assert path is None or answer.headers["link"] == f'<{path}>; rel="next"'
        number += 1
    old = [signal for signal in found if signal["symbol"] in SYMBOLS]
    assert old == expected


@pytest.mark.parametrize("path", ["/signals?limit=1000", "/symbols", "/runs", "/session", "/signals?latest=true"])
@pytest.mark.parametrize("fault", ["unreachable", "silent", "wrong", "recovering", "unassigned", "handed over"])
async def test_what_is_missing_is_said_by_every_worker(full: Cluster, path: str, fault: str) -> None:
    asked, other, third = full.members
    status = {"silent": "unreachable", "wrong": "unreachable", "handed over": "unassigned"}.get(fault, fault)
    if fault == "unreachable":
        full.network.gone.add(GONE)
    elif fault == "silent":
        full.network.silent.add(GONE)
    elif fault == "wrong":
        full.network.wrong[GONE] = httpx.Response(200, json={"signals": []})
    elif fault == "recovering":
        other.reader.state = Readiness(recovering=True)
    elif fault == "unassigned":
        for partition in (1, 4):
            full.hand_over(partition, None)
    else:
        give_away(other)
    for member in (asked, third):
        answer = (await member.client.get(path, params={"run": RUN} if path != "/runs" else {})).json()
        assert statuses(answer) == ["active", status, "active", "active", status, "active"]
        assert answer["complete"] is False
        owners = [each["owner"] for each in answer["partitions"]]
        assert owners[1] == (None if fault == "unassigned" else GONE)
        rows = answer.get("symbols") or answer.get("signals", ())
        assert not THERE & {row if isinstance(row, str) else row["symbol"] for row in rows}
    if fault == "recovering":
        refused = await other.client.get(path)
        assert (refused.status_code, refused.json()["recovering"]) == (503, True)


async def test_a_slow_worker_is_waited_for(full: Cluster) -> None:
    full.network.late[GONE] = 0.05
    assert (await full.members[0].client.get("/signals")).json()["complete"] is True


async def test_a_partition_that_two_workers_say_they_have_is_not_complete(full: Cluster) -> None:
    asked, other, _ = full.members
    # A worker that was paused still thinks so.
    asked.reader.partitions[1] = PartitionOwner(1, asked.url, here=True)
    answer = (await asked.client.get("/signals", params={"run": RUN})).json()
    assert statuses(answer)[1] == "unassigned"
    assert answer["complete"] is False
    assert other.reader.partitions[1].here


async def test_who_may_no_longer_be_a_member_does_not_pass_for_complete(full: Cluster) -> None:
    """After a pause a worker still has what others have taken over meanwhile."""
    asked, other, _ = full.members
    other.reader.is_member = False
    for member in (asked, other):
        answer = (await member.client.get("/signals", params={"run": RUN})).json()
        assert statuses(answer) == ["active", "unassigned", "active"] * 2
        assert answer["complete"] is False
        of_one = (await member.client.get("/signals/S01", params={"run": RUN})).json()
        assert (statuses(of_one), of_one["complete"], of_one["total"]) == (["unassigned"], False, 60)
        assert (await member.client.get("/signals/S01", params={"run": RUN, "max_lag": 9})).status_code == 503


async def test_rows_that_may_have_gone_with_their_partition_are_not_shown(full: Cluster) -> None:
    asked = full.members[0]
    asked.reader.loses_partitions = True
    assert (await asked.client.get("/signals")).status_code == 503
    answer = (await full.members[1].client.get("/signals", params={"run": RUN})).json()
    assert statuses(answer) == ["recovering", "active", "active"] * 2


async def test_a_worker_that_is_asked_for_its_own_part_asks_nobody(full: Cluster) -> None:
    asked = full.members[0]
    for path in ("/signals", "/symbols", "/runs", "/session", "/worker", "/signals/S00", "/windows/S00"):
        answer = (await asked.client.get(path, params={"scope": "local"})).json()
        assert [each["partition"] for each in answer["partitions"]] == ([0] if "S00" in path else [0, 3])
        if path not in ("/worker", "/signals/S00", "/windows/S00"):
            assert answer["complete"] is False
    elsewhere = await asked.client.get("/signals/S01?scope=local")
    assert (elsewhere.status_code, elsewhere.json()["symbols"]) == (404, ["S00", "S03", "S06", "S09"])
    # What claims to come from a worker, too.
    for path in ("/signals", "/signals/S00", "/worker"):
        answer = await asked.client.get(
            path, params={"run": RUN} if path != "/worker" else {}, headers={"Accept": MEDIA_TYPE}
        )
        assert answer.headers["content-type"] == MEDIA_TYPE
    assert full.network.asked == []


async def test_one_question_is_one_request_to_each(full: Cluster) -> None:
    asked = full.members[0]
    await asked.client.get("/signals", params={"run": RUN, "limit": 9, "action": "BUY,SELL"})
    assert full.network.paths() == ["/signals", "/signals"]
    for request in full.network.asked:
        query = dict(request.url.params.multi_items())
        assert (query["scope"], query["run"], query["limit"]) == ("local", RUN, "9")
        assert sorted(request.url.params.get_list("action")) == ["BUY", "SELL"]
    full.network.asked.clear()
    await asked.client.get("/signals/S01", params={"run": RUN})
    assert [(request.url.host, request.url.path) for request in full.network.asked] == [("worker-1", "/signals/S01")]


@pytest.mark.parametrize("path", ["/signals/{}", "/windows/{}", "/signals/{}/explain"])
async def test_a_symbol_whose_worker_cannot_be_asked_is_a_503_that_names_it(full: Cluster, path: str) -> None:
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


async def test_a_symbol_that_was_handed_over_meanwhile_is_a_503_not_a_404(full: Cluster) -> None:
    asked, other, _ = full.members
    give_away(other)
    answer = await asked.client.get("/signals/S01", params={"run": RUN})
    assert answer.status_code == 503
    assert "partition 1" in answer.json()["detail"]


async def test_errors_of_the_symbols_worker_come_through(full: Cluster) -> None:
    answer = await full.members[0].client.get("/signals/S01/explain?at=2024-11-14T14:30:30Z")
    assert answer.status_code == 404
    assert answer.json()["near"] == ["2024-11-14T14:30:00Z", "2024-11-14T14:31:00Z"]


async def test_a_symbol_as_spelt_is_preferred_wherever_it_is(full: Cluster) -> None:
    for member in full.members:
        assert (await member.client.get("/windows/s01")).json()["symbol"] == "S01"
    full.add(series(RUN, "s01", [5.0]))
    for member in full.members:
        assert (await member.client.get("/windows/s01")).json()["symbol"] == "s01"


async def test_a_symbol_with_a_slash_is_found_on_another_worker(full: Cluster) -> None:
    full.add(series(RUN, "A/B C", [5.0]))
    for member in full.members:
        for path in ("/signals/A%2FB C", "/signals/A/B C/explain", "/windows/A/B%20C"):
            assert (await member.client.get(path)).status_code == 200


async def test_a_symbol_that_its_producer_put_on_another_partition_is_found(full: Cluster) -> None:
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


async def test_of_many_symbols_the_nearest_of_all_workers_are_named(full: Cluster) -> None:
    for member in full.members:
        answer = await member.client.get("/signals/S07X")
        assert answer.status_code == 404
        assert answer.json()["near"][0] == "S07"
        assert answer.json()["symbols"] == SYMBOLS


@pytest.mark.parametrize("path", ["/signals", "/signals/S01", "/windows/S01", "/symbols", "/session"])
async def test_an_unknown_run_names_the_runs_and_who_may_have_it(full: Cluster, path: str) -> None:
    full.add(series(OLD, "S01", [1.0], origin="synthetic"))
    answer = await full.members[0].client.get(path, params={"run": "nope"})
    assert (answer.status_code, answer.json()["runs"], answer.json()["owners"]) == (404, [OLD, RUN], [])
    if path in ("/signals", "/symbols"):
        full.network.gone.add(GONE)
        full.members[0].reader.assignment += 1
        answer = await full.members[0].client.get(path, params={"run": "nope2"})
        assert answer.status_code == 404


async def test_a_run_that_only_another_worker_has(full: Cluster) -> None:
    full.add(series(OLD, "S01", [1.0, 2.0], origin="synthetic"))
    for member in full.members:
        answer = (await member.client.get("/signals", params={"run": OLD})).json()
        assert (answer["total"], answer["synthetic"], answer["run_reason"]) == (2, True, "asked for")
        answer = (await member.client.get("/symbols", params={"run": OLD})).json()
        assert ([each["symbol"] for each in answer["symbols"]], answer["synthetic"]) == (["S01"], True)


async def test_the_worker_shows_all_partitions_as_their_workers_say(full: Cluster) -> None:
    asked, other, _ = full.members
    other.reader.lags[1] = 55
    answer = (await asked.client.get("/worker")).json()
    assert [each["here"] for each in answer["partitions"]] == [True, False, False] * 2
    assert [(each["position"], each["lag"]) for each in answer["partitions"]][:2] == [(100, 0), (101, 55)]
    assert answer["workers"] == [member.url for member in full.members]
    asked.reader.state = Readiness(recovering=True, reasons=("3 records to go",))
    answer = (await asked.client.get("/worker")).json()
    assert (answer["status"], statuses(answer)) == ("recovering", ["recovering", "active", "active"] * 2)


class TestFreshness:
    """Waiting for one's own write, and refusing what is staler."""

    async def test_each_worker_waits_for_its_partitions(self, full: Cluster) -> None:
        answer = await full.members[0].client.get("/signals", params={"run": RUN, "min_position": "1:101,2:102"})
        assert answer.status_code == 200
        for member in full.members:
            assert member.reader.waits == [{1: 101, 2: 102}]

    async def test_what_is_not_reached_is_refused(self, full: Cluster) -> None:
        for path in (
            "/signals",
            "/symbols",
            "/runs",
            "/session",
            "/signals/S01",
            "/windows/S01",
            "/signals/S01/explain",
        ):
            answer = await full.members[0].client.get(path, params={"min_position": "1:102"})
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "2"), path
            assert "partition 1 is read up to 101, and min_position is 102" in answer.json()["detail"]

    async def test_of_a_symbol_other_partitions_do_not_matter(self, full: Cluster) -> None:
        full.members[0].reader.lags[0] = 99
        answer = await full.members[0].client.get("/signals/S01", params={"min_position": "0:999,1:101", "max_lag": 0})
        assert answer.status_code == 200
        assert answer.json()["partitions"][0]["position"] == 101

    async def test_who_lags_too_far_behind_is_refused(self, full: Cluster) -> None:
        full.members[1].reader.lags[4] = 11
        for member in full.members:
            for path in ("/signals", "/runs"):
                assert (await member.client.get(path, params={"max_lag": 11})).status_code == 200
                answer = await member.client.get(path, params={"max_lag": 10})
                assert answer.status_code == 503
                assert "partition 4 lags 11 records behind, and max_lag is 10" in answer.json()["detail"]

    async def test_who_does_not_answer_is_not_taken_for_new(self, full: Cluster) -> None:
        full.network.gone.add(GONE)
        answer = await full.members[0].client.get("/signals", params={"run": RUN, "max_lag": 1_000_000})
        assert answer.status_code == 503
        assert "the lag of partition 1 is not known, it is unreachable" in answer.json()["detail"]

    async def test_a_run_that_begins_with_ones_own_write_is_seen(self, full: Cluster) -> None:
        """Runs that other workers named a moment ago are asked for again."""
        asked = full.members[0]
        assert (await asked.client.get("/signals")).json()["run_id"] == RUN
        full.add(series("live-iex", "S01", [1.0], origin="live"))
        assert (await asked.client.get("/signals?min_position=1:101")).json()["run_id"] == "live-iex"

    @pytest.mark.parametrize("wrong", ["min_position=1", "min_position=x:1", "max_lag=-1", "max_lag=few"])
    async def test_other_values_are_422(self, full: Cluster, wrong: str) -> None:
        assert (await full.members[0].client.get(f"/signals?{wrong}")).status_code == 422

    async def test_a_partition_that_there_is_not_is_422(self, full: Cluster) -> None:
        answer = await full.members[0].client.get("/signals?min_position=6:1")
        assert answer.status_code == 422
        assert "there are 6" in answer.json()["detail"]
