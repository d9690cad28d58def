"""Reports partitions that stand still: a gauge on /metrics, sentences for /ready, lines in the worker's log."""

import logging
import time
from collections.abc import Callable, Collection

from confluent_kafka.admin import AdminClient

from app import metrics
from app.kafka.clients import admin_config
from app.kafka.stable_offsets import StableOffsets
from app.kafka.stalls import PartitionPlace, stall_limit
from app.kafka.topics import topics
from app.settings import Settings

log = logging.getLogger(__name__)


class StallWatch:
    """Watches the partitions that a worker holds, in all topics of the deployment.

    Only these, so that one stalled partition makes one worker unready and not all of them.
    """

    def __init__(
        self,
        settings: Settings,
        admin: AdminClient | None = None,
        clock: Callable[[], float] = time.monotonic,
        limit_seconds: float | None = None,
    ) -> None:
        """Open no connection; raises ClusterMissing where neither an admin client nor an address is given."""
        limit = stall_limit(settings.transaction_seconds) if limit_seconds is None else limit_seconds
        self._offsets = StableOffsets(admin or AdminClient(admin_config(settings)), limit, clock)
        self._topics = [topic.name for topic in topics(settings)]
        self._known: frozenset[PartitionPlace] = frozenset()

    def look(self, partitions: Collection[int]) -> list[str]:
        """Ask the broker, set the gauge, and return a sentence for each of these partitions that is stalled.

        To be called about every 5 s, in a thread: it blocks for 12 s at most. Never raises for a broker that is away.
        """
        stalls = self._offsets.ask([(name, partition) for name in self._topics for partition in partitions])
        metrics.stalled.show((stall.topic, stall.partition, stall.seconds) for stall in stalls)
        found = frozenset((stall.topic, stall.partition) for stall in stalls)
        for stall in stalls:
            if (stall.topic, stall.partition) not in self._known:
                place = {"topic": stall.topic, "partition": stall.partition, "offset": stall.stable_offset}
                log.error("%s", stall.sentence, extra=place)
        for topic, partition in sorted(self._known - found):
            log.warning(
                "%s[%d] does not stand still any more, or is not this worker's",
                topic,
                partition,
                extra={"topic": topic, "partition": partition},
            )
        self._known = found
        return [stall.sentence for stall in stalls]
