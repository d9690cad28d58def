"""A deployment of the system on the tests' stack: topics of its own, workers as processes."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import httpx
from confluent_kafka import Consumer, KafkaException, Message, Producer, TopicPartition

from app.broker import Broker
from app.clients import consumer_config, producer_config, registry
from app.domain.records import Bar, Signal
from app.serde import Decoder, Encoder
from app.settings import Settings
from app.stack.ports import any_free_port
from app.topic_admin import create, ensure_topics
from app.topics import Topic, topics
from tests.integration.waiting import eventually
from tests.oracle import differences, final_signals

ROOT = Path(__file__).parents[2]


class WorkerProcess:
    """`faust -A app.main worker` as a child process; of `program`, with more `options`."""

    def __init__(
        self, environment: Mapping[str, str], log: Path, program: str = "app.main", options: Sequence[str] = ()
    ) -> None:
        self.url = f"http://127.0.0.1:{environment['API_PORT']}"
        # A client for each request would read all certificates each time; tests ask thousands of times.
        self._api = httpx.Client(base_url=self.url, timeout=10, trust_env=False)
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "faust", "-A", program, "worker", "-l", "info", *options],
                cwd=ROOT,
                env=dict(environment),
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def get(self, path: str) -> httpx.Response:
        return self._api.get(path)

    def follow(self, path: str) -> httpx.Response:
        """The answer of the worker that has it."""
        return self._api.get(path, follow_redirects=True)

    def is_ready(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"the worker ended with {self.process.returncode}:\n{self.tail()}")
        try:
            return self.get("/ready").status_code == 200
        except httpx.TransportError:
            return False

    def tail(self, characters: int = 4000) -> str:
        return self.log.read_text(errors="replace")[-characters:]

    def wait_ready(self, seconds: float = 60) -> "WorkerProcess":
        eventually(self.is_ready, seconds, lambda: f"the worker is not ready:\n{self.tail()}")
        return self

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self._api.close()

    def terminate(self, seconds: float = 10) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)


class Deployment:
    """Topics, consumer group, settings and workers with names of their own."""

    def __init__(self, kafka: str, schema_registry: str, directory: Path, name: str, **settings: Any) -> None:
        self.directory = directory
        self._changed = {
            "KAFKA_BOOTSTRAP": kafka,
            "SCHEMA_REGISTRY_URL": schema_registry,
            "TOPIC_PREFIX": f"{name}.",
            "SESSION_SECONDS": "6",
            **{key.upper(): str(value) for key, value in settings.items()},
        }
        chosen: dict[str, Any] = {"_env_file": None, **{key.lower(): value for key, value in self._changed.items()}}
        self.settings = Settings(**chosen)
        self.topics = topics(self.settings)
        self._observer = self._observe()
        self.workers: list[WorkerProcess] = []

    def _observe(self) -> Consumer:
        """A client in the workers' group, to see what they committed; it never joins."""
        return Consumer(consumer_config(self.settings, self.settings.id))

    def start_worker(
        self, data: str = "data", program: str = "app.main", options: Sequence[str] = (), /, **changed: Any
    ) -> WorkerProcess:
        environment = {
            **os.environ,
            **self._changed,
            "DATA_DIR": str(self.directory / data),
            "API_PORT": str(any_free_port()),
            **{key: str(value) for key, value in changed.items()},
        }
        worker = WorkerProcess(environment, self.directory / f"worker-{data}.log", program, options)
        self.workers.append(worker)
        return worker

    def close(self) -> None:
        for worker in self.workers:
            worker.kill()
        self._observer.close()

    def send(self, bars: Iterable[Bar]) -> int:
        """Send bars as the producer would; returns how many."""
        ensure_topics(self.settings)
        encoder = Encoder("bar")
        asyncio.run(encoder.register(registry(self.settings), self.topics.raw.subject))
        return self.send_raw((bar["symbol"].encode(), encoder.encode(bar)) for bar in bars)

    def create_topics(self, without: str) -> None:
        """Create all topics by hand but one."""
        wanted = [topic for topic in self.topics if not topic.name.endswith(without)]
        create(Broker(self.settings), wanted, replication_factor=1)

    def send_raw(self, records: Iterable[tuple[bytes | None, bytes | None]]) -> int:
        """Send keys and values as they are."""
        producer = Producer(producer_config(self.settings))
        sent = 0
        for key, value in records:
            while True:
                try:
                    producer.produce(self.topics.raw.name, value, key)
                    break
                except BufferError:
                    producer.poll(0.1)
            sent += 1
        assert producer.flush(60) == 0
        return sent

    def messages(self, topic: Topic, last: int | None = None) -> list[Message]:
        """All records of a topic, or the last of each partition, up to its end as it stands now."""
        consumer = Consumer(consumer_config(self.settings, "test-reader"))
        found: list[Message] = []
        ends = {}
        assignment = []
        for partition in range(topic.partitions):
            low, high = consumer.get_watermark_offsets(TopicPartition(topic.name, partition), timeout=10)
            start = low if last is None else max(low, high - last)
            if start < high:
                ends[partition] = high
                assignment.append(TopicPartition(topic.name, partition, start))
        consumer.assign(assignment)
        while ends:
            for message in consumer.consume(10_000, 0.5):
                assert message.error() is None, message.error()
                found.append(message)
            for place in consumer.position([TopicPartition(topic.name, partition) for partition in ends]):
                if place.offset >= ends[place.partition]:
                    del ends[place.partition]
        consumer.close()
        return found

    def records(self, topic: Topic, last: int | None = None) -> list[dict[str, Any]]:
        """The decoded records of a topic."""
        messages = self.messages(topic, last)
        decoder = Decoder(registry(self.settings), cast(str, topic.schema))
        values = [message.value() for message in messages]
        asyncio.run(decoder.prepare(cast(list[bytes], values)))
        return [decoder.decode(cast(bytes, value)) for value in values]

    def signals(self) -> list[Signal]:
        return cast(list[Signal], self.records(self.topics.signals))

    def wrong_signals(self, bars: Iterable[Bar]) -> list[str]:
        """Sentences that tell where the last revisions are not what these bars come to."""
        return differences(final_signals(bars, self.settings.strategy), final(self.signals()))

    def count(self, topic: Topic) -> int:
        """Records of a topic by its offsets."""
        return sum(high for _, high in self.watermarks(topic).values())

    def watermarks(self, topic: Topic) -> dict[int, tuple[int, int]]:
        return {
            partition: self._observer.get_watermark_offsets(TopicPartition(topic.name, partition), timeout=10)
            for partition in range(topic.partitions)
        }

    def lag(self) -> int:
        """Records that the group has not committed."""
        try:
            return self._lag_of(self.topics.raw)
        except KafkaException:
            # librdkafka may wait for minutes for a leader that is gone, or an answer that was lost.
            self._observer.close()
            self._observer = self._observe()
            raise

    def _lag_of(self, topic: Topic) -> int:
        places = [TopicPartition(topic.name, partition) for partition in range(topic.partitions)]
        committed = self._observer.committed(places, timeout=10)
        ends = self.watermarks(topic)
        return sum(ends[place.partition][1] - max(place.offset, 0) for place in committed)

    def settle(self, seconds: float = 120) -> None:
        """Wait until everything sent has been processed and is committed."""
        eventually(self._is_settled, seconds, lambda: f"a lag of {self.lag()}\n{self.workers[-1].tail()}")

    def _is_settled(self) -> bool:
        try:
            return self.lag() == 0
        except KafkaException:  # A broker that has just come back cannot tell yet.
            return False


def final(signals: Sequence[Signal]) -> list[Signal]:
    """The last revision of each signal; asserts that signals of one id are one signal."""
    by_id: dict[str, list[Signal]] = defaultdict(list)
    for each in signals:
        by_id[each["id"]].append(each)
    for same in by_id.values():
        assert all(without_time(each) == without_time(same[0]) for each in same), same
    last: dict[tuple[str, str, int], Signal] = {}
    for each in signals:
        key = (each["run_id"], each["symbol"], each["timestamp"])
        if key not in last or each["revision"] > last[key]["revision"]:
            last[key] = each
    return list(last.values())


def without_time(record: Signal) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key != "emitted_at"}
