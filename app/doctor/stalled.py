"""Whether readers of committed records stand still anywhere, because of a transaction that nobody ends."""

import time
from collections.abc import Callable, Iterator

from app.doctor.finding import Finding
from app.doctor.transactions import CHECK
from app.kafka.broker import Broker
from app.kafka.stable_offsets import StableOffsets
from app.kafka.stalls import PartitionPlace, stall_limit
from app.kafka.topic_admin import describe
from app.kafka.topics import topics
from app.settings import Settings

_PAUSE_SECONDS = 1.0
# For a broker that answers late.
_SPARE_SECONDS = 10.0


def check_stalled(
    settings: Settings,
    broker: Broker,
    limit_seconds: float | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Finding]:
    """Look at all partitions, and wait until each has moved or stood still beyond the limit.

    That is at once where nobody writes, a second or two where workers do, half a minute where something is wrong.
    Raises BrokerUnavailable.
    """
    limit = stall_limit(settings.transaction_seconds) if limit_seconds is None else limit_seconds
    there = describe(broker, [topic.name for topic in topics(settings)])
    places = [(name, partition.id) for name, description in there.items() for partition in description.partitions]
    offsets = StableOffsets(broker.admin, limit)
    until = time.monotonic() + limit + _SPARE_SECONDS
    # Still to be judged, and those of them that have waited for a transaction when looked at before.
    left, seen_waiting = frozenset(places), set[PartitionPlace]()
    while True:
        stalls = offsets.ask(left)
        standing = offsets.standing()
        # One that has moved, if only to the next transaction, is not at fault. A new topic may not answer yet.
        left = offsets.unanswered | {place for place in standing if standing[place] or place not in seen_waiting}
        seen_waiting.update(standing)
        silent = left - {(stall.topic, stall.partition) for stall in stalls}
        if not silent or time.monotonic() > until:
            break
        sleep(_PAUSE_SECONDS)
    for stall in stalls:
        yield Finding("broken", CHECK, stall.message, stall.fix)
    if silent:
        message = f"{len(silent)} partitions did not say whether their readers stand still"
        yield Finding("warning", CHECK, message, "run it again; if it stays, look at the brokers' logs")
    elif not stalls:
        yield Finding("ok", CHECK, f"no reader of the {len(places)} partitions stands still")
