"""A tenth of the traffic is poison of every kind, a worker is killed on the way, and what can be mended is replayed."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any, cast

from confluent_kafka import Producer
from fastavro import schemaless_writer

import schemas
from app.avro import schema as avro
from app.avro.serde import Encoder
from app.dead_letters.record import read_headers
from app.domain.records import MINUTE_MS, Bar
from app.kafka.clients import producer_config, registry
from app.kafka.topics import Topic
from tests.bars import OPENING_MS
from tests.harness.exactly_once import repeats
from tests.integration.command_line import Stocks, stocks
from tests.integration.conftest import Deploy
from tests.integration.deployment import Deployment
from tests.integration.random_bars import random_bars
from tests.integration.test_crashes import freeze_in_transaction
from tests.integration.test_dead_letters import POISON
from tests.integration.waiting import eventually

__all__ = ["stocks"]

SYMBOLS, MINUTES = 12, 120
Sent = tuple[str | None, bytes, bytes | None]
Place = tuple[str, int, int]


class NewerProducer:
    """Writes bars with a schema that is registered only later, under the next id."""

    def __init__(self, deployment: Deployment) -> None:
        self._registry = registry(deployment.settings)
        self._subject = deployment.topics.raw.subject
        unique = "".join(filter(str.isalnum, self._subject))
        source = schemas.load("bar")
        self._schema = {**source, "fields": [*source["fields"], {"name": unique, "type": "string", "default": ""}]}
        probe = {"type": "record", "name": unique, "fields": []}
        self.id = 1 + asyncio.run(self._registry.register(f"{self._subject}-probe", probe))

    def encode(self, bar: Bar) -> bytes:
        stream = BytesIO()
        stream.write(b"\x00" + self.id.to_bytes(4, "big"))
        schemaless_writer(stream, avro.parse(self._schema), bar)
        return stream.getvalue()

    def register(self) -> None:
        assert asyncio.run(self._registry.register(self._subject, self._schema)) == self.id


def registered(deployment: Deployment) -> Encoder:
    """An encoder of bars; the worker's schemas are registered too, so that the next id is still free."""
    encoder = Encoder("bar")
    for each, topic in (
        (Encoder("signal"), deployment.topics.signals),
        (encoder, deployment.topics.raw),
    ):
        asyncio.run(each.register(registry(deployment.settings), topic.subject))
    return encoder


def is_newer(bar: Bar) -> bool:
    """Two whole series, the last bars of a third, and one bar amid a fourth."""
    minute = (bar["timestamp"] - OPENING_MS) // MINUTE_MS
    return bar["symbol"] in ("S0000", "S0001") or (bar["symbol"], minute) in LATE or is_too_late(bar)


LATE = {("S0002", minute) for minute in range(MINUTES - 3, MINUTES)}


def is_too_late(bar: Bar) -> bool:
    return (bar["symbol"], bar["timestamp"]) == ("S0003", OPENING_MS + 40 * MINUTE_MS)


def traffic(bars: list[Bar], encoder: Encoder, newer: NewerProducer) -> Iterator[Sent]:
    """Reason, key and value: bars of the newer schema among the others, and each kind of poison in turn."""
    made = 0
    for index, bar in enumerate(bars):
        key = bar["symbol"].encode()
        if is_newer(bar):
            yield "unknown_schema", key, newer.encode(bar)
            continue
        yield None, key, encoder.encode(bar)
        if index > 30 * SYMBOLS and index % 7 == 0:
            reason, make = POISON[made % len(POISON)]
            made += 1
            early: Bar = {**bar, "timestamp": OPENING_MS - made * MINUTE_MS}
            yield reason, key, encoder.encode(early) if reason == "stale" else make(encoder)


