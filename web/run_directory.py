"""Collects the runs of all workers, and chooses one when a request names none."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from web import errors
from web.freshness import AS_IT_IS, RETRY_AFTER_SECONDS, Freshness
from web.partition_status import PartitionStatus
from web.reader import PartitionOwner, Reader, RunInfo
from web.run_choice import ChosenRun, choose, merge
from web.workers.gather import Gathered, WorkerGroup
from web.workers.part import WorkerPart

#: How long what other workers said is good for where nothing newer is asked for.
KEPT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class KnownRuns:
    """The runs, the one active last first, and how each partition is."""

    runs: Sequence[RunInfo]
    partitions: Sequence[PartitionStatus]

    @property
    def missing(self) -> Sequence[PartitionStatus]:
        """The partitions that were not answered for: they may have other runs."""
        return [each for each in self.partitions if each.status != "active"]


class RunDirectory:
    """Knows the runs of this worker, and asks the others for theirs, at most once a second."""

    def __init__(self, reader: Reader, group: WorkerGroup, clock: Callable[[], float] = time.monotonic) -> None:
        self._reader = reader
        self._group = group
        self._clock = clock
        #: The last answers of all workers, their time, and the owners at that time.
        self._kept: tuple[float, Sequence[PartitionOwner], Gathered] | None = None

    async def part_here(self) -> WorkerPart:
        """The runs of this worker."""
        return WorkerPart({"runs": [asdict(run) for run in self._reader.runs()]})

    async def everything(self, fresh: Freshness = AS_IT_IS, until: float | None = None) -> KnownRuns:
        """The runs of all workers, as far as they answer; `until` as Group.until says."""
        owners, now = self._reader.owners(), self._clock()
        kept = self._kept if fresh == AS_IT_IS else None
        if kept is None or now - kept[0] > KEPT_SECONDS or kept[1] != owners:
            # A worker that did not answer is asked again next time.
            gathered = await self._group.gather("/runs", {}, self.part_here, fresh, until=until)
            self._kept = (now, owners, gathered) if gathered.complete else None
        else:
            gathered = kept[2]
        here = self._group.address
        others = [part for url, part in gathered.parts.items() if url != here]
        return KnownRuns(merged_runs([await self.part_here(), *others]), gathered.partitions)

    def chosen_here(self) -> ChosenRun:
        """The run that this worker would choose if it were alone."""
        return choose(self._reader.runs())

    async def chosen(self, fresh: Freshness = AS_IT_IS, until: float | None = None) -> ChosenRun:
        """The run that all workers choose where none is asked for.

        Raises the 503 where no live run is known, but a worker that may have one does not answer: a replay must not
        be taken for it. And where positions are not reached, so that whatever follows need not wait as well.
        """
        known = await self.everything(fresh, until)
        Freshness(fresh.min_position).check(known.partitions, len(known.partitions))
        chosen = choose(known.runs)
        if known.missing and not (chosen.run and chosen.run.is_live):
            raise errors.undecided(known.missing, RETRY_AFTER_SECONDS)
        return chosen


def merged_runs(parts: Sequence[WorkerPart]) -> list[RunInfo]:
    """The runs of several workers' parts, the one active last first."""
    return merge([RunInfo(**run) for part in parts for run in part.head["runs"]])
