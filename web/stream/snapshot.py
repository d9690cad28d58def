"""How things are now: the newest signal of each symbol, from all workers' tables and what has come since."""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from app.domain.records import Signal
from web.reader import Reader
from web.run_choice import ASKED_FOR, choose, merge
from web.signal_out import signal_out
from web.stream.batch import Batch, Record
from web.stream.filter import StreamFilter
from web.stream.hub import Hub
from web.stream.partitions import Partitions
from web.stream.position import Vector, format_id

#: How long other workers may take, in seconds.
DEADLINE = 3.0


class Newest(NamedTuple):
    """The newest signal of a symbol: bar's start (UTC, milliseconds since 1970), revision, and its JSON."""

    timestamp: int
    revision: int
    json: bytes


class Answer(NamedTuple):
    """What a worker says: the partitions it has, whether it is restoring them, and the newest signal by symbol."""

    partitions: frozenset[int]
    is_recovering: bool
    newest: Mapping[str, Newest]


class Peers(Protocol):
    """The other workers."""

    async def newest(self, url: str, run_id: str, symbols: frozenset[str] | None) -> Answer | None:
        """What the worker there has; None when it cannot be asked."""


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


async def local_newest(reader: Reader, run_id: str | None, symbols: frozenset[str] | None, partitions: int) -> Answer:
    """What this worker's tables say."""
    missing = {each.partition for each in reader.missing_partitions()}
    held = frozenset(range(partitions)) - missing
    if reader.readiness().recovering:
        return Answer(held, True, {})
    found: dict[str, Newest] = {}
    if run_id is not None:
        async for signal in reader.newest(run_id, symbols):
            found[signal["symbol"]] = newest_of(signal)
    return Answer(held, False, found)


def newest_of(signal: Signal) -> Newest:
    """The JSON of a signal, and what tells whether it is the newest."""
    return Newest(signal["timestamp"], signal["revision"], signal_out(signal).model_dump_json().encode())


class Snapshots:
    """Makes snapshots; clients that come together and want the same share one."""

    def __init__(self, hub: Hub, reader: Reader, partitions: Partitions, peers: Peers) -> None:
        self._hub, self._reader, self._partitions, self._peers = hub, reader, partitions, peers
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
        partitions = [self._partitions.told(number, vector, status) for number, status in enumerate(statuses)]
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
        elsewhere = await self._reader.runs_elsewhere()
        chosen = choose(merge([*self._reader.runs(), *elsewhere.runs]))
        if chosen.run is None and (active := self._hub.active_run):
            return active, "active last"  # Its first bars are on the topic, and in no table yet.
        return chosen.run_id, chosen.reason

    async def _tables(self, run_id: str | None, symbols: frozenset[str] | None) -> tuple[list[str], dict[str, Newest]]:
        """The status of each partition, and the newest signals that tables have."""
        owners = self._partitions.owners()
        urls = sorted({url for is_here, url in owners if url and not is_here})
        asked = [local_newest(self._reader, run_id, symbols, len(owners))]
        others = [self._peers.newest(url, run_id, symbols) for url in urls] if run_id is not None else []
        here, *answers = await asyncio.gather(*asked, *others)
        by_url = dict(zip(urls, answers, strict=False))
        statuses = []
        for number, (is_here, url) in enumerate(owners):
            if is_here:
                statuses.append(_status(here, number))
            elif url is None:
                statuses.append("unassigned")
            else:
                statuses.append(_status(by_url.get(url), number) if run_id is not None else "active")
        newest: dict[str, Newest] = {}
        for answer in (here, *answers):
            for symbol, each in answer.newest.items() if answer else ():
                if symbol not in newest or each[:2] > newest[symbol][:2]:
                    newest[symbol] = each
        return statuses, newest

    def _body(
        self, head: dict[str, Any], newest: dict[str, Newest], batches: Sequence[Batch], wanted: StreamFilter
    ) -> list[bytes]:
        """The event's data; in a thread."""
        found = newer(batches, wanted, newest)
        lines = {symbol: each.json for symbol, each in newest.items()}
        lines |= zip(found, self._hub.source.json(list(found.values())), strict=True)
        start = json.dumps(head, ensure_ascii=False, separators=(",", ":"))[:-1] + ',"signals":['
        return [start.encode() + b",".join(lines[symbol] for symbol in sorted(lines)) + b"]}"]


def newer(batches: Sequence[Batch], wanted: StreamFilter, newest: Mapping[str, Newest]) -> dict[str, Record]:
    """The newest record of each symbol, where it is newer than what is known."""
    found: dict[str, Record] = {}
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


def _status(answer: Answer | None, partition: int) -> str:
    if answer is None:
        return "unreachable"
    if partition not in answer.partitions:
        return "unassigned"
    return "recovering" if answer.is_recovering else "active"
