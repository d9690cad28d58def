"""A market of twelve symbols on three workers, and what may happen to one of them."""

from typing import Any

from tests.unit.web.conftest import market
from tests.unit.web.worker_cluster import ClusterMember, WorkerCluster
from web.reader import PartitionOwner

GONE = "http://worker-1:8001"
"""The worker that something happens to; it has partitions 1 and 4, and so S01, S04, S07 and S10"""
THERE = {"S01", "S04", "S07", "S10"}


async def alone(path: str) -> dict[str, Any]:
    """What one worker says that has everything."""
    one = WorkerCluster(workers=1)
    one.add(*market())
    answer: dict[str, Any] = (await one.members[0].client.get(path)).json()
    await one.close()
    return answer


def statuses(answer: dict[str, Any]) -> list[str]:
    return [each["status"] for each in answer["partitions"]]


def give_away(member: ClusterMember) -> None:
    """As when a rebalance takes its partitions, and the others do not know yet."""
    member.reader.partitions = [PartitionOwner(each.partition, each.owner) for each in member.reader.partitions]
    member.reader.series = []
