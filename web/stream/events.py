"""Server-sent events as bytes."""

import json
import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from web.stream.filter import StreamFilter
from web.stream.position import Ids, Vector, run_suffix
from web.stream.signal_batch import SignalBatch, SignalRecord
from web.stream.signal_source import SignalSource

Json = dict[int, bytes]

HEARTBEAT = b":\n\n"

#: Bytes written at once: more would lie in the server's memory for who does not read.
PIECE = 32 * 1024


def opening() -> bytes:
    """The first bytes: after a cut a client waits 1 to 4 s, not all clients the same."""
    return b"retry: %d\n\n" % random.randint(1000, 4000)  # noqa: S311 - no secret


def event(name: str, id_: str | None, data: bytes) -> bytes:
    """One event; the data is JSON, which has no line breaks."""
    head = f"id: {id_}\nevent: {name}\ndata: " if id_ is not None else f"event: {name}\ndata: "
    return head.encode() + data + b"\n\n"


def json_event(name: str, id_: str | None, data: Any) -> bytes:
    """One event whose data is made into JSON here."""
    return event(name, id_, json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode())


def pieces(data: bytes) -> Iterator[bytes]:
    """Data in the sizes in which it is written."""
    for start in range(0, len(data), PIECE):
        yield data[start : start + PIECE]


def make_json(source: SignalSource, batch: SignalBatch, indexes: Iterable[int]) -> Json:
    """The JSON of these records, which the batch keeps; for the encoder's thread, or for few.

    The batch may be cooled before the caller goes on, so use what is returned.
    """
    made = batch.json
    missing = [index for index in indexes if index not in made]
    found = source.json([batch.records[index] for index in missing])
    made.update(zip(missing, found, strict=True))
    return made


def shared_events(batch: SignalBatch, wanted: StreamFilter, indexes: Sequence[int], made: Json) -> bytes:
    """The events for all who have read everything before the batch and want the same, of JSON by index."""
    known = batch.events.get(wanted)
    if known is None:
        suffix, ids = run_suffix(wanted.run_in_id), batch.ids
        known = b"".join([event("signal", ids[index] + suffix, made[index]) for index in indexes])
        batch.events[wanted] = known
    return known


def own_events(batch: SignalBatch, vector: Vector, wanted: StreamFilter, indexes: Sequence[int], made: Json) -> bytes:
    """The events for who has read parts of the batch, or not everything before it, of JSON by index."""
    ids, chosen, suffix = Ids(vector), set(indexes), run_suffix(wanted.run_in_id)
    found = []
    for index, record in enumerate(batch.records):
        if is_new(record, vector):
            ids.pass_by(record.partition, record.offset)
            if index in chosen:
                found.append(event("signal", f"{ids}{suffix}", made[index]))
    return b"".join(found)


def is_new(record: SignalRecord, vector: Vector) -> bool:
    """Whether a record lies behind a position."""
    return record.offset >= vector[record.partition]
