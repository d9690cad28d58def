"""Three workers answer as one, whichever is asked and whatever happens to one of them."""

from functools import partial
from itertools import chain, repeat
from typing import Any

import httpx
import pytest

from tests.unit.web.conftest import RUN, SYMBOLS
from tests.unit.web.full_cluster import GONE, THERE, alone, give_away, statuses
from tests.unit.web.made_series import START, series
from tests.unit.web.worker_cluster import WorkerCluster
from web.reader import PartitionOwner, Readiness
from web.workers.part import MEDIA_TYPE


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
async def test_any_worker_says_what_one_alone_with_everything_would(full: WorkerCluster, path: str) -> None:
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
async def test_pages_go_on_at_any_worker_while_signals_come(full: WorkerCluster, query: str) -> None:
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
@pytest.mark.parametrize("fault", ["unreachable", "silent", "older", "recovering", "unassigned", "handed over"])
async def test_what_is_missing_is_said_by_every_worker(full: WorkerCluster, path: str, fault: str) -> None:
    asked, other, third = full.members
    status = {"silent": "unreachable", "older": "incompatible", "handed over": "unassigned"}.get(fault, fault)
    if fault == "unreachable":
        full.network.gone.add(GONE)
    elif fault == "silent":
        full.network.silent.add(GONE)
    elif fault == "older":
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


@pytest.mark.parametrize("path", ["/signals", "/windows/AAPL", "/stream/local", "/worker", "/session"])
async def test_a_worker_of_another_version_is_told_so(full: WorkerCluster, path: str) -> None:
    for accept in ("application/x-stock-signals-part", "application/x-stock-signals-part; version=99"):
        answer = await full.members[0].client.get(path, params={"scope": "local"}, headers={"Accept": accept})
        assert answer.status_code == 406
        assert "in version 2 of their form, not in version" in answer.json()["detail"]


async def test_a_slow_worker_is_waited_for(full: WorkerCluster) -> None:
    full.network.late[GONE] = 0.05
    assert (await full.members[0].client.get("/signals")).json()["complete"] is True


async def test_a_partition_that_two_workers_say_they_have_is_not_complete(full: WorkerCluster) -> None:
    asked, other, _ = full.members
    # A worker that was paused still thinks so.
    asked.reader.partitions[1] = PartitionOwner(1, asked.url, here=True)
    answer = (await asked.client.get("/signals", params={"run": RUN})).json()
    assert statuses(answer)[1] == "unassigned"
    assert answer["complete"] is False
    assert other.reader.partitions[1].here


async def test_who_may_no_longer_be_a_member_does_not_pass_for_complete(full: WorkerCluster) -> None:
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


async def test_rows_that_may_have_gone_with_their_partition_are_not_shown(full: WorkerCluster) -> None:
    asked = full.members[0]
    asked.reader.loses_partitions = True
    assert (await asked.client.get("/signals")).status_code == 503
    answer = (await full.members[1].client.get("/signals", params={"run": RUN})).json()
    assert statuses(answer) == ["recovering", "active", "active"] * 2


async def test_a_worker_that_is_asked_for_its_own_part_asks_nobody(full: WorkerCluster) -> None:
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


async def test_one_question_is_one_request_to_each(full: WorkerCluster) -> None:
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


async def test_the_worker_shows_all_partitions_as_their_workers_say(full: WorkerCluster) -> None:
    asked, other, _ = full.members
    other.reader.lags[1] = 55
    answer = (await asked.client.get("/worker")).json()
    assert [each["here"] for each in answer["partitions"]] == [True, False, False] * 2
    assert [(each["position"], each["lag"]) for each in answer["partitions"]][:2] == [(100, 0), (101, 55)]
    assert answer["workers"] == [member.url for member in full.members]
    asked.reader.state = Readiness(recovering=True, reasons=("3 records to go",))
    answer = (await asked.client.get("/worker")).json()
    assert (answer["status"], statuses(answer)) == ("recovering", ["recovering", "active", "active"] * 2)


async def test_a_run_that_a_rebalance_takes_after_it_was_chosen_is_not_unknown(full: WorkerCluster) -> None:
    for member in full.members:
        seen = chain([member.reader.runs()], repeat([]))
        member.reader.runs = partial(next, seen)  # type: ignore[method-assign]
    refused = await full.members[0].client.get("/signals")
    assert (refused.status_code, refused.json().get("recovering")) == (503, True), refused.text[:300]
    assert int(refused.headers["retry-after"]) > 0
