"""Asks all workers that hold partitions, or the one that holds a certain partition; this worker is one of them."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from web.freshness import AS_IT_IS, Freshness
from web.partition_status import PartitionStatus, Status
from web.reader import PartitionOwner, PartitionProgress, Reader
from web.workers.part import WorkerPart
from web.workers.worker_client import AT_ONCE, NoAnswerError, OtherVersionError, RefusedError, WorkerClient

Make = Callable[[], Awaitable[WorkerPart]]
"""Makes this worker's part, of the partitions that it holds."""


class RecoveringError(Exception):
    """A worker restores its tables, or was given or lost partitions while it answered."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """The parts of those who answered by their base URLs, and how each partition is."""

    parts: Mapping[str, WorkerPart]
    partitions: Sequence[PartitionStatus]

    @property
    def complete(self) -> bool:
        """Whether all partitions are answered for."""
        return all(each.status == "active" for each in self.partitions)


class WorkerGroup:
    """This worker, and the others that its consumer group knows."""

    def __init__(self, reader: Reader, client: WorkerClient | None = None) -> None:
        self._reader = reader
        self._client = client or WorkerClient()
        self._waiting = asyncio.Semaphore(AT_ONCE)

    @property
    def address(self) -> str:
        """This worker's base URL."""
        return self._reader.operations.address

    async def close(self) -> None:
        """Close the connections to the others."""
        await self._client.close()

    def until(self) -> float:
        """By when all questions of a request that begins now must be answered; for `gather` and `ask`."""
        return self._client.until()

    async def here(self, make: Make, fresh: Freshness = AS_IT_IS, only: int | None = None) -> WorkerPart:
        """This worker's part, of all its partitions or one; first it waits for positions. Raises RecoveringError."""
        reader = self._reader
        if reader.readiness().recovering:
            raise RecoveringError
        # If too many requests wait already, this one gets what is reached now.
        if fresh.min_position and not self._waiting.locked():
            async with self._waiting:
                await reader.reach(fresh.min_position, fresh.seconds)
        assignment = reader.assignment
        # Before the rows: they are as new, or newer.
        progress = await reader.progress(lag_now=fresh.max_lag is not None)
        part = await make()
        if reader.readiness().recovering or reader.assignment != assignment:
            raise RecoveringError  # Some rows may have gone with their partition.
        held = [each for each in progress if only is None or each.partition == only]
        return WorkerPart(part.head, part.lines, held, int(time.time() * 1000))

    async def gather(
        self,
        path: str,
        query: Mapping[str, Any],
        make: Make,
        fresh: Freshness = AS_IT_IS,
        most_lines: int | None = None,
        until: float | None = None,
    ) -> Gathered:
        """The parts of all workers; this one's is what `make` makes, the others are asked at a path.

        `query` is what to ask them, `scope` and freshness aside; they may send at most so many lines.
        """
        owners = self._reader.owners()
        urls = sorted({each.owner for each in owners if each.owner} - {self.address})
        passed = {**query, **fresh.query()}
        found: list[WorkerPart | Status] = await asyncio.gather(
            self._part_here(make, fresh),
            *(self._part_of(url, path, passed, fresh.seconds, most_lines, until) for url in urls),
        )
        answers = dict(zip([self.address, *urls], found, strict=True))
        parts = {url: answer for url, answer in answers.items() if isinstance(answer, WorkerPart)}
        return Gathered(parts, [_status(each, answers, parts) for each in owners])

    async def ask(
        self,
        url: str,
        path: str,
        query: Mapping[str, Any],
        fresh: Freshness = AS_IT_IS,
        most_lines: int | None = None,
        until: float | None = None,
    ) -> WorkerPart:
        """One other worker's part. Raises NoAnswerError and RefusedError."""
        asked = {**query, **fresh.query(), "scope": "local"}
        return await self._client.part(url, path, asked, most_lines, fresh.seconds, until)

    async def _part_here(self, make: Make, fresh: Freshness) -> WorkerPart | Status:
        try:
            return await self.here(make, fresh)
        except RecoveringError:
            return "recovering"

    async def _part_of(
        self,
        url: str,
        path: str,
        query: Mapping[str, Any],
        wait: float,
        most_lines: int | None,
        until: float | None,
    ) -> WorkerPart | Status:
        try:
            asked = {**query, "scope": "local"}
            return await self._client.part(url, path, asked, most_lines, wait, until)
        except OtherVersionError:
            return "incompatible"
        except NoAnswerError:
            return "unreachable"
        except RefusedError as refused:
            return "recovering" if refused.is_recovering else "unreachable"


def status_of(url: str | None, part: WorkerPart, progress: PartitionProgress) -> PartitionStatus:
    """The state of a partition in a part."""
    status: Status = "active" if progress.confirmed else "unassigned"
    return PartitionStatus(progress.partition, url, status, progress.position, progress.lag, part.as_of)


def _status(
    owner: PartitionOwner, answers: Mapping[str, WorkerPart | Status], parts: Mapping[str, WorkerPart]
) -> PartitionStatus:
    """By the worker that says it has the partition; else by the one that the group names."""
    said = [
        status_of(url, part, progress)
        for url, part in parts.items()
        for progress in part.partitions
        if progress.partition == owner.partition
    ]
    if len(said) > 1:
        # It is being handed over, and one of them does not know yet: nobody can tell whose rows are the new ones.
        return replace(max(said, key=lambda each: each.position or 0), status="unassigned")
    if said:
        return said[0]
    answer = answers.get(owner.owner) if owner.owner else None
    # A worker that answers and does not have it: it is being handed over.
    status: Status = answer if isinstance(answer, str) else "unassigned"
    return PartitionStatus(owner.partition, owner.owner, status)