def test_poison_is_listed_once_and_what_was_mended_gives_right_signals(deploy: Deploy, stocks: Stocks) -> None:
    deployment = deploy(partitions=2, batch_max=100)
    deployment.send([])
    encoder = registered(deployment)
    newer = NewerProducer(deployment)
    bars = list(random_bars(SYMBOLS, MINUTES, seed=11))
    sent = list(traffic(bars, encoder, newer))
    assert sum(reason is not None for reason, _, _ in sent) > len(sent) / 10
    deployment.send_raw((key, value) for _, key, value in sent)

    killed = deployment.start_worker().wait_ready()
    eventually(lambda: deployment.count(deployment.topics.dead_letters) > 0, 60, killed.tail)
    freeze_in_transaction(deployment, killed, random.Random(11))
    killed.kill()
    worker = deployment.start_worker().wait_ready()
    deployment.settle()
    assert worker.terminate() == 0
    written_once(deployment)
    # As a copy of the topic might hold them; who lists dead letters shows each once.
    written = deployment.messages(deployment.topics.dead_letters)[:50]
    send(
        deployment,
        deployment.topics.dead_letters,
        [(cast(int, each.partition()), each.key(), each.value(), each.headers()) for each in written],
    )
    poisoned = places(deployment, sent)
    accepted = [bar for bar in bars if not is_newer(bar)]
    assert wrong(deployment, accepted) == []
    assert listed(stocks, deployment) == poisoned
    summary = stocks(deployment.settings, "dead-letters", "list", "--summary", "--json")
    assert json.loads(summary.stdout) == Counter(poisoned.values())

    newer.register()
    check_shown(stocks, deployment, poisoned)
    replay(stocks, deployment)
    deployment.start_worker()
    deployment.settle()
    signals = deployment.signals()
    assert wrong(deployment, [bar for bar in bars if not is_too_late(bar)]) == []
    replay(stocks, deployment)
    deployment.settle()
    assert len(deployment.signals()) == len(signals), "duplicates make no signals"
    stale = Counter(listed(stocks, deployment).values()) - Counter(poisoned.values())
    # A window of 60 bars knows its duplicates; older ones are too late the second time.
    assert stale == {"stale": 2 + 2 * (MINUTES - 60)}


def written_once(deployment: Deployment) -> None:
    sources = [
        (headers["topic"], headers["partition"], headers["offset"])
        for letter in deployment.messages(deployment.topics.dead_letters)
        if (headers := read_headers(letter.headers()))
    ]
    assert repeats(sources) == []


def send(deployment: Deployment, topic: Topic, records: Iterable[tuple[int, bytes | None, bytes | None, Any]]) -> None:
    producer = Producer(producer_config(deployment.settings))
    for partition, key, value, headers in records:
        producer.produce(topic.name, value, key, partition, headers=headers)
    assert producer.flush(20) == 0


def places(deployment: Deployment, sent: list[Sent]) -> dict[Place, str]:
    """The reason of each poison by its place: a key's records are on one partition, in order."""
    waiting: dict[bytes, list[str | None]] = {}
    for reason, key, _ in sent:
        waiting.setdefault(key, []).append(reason)
    raw = deployment.topics.raw.name
    found: dict[Place, str] = {}
    for message in deployment.messages(deployment.topics.raw):
        reason = waiting[cast(bytes, message.key())].pop(0)
        if reason is not None:
            found[raw, cast(int, message.partition()), cast(int, message.offset())] = reason
    return found


def listed(stocks: Stocks, deployment: Deployment) -> dict[Place, str]:
    result = stocks(deployment.settings, "dead-letters", "list", "--json")
    assert result.exit_code == 0, result.output
    letters: list[dict[str, Any]] = [json.loads(line) for line in result.stdout.splitlines()]
    named = {(letter["topic"], letter["partition"], letter["offset"]): letter["reason"] for letter in letters}
    assert len(named) == len(letters), "one is listed twice"
    return named


def check_shown(stocks: Stocks, deployment: Deployment, poisoned: dict[Place, str]) -> None:
    """One that can be decoded now, and one that never can."""
    for reason, shown in (
        ("unknown_schema", ["would be read now", '"symbol": "S000', '"timestamp": "2024-11-14T14:30:00Z"']),
        ("not_avro", ["would come back: not_avro", "cannot be decoded", "\n  000000  "]),
    ):
        of_raw = (
            place for place, each in poisoned.items() if each == reason and place[0] == deployment.topics.raw.name
        )
        topic, partition, offset = next(of_raw)
        result = stocks(deployment.settings, "dead-letters", "show", f"{topic}[{partition}]@{offset}")
        assert all(each in result.stdout for each in shown), result.output


def replay(stocks: Stocks, deployment: Deployment) -> None:
    """Replay what can be read now: the bars of the newer schema, not those that name nobody's."""
    count = str(2 * MINUTES + len(LATE) + 1)
    dry = stocks(deployment.settings, "dead-letters", "replay", "--dry-run")
    assert f"  {count} would be read now:\n    {count} unknown_schema\n" in dry.stdout
    asked = stocks(deployment.settings, "dead-letters", "replay")
    assert asked.exit_code == 1
    before = deployment.count(deployment.topics.raw)
    done = stocks(deployment.settings, "dead-letters", "replay", "--yes")
    assert f"Sent {count}, all acknowledged." in done.stdout, done.output
    assert deployment.count(deployment.topics.raw) == before + int(count)


def wrong(deployment: Deployment, accepted: list[Bar]) -> list[str]:
    return deployment.wrong_signals(accepted)
