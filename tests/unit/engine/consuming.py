"""A consumer's partitions, and seeking one of them."""

from faust.types import TP

from app.engine.consumer import BatchConsumer
from app.engine.offset_tracker import OffsetTracker
from tests.unit.engine.made import CHANGELOG, SOURCE

OTHER = TP(SOURCE.topic, 1)
CHANGELOG_TP = TP(CHANGELOG, 0)


def sought(consumer: BatchConsumer, tp: TP, offset: int) -> OffsetTracker:
    tracker = consumer.fetcher.trackers[tp] = OffsetTracker(tp)
    tracker.seek(offset)
    return tracker
