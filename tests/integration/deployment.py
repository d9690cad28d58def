"""A deployment of the system on the tests' stack: topics of its own, workers as processes."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

import httpx
from confluent_kafka import Message, Producer

from app.avro.serde import Decoder, Encoder
from app.domain.records import Bar, Signal
from app.engine.batch import ProducerRecord
from app.engine.full_queue import BY_KEY, produce_all
from app.kafka.broker import Broker
from app.kafka.clients import producer_config, registry
from app.kafka.topic_admin import create, ensure_topics
from app.kafka.topics import Topic, topics
from app.settings import Settings
from tests.harness.chaos.topic_records import Spans, ends, read
from tests.harness.exactly_once import wrong_delivery
from tests.harness.forked_faust import ROOT, ForkedFaust
from tests.harness.held_port import held_port
from tests.harness.http_client import http_client
from tests.harness.oracle import differences, final_signals
from tests.integration.counting import RecordCount
from tests.integration.group_view import GroupView
from tests.integration.waiting import START_SECONDS, eventually


class DeployedWorker:
    """`faust -A app.main worker` as a child process; of `program`, with more `options`.

    A fork of what has imported all but the program starts 3 s of CPU time earlier. With `forked=False` it is started
    as a user starts it, where that is what a test is about, or where the program changes what is imported.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        log: Path,
        program: str = "app.main",
        options: Sequence[str] = (),
        *,
        forked: bool = True,
    ) -> None:
        self.url = f"http://127.0.0.1:{environment['API_PORT']}"
        # It ends idle connections before the worker does: ends cross questions.
        limits = httpx.Limits(keepalive_expiry=2)
        # An answer may take a worker 14 s, for it asks the others.
        self._api = http_client(base_url=self.url, timeout=30, limits=limits)
        self.log = log
        arguments = ["-A", program, "worker", "-l", "info", *options]
        self.process: subprocess.Popen[bytes] | ForkedFaust
        if forked:
            self.process = ForkedFaust(arguments, environment, log)
            return
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "faust", *arguments],
                cwd=ROOT,
                env=dict(environment),
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def get(self, path: str) -> httpx.Response:
        return self._api.get(path)

    def held(self) -> int:
        """How many partitions it says that it holds, with its tables restored; 0 while it is not asked for data."""
        answer = self.get("/runs?scope=local")
        return len(answer.json()["partitions"]) if answer.is_success else 0

    def is_ready(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"the worker ended with {self.process.returncode}:\n{self.tail()}")
        try:
            return self.get("/ready").status_code == 200
        except httpx.TransportError:
            return False

    def tail(self, characters: int = 4000) -> str:
        return self.log.read_text(errors="replace")[-characters:]

    def wait_ready(self, seconds: float = START_SECONDS) -> "DeployedWorker":
        """Wait until the worker is ready."""
        eventually(self.is_ready, seconds, lambda: f"the worker is not ready:\n{self.tail()}")
        return self

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self._api.close()

    def wait_ended(self, seconds: float = START_SECONDS) -> int:
        """The status of a worker that ends by itself; as for `wait_ready`, its start alone may take long."""
        eventually(lambda: self.process.poll() is not None, seconds, lambda: f"the worker still runs:\n{self.tail()}")
        return self.process.wait()

    def terminate(self, seconds: float = 30) -> int:
        """Its status after SIGTERM; a container's grace period (docker-compose.yml) is what it has for that."""
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
        self._group = GroupView(self.settings)
        self._counters: dict[tuple[str, bool], RecordCount] = {}
        self.workers: list[DeployedWorker] = []
        self._ports = ExitStack()

    def start_worker(
        self,
        data: str = "data",
        program: str = "app.main",
        options: Sequence[str] = (),
        /,
        *,
        forked: bool = True,
        **changed: Any,
    ) -> DeployedWorker:
        environment = {
            **os.environ,
            **self._changed,
            "DATA_DIR": str(self.directory / data),
            "API_PORT": str(self.port()),
            **{key: str(value) for key, value in changed.items()},
        }
        worker = DeployedWorker(environment, self.directory / f"worker-{data}.log", program, options, forked=forked)
        self.workers.append(worker)
        return worker

    def port(self) -> int:
        """A port that no other program is given while this is open."""
        return self._ports.enter_context(held_port())

    def start_workers(self, names: Iterable[str], program: str = "app.main", /, **changed: Any) -> list[DeployedWorker]:
        """One for each name, which all start at the same time; they are ready."""
        started = [self.start_worker(name, program, **changed) for name in names]
        for worker in started:
            worker.wait_ready()
        return started

    def close(self) -> None:
        for worker in self.workers:
            worker.kill()
        self._group.close()
        for counter in self._counters.values():
            counter.close()
        self._ports.close()

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
        given = [ProducerRecord(self.topics.raw.name, key, value, BY_KEY) for key, value in records]
        produce_all(producer, given)
        assert producer.flush(60) == 0
        return len(given)

    def messages(self, topic: Topic, last: int | None = None) -> list[Message]:
        """All committed records of a topic up to its end as it stands now, or those of so many last offsets."""
        spans: Spans = ends(self.settings, topic.name)
        if last is not None:
            spans = {partition: (max(low, high - last), high) for partition, (low, high) in spans.items()}
        return list(read(self.settings, topic.name, spans))

    def records(self, topic: Topic, last: int | None = None) -> list[dict[str, Any]]:
        """The decoded records of a topic."""
        return self._decoded(topic, self.messages(topic, last))

    def _decoded(self, topic: Topic, messages: Sequence[Message]) -> list[dict[str, Any]]:
        decoder = Decoder(registry(self.settings), cast(str, topic.schema))
        values = [message.value() for message in messages]
        asyncio.run(decoder.prepare(cast(list[bytes], values)))
        return [decoder.decode(cast(bytes, value)) for value in values]

    def signals(self) -> list[Signal]:
        return cast(list[Signal], self.records(self.topics.signals))

    def wrong_signals(self, bars: Iterable[Bar]) -> list[str]:
        """Sentences that tell where signals are not what these bars come to, or not there once each and in order."""
        messages = self.messages(self.topics.signals)
        signals = cast(list[Signal], self._decoded(self.topics.signals, messages))
        if wrong := wrong_delivery(signals):
            places = defaultdict(list)
            for message, signal in zip(messages, signals, strict=True):
                places[signal["id"]].append(f"{message.partition()}:{message.offset()}")
            return [*wrong, *(f"{each} lies at {', '.join(found)}" for each, found in places.items() if len(found) > 1)]
        return differences(final_signals(bars, self.settings.strategy), last_revisions(signals))

    def count(self, topic: Topic) -> int:
        """Committed records of a topic."""
        return sum(self.counts(topic).values())

    def counts(self, topic: Topic, *, committed: bool = True) -> dict[int, int]:
        """The records of each partition, those of aborted and open transactions only if asked for."""
        key = topic.name, committed
        if key not in self._counters:
            self._counters[key] = RecordCount(self.settings, topic, committed=committed)
        return self._counters[key].now()

    def aborted(self) -> int:
        """Records that attempts at a batch left in the topics, and that no reader of committed records sees."""
        return sum(
            sum(self.counts(topic, committed=False).values()) - self.count(topic) for topic in self._group.written()
        )

    def undecided(self) -> int:
        """Offsets behind the last stable one, where records of transactions lie that are open now."""
        return self._group.undecided()

    def watermarks(self, topic: Topic) -> dict[int, tuple[int, int]]:
        """The first offset of each partition, and its last stable one."""
        return self._group.watermarks(topic)

    def lag(self) -> int:
        """Offsets of the raw topic that the group has not committed."""
        return self._group.lag()

    def is_settled(self) -> bool:
        """Whether everything sent is processed and committed, and can be read."""
        return self._group.is_settled()

    def settle(self, seconds: float = 120) -> None:
        """Wait until everything sent is processed and committed."""
        eventually(self.is_settled, seconds, lambda: f"{self._group}\n{self.workers[-1].tail()}")


def final(signals: Sequence[Signal]) -> list[Signal]:
    """The last revision of each signal; asserts that each signal is there once, and that their order adds up."""
    wrong = wrong_delivery(list(signals))
    assert not wrong, "\n".join(wrong[:10])
    return last_revisions(signals)


def last_revisions(signals: Iterable[Signal]) -> list[Signal]:
    """The last revision of each bar's signal."""
    last: dict[tuple[str, str, int, str], Signal] = {}
    for each in signals:
        key = (each["run_id"], each["symbol"], each["timestamp"], each["strategy"])
        if key not in last or each["revision"] > last[key]["revision"]:
            last[key] = each
    return list(last.values())
