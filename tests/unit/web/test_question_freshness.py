"""How new the answers of several workers are."""

import pytest

from tests.unit.web.conftest import RUN
from tests.unit.web.full_cluster import GONE
from tests.unit.web.made_series import series
from tests.unit.web.worker_cluster import WorkerCluster


class TestFreshness:
    """Waiting for one's own write, and refusing what is staler."""

    async def test_each_worker_waits_for_its_partitions(self, full: WorkerCluster) -> None:
        answer = await full.members[0].client.get("/signals", params={"run": RUN, "min_position": "1:101,2:102"})
        assert answer.status_code == 200
        for member in full.members:
            assert member.reader.waits == [{1: 101, 2: 102}]

    async def test_what_is_not_reached_is_refused(self, full: WorkerCluster) -> None:
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

    async def test_of_a_symbol_other_partitions_do_not_matter(self, full: WorkerCluster) -> None:
        full.members[0].reader.lags[0] = 99
        answer = await full.members[0].client.get("/signals/S01", params={"min_position": "0:999,1:101", "max_lag": 0})
        assert answer.status_code == 200
        assert answer.json()["partitions"][0]["position"] == 101

    async def test_who_lags_too_far_behind_is_refused(self, full: WorkerCluster) -> None:
        full.members[1].reader.lags[4] = 11
        for member in full.members:
            for path in ("/signals", "/runs"):
                assert (await member.client.get(path, params={"max_lag": 11})).status_code == 200
                answer = await member.client.get(path, params={"max_lag": 10})
                assert answer.status_code == 503
                assert "partition 4 lags 11 records behind, and max_lag is 10" in answer.json()["detail"]

    async def test_who_does_not_answer_is_not_taken_for_new(self, full: WorkerCluster) -> None:
        full.network.gone.add(GONE)
        answer = await full.members[0].client.get("/signals", params={"run": RUN, "max_lag": 1_000_000})
        assert answer.status_code == 503
        assert "the lag of partition 1 is not known, it is unreachable" in answer.json()["detail"]

    async def test_a_run_that_begins_with_ones_own_write_is_seen(self, full: WorkerCluster) -> None:
        """Runs that other workers named a moment ago are asked for again."""
        asked = full.members[0]
        assert (await asked.client.get("/signals")).json()["run_id"] == RUN
        full.add(series("live-iex", "S01", [1.0], origin="live"))
        assert (await asked.client.get("/signals?min_position=1:101")).json()["run_id"] == "live-iex"

    @pytest.mark.parametrize("wrong", ["min_position=1", "min_position=x:1", "max_lag=-1", "max_lag=few"])
    async def test_other_values_are_422(self, full: WorkerCluster, wrong: str) -> None:
        assert (await full.members[0].client.get(f"/signals?{wrong}")).status_code == 422

    async def test_a_partition_that_there_is_not_is_422(self, full: WorkerCluster) -> None:
        answer = await full.members[0].client.get("/signals?min_position=6:1")
        assert answer.status_code == 422
        assert "there are 6" in answer.json()["detail"]
