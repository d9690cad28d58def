"""The worker as a next version might be: a third agent, on a topic that this one only writes, with a table of its own.

Run as `faust -A tests.integration.next_version worker`. It counts the signals of each series.
"""

import struct
from collections.abc import Sequence

from faust.types import StreamT
from mode.supervisors import CrashingSupervisor

from app.engine.batch import Batch, Record
from app.engine.restoring import Position
from app.engine.table import BatchTable
from app.engine.work import Work, Worker
from app.main import app
from app.worker import catalogue

# The offset of the last signal counted, and how many there were; the topic's id follows.
_LAYOUT = struct.Struct("<qq")


def position_of(value: bytes) -> Position:
    """The signals topic's id, and the offset of the last signal counted."""
    offset, _ = _LAYOUT.unpack_from(value)
    return value[_LAYOUT.size :].decode(), offset


counts = BatchTable(
    app,
    name="counts",
    source_topic=catalogue.signals.name,
    partitions=catalogue.signals.partitions,
    position_of=position_of,
)
app.tables.add(counts)


async def compute(batch: Batch, records: Sequence[Record]) -> Work:
    """Add the signals to what their keys had."""
    topic_id = app.topic_ids[batch.tp.topic]
    work = Work()
    for record in records:
        key = record.key or b""
        before = work.changes.get(key) or counts.read(batch.partition, key)
        work.changes[key] = (
            _LAYOUT.pack(record.offset, _LAYOUT.unpack_from(before)[1] + 1 if before else 1) + topic_id.encode()
        )
    return work


worker = Worker("counts", counts, app.delivery(), catalogue.dead_letters.name, compute)


@app.agent(app.batches(catalogue.signals.name), name="counts", supervisor_strategy=CrashingSupervisor)
async def counting(stream: StreamT[Batch]) -> None:
    """Count the signals."""
    await worker.run(stream)
