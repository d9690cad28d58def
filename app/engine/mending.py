"""Writing a partition of a changelog again, where the records of another worker stand behind its newest ones.

A worker that was paused in mid-batch may write when its successor already has. Restoring
keeps of each key the value with the higher source position; compaction, an hour later,
would keep the later record. So whoever holds a partition watches for records that it has
neither restored nor written, and for old values behind newer ones where it restores, and
puts all its values behind them.
"""

import logging
from typing import cast

from faust.types import TP

from app.engine.app import BatchApp
from app.engine.delivery import Delivery
from app.engine.fence import Fence
from app.engine.table import BatchTable

log = logging.getLogger(__name__)

#: How often to look; compaction takes nothing that is younger than an hour (app/topics.py).
LOOK_SECONDS = 10.0


async def mend(table: BatchTable, delivery: Delivery) -> None:
    """Write the partitions again that somebody else wrote to. No batch may be written meanwhile.

    Raises NotDelivered, Abandoned: then the next look finds the same.
    """
    app = cast(BatchApp, table.app)
    changelog = table.changelog_topic.get_topic_name()
    ends = await app.batch_consumer.fetcher.ends({TP(changelog, partition) for partition in table.held})
    for tp, end in ends.items():
        if tp.partition not in table.held:
            continue
        strange = end - 1 - table.persisted_offset(tp)
        if strange <= 0 and tp.partition not in table.outdated:
            continue
        log.warning(
            "%s[%d]: another worker, paused until now perhaps, wrote behind this one's records; writing all %s again",
            changelog,
            tp.partition,
            table.name,
        )
        fence = Fence(app, TP(table.source_topic, tp.partition), app.consumer_generation_id)
        await fence.pass_()
        entries = table.all_entries(tp.partition)
        offset = await delivery.send(table.changelog(tp.partition, entries), fence.wanted)
        await fence.pass_()
        table.keep_offset(tp.partition, offset)
        table.outdated.discard(tp.partition)
