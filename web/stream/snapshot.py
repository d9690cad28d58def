"""Makes snapshots: the newest signal of each symbol, from all workers' tables and from what has come since."""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from app.cooperative import in_turns
from web.line import Line
from web.partition_status import Status
from web.reader import Reader
from web.run_choice import ASKED_FOR, choose
from web.run_directory import RunDirectory
from web.stream.filter import StreamFilter
from web.stream.hub import Hub
from web.stream.intervals import USUAL, Intervals
from web.stream.partitions import Partitions
from web.stream.position import Vector, format_id
from web.stream.signal_batch import SignalBatch, SignalRecord
from web.workers.gather import WorkerGroup
from web.workers.part import WorkerPart

PATH = "/stream/local"
"""Where other workers ask for the newest signals of a worker's table."""

#: Names of more characters do not go into an address: all are asked for.
_MOST_NAMED = 4000


class Snapshot(NamedTuple):
    """The state at a position, in JSON."""

    run_id: str | None
    vector: Vector
    body: Sequence[bytes]

    def parts(self, wanted: StreamFilter) -> Iterator[bytes]:
        """The event."""
        yield f"id: {format_id(self.vector, wanted.run_in_id)}\nevent: snapshot\ndata: ".encode()
        yield from self.body
        yield b"\n\n"


async def newest_here(reader: Reader, run_id: str | None, symbols: frozenset[str] | None) -> WorkerPart:
    """The newest signals of this worker's table."""
    if run_id is None:
        return WorkerPart({})
    return WorkerPart({}, [line async for lines in reader.newest(run_id, symbols) for line in lines])


class Snapshots:
    """Makes snapshots; clients that come together and want the same share one."""

    def __init__(
        self, hub: Hub, reader: Reader, partitions: Partitions, group: WorkerGroup, intervals: Intervals = USUAL
    ) -> None:
        self._intervals = intervals
        self._hub, self._reader, self._partitions, self._group = hub, reader, partitions, group
        self._runs = RunDirectory(reader, group)
        self._making: dict[StreamFilter, asyncio.Task[Snapshot]] = {}

    async def of(self, wanted: StreamFilter) -> Snapshot:
        """The snapshot for a filter; its transitions do not matter: a state is a state."""
        key = StreamFilter(wanted.run_id, wanted.symbols)
        making = self._making.get(key)
        if making is None:
            making = self._making[key] = asyncio.create_task(self._make(key))
            making.add_done_callback(lambda _: self._making.pop(key, None))
        # Who is cut meanwhile must not take it from the others.
        return await asyncio.shield(making)

    async def _make(self, wanted: StreamFilter) -> Snapshot:
        await self._hub.known()
        run_id, reason = await self._run(wanted.run_id)
        wanted = StreamFilter(run_id, wanted.symbols)
        statuses, newest = await self._tables(run_id, wanted.symbols)
        # Tables follow the topic, so what lies in memory is as new or newer. From here to the end nothing waits
        # that moves the position.
        await self._hub.known()
        vector, batches = self._hub.position, list(self._hub.memory)
        assert vector is not None  # noqa: S101 - it is known
        loop = asyncio.get_running_loop()
        partitions = [self._partitions.entry(number, vector, status) for number, status in enumerate(statuses)]
        head = {
            "run_id": run_id,
            "run_reason": reason,
            "complete": all(status == "active" for status in statuses),
            "partitions": partitions,
        }
        body = await loop.run_in_executor(self._hub.encoder, self._body, head, newest, batches, wanted)
        return Snapshot(run_id, vector, body)

    async def _run(self, asked: str | None) -> tuple[str | None, str]:
        """The run, and why this one: the same as for lists."""
        if asked is not None:
            return asked, ASKED_FOR
        while True:
            known = await self._runs.everything()
            chosen = choose(known.runs)
            if not known.missing or (chosen.run and chosen.run.is_live):
                break
            await asyncio.sleep(self._intervals.ask_again)  # No replay passes for live; heartbeats are sent meanwhile.
            await self._hub.known()  # Ends with the worker.
        if chosen.run is None and (active := self._hub.active_run):
            return active, "active last"  # Its first bars are on the topic, and in no table yet.
        return chosen.run_id, chosen.reason

    async def _tables(self, run_id: str | None, symbols: frozenset[str] | None) -> tuple[list[Status], dict[str, Line]]:
        """The status of each partition, and the newest signals that tables have."""
        query = {} if run_id is None else {"run": run_id}
        if symbols is not None and len(names := ",".join(sorted(symbols))) <= _MOST_NAMED:
            query["symbols"] = names
        found = await self._group.gather(PATH, query, partial(newest_here, self._reader, run_id, symbols))
        newest: dict[str, Line] = {}
        async for line in in_turns(line for part in found.parts.values() for line in part.lines):
            if symbols is not None and line.symbol not in symbols:
                continue
            known = newest.get(line.symbol)
            if known is None or (line.timestamp, line.revision) > (known.timestamp, known.revision):
                newest[line.symbol] = line
        return [each.status for each in found.partitions], newest

    def _body(
        self, head: dict[str, Any], newest: dict[str, Line], batches: Sequence[SignalBatch], wanted: StreamFilter
    ) -> list[bytes]:
        """The event's data; in a thread."""
        found = newer(batches, wanted, newest)
        lines = {symbol: each.json for symbol, each in newest.items()}
        lines |= zip(found, self._hub.source.json(list(found.values())), strict=True)
        start = json.dumps(head, ensure_ascii=False, separators=(",", ":"))[:-1] + ',"signals":['
        return [start.encode() + b",".join(lines[symbol] for symbol in sorted(lines)) + b"]}"]


def newer(batches: Sequence[SignalBatch], wanted: StreamFilter, newest: Mapping[str, Line]) -> dict[str, SignalRecord]:
    """The newest record of each symbol, where it is newer than what is known."""
    found: dict[str, SignalRecord] = {}
    if wanted.run_id is None:
        return found
    for batch in batches:
        if wanted.run_id not in batch.runs:
            continue
        for record in batch.records:
            if wanted.wants(record):
                known = found.get(record.symbol) or newest.get(record.symbol)
                if known is None or (record.timestamp, record.revision) > (known.timestamp, known.revision):
                    found[record.symbol] = record
    return found
