"""Judges what a round left in Kafka by what lies in the raw topic: numpy says what the signals must be."""

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

from app.kafka.topics import topics
from app.settings import Settings
from tests.harness.chaos.commits import Observation
from tests.harness.chaos.round import Round
from tests.harness.chaos.share import Share, Spans, judge_share

#: Records of the raw topic that are judged at once; each takes some five kilobytes until then.
SHARE_RECORDS = 400_000

Map = Callable[..., Iterable[Any]]


class Audit:
    """Audits a deployment round by round; the bars of each round are of a run of its own."""

    def __init__(self, settings: Settings, say: Callable[[str], None]) -> None:
        self._settings = settings
        self._raw = topics(settings).raw.name
        self._say = say

    def round(self, run_id: str, numbers: range, spans: Spans, observations: Sequence[Observation]) -> Round:
        """Read and judge a round, in which the records of these numbers were sent."""
        found = Round(observations=len(observations))
        unseen = set(numbers)
        shares = list(self._shares(spans))
        long = len(numbers) > SHARE_RECORDS
        with mapping(long) as judged:
            each = partial(judge_share, sendable(self._settings), run_id, spans, observations)
            for done, (part, seen) in enumerate(judged(each, shares), 1):
                found.add(part)
                unseen -= seen
                if long:
                    self._say(f"    {done} of {len(shares)} shares judged, {len(found.problems)} problems")
        if unseen:
            found.problems.append(
                f"{len(unseen)} records that the broker confirmed are not in the raw topic: {min(unseen)}…"
            )
        return found

    def _shares(self, spans: Spans) -> Iterator[Share]:
        for partition, (first, end) in spans[self._raw].items():
            shares = 1 + (end - first) // SHARE_RECORDS
            yield from (Share(partition, number, shares) for number in range(shares))


def sendable(settings: Settings) -> Settings:
    """The same without what was computed from them (the strategy's functions), which no other process can be sent."""
    return Settings.model_construct(**{name: getattr(settings, name) for name in Settings.model_fields})


@contextmanager
def mapping(parallel: bool) -> Iterator[Map]:
    """Python's `map`; `parallel` in a process for each core, new for each share, so that its memory is free again."""
    if not parallel:
        yield map
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), context, max_tasks_per_child=1) as pool:
        yield pool.map
