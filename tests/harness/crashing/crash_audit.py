"""Judges a deployment by what was sent and what lies in Kafka; of the system it asks only its tables, and last."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from math import inf
from pathlib import Path
from typing import Any, cast

import httpx
from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from app.dead_letters.record import read_headers
from app.domain.records import Signal
from app.engine.checkpoint import CHECKPOINT_KEY, decode_checkpoint
from app.kafka.clients import consumer_config
from app.kafka.topics import topics
from app.settings import Settings
from tests.harness.chaos.topic_records import consumer, decoded, read_all
from tests.harness.crashing.crash_feed import CrashFeed
from tests.harness.crashing.tables import wrong_disks, wrong_rows
from tests.harness.exactly_once import repeats, wrong_delivery
from tests.harness.oracle import differences, final_signals
from tests.integration.deployment import last_revisions
from tests.integration.waiting import eventually

Get = Callable[[str], httpx.Response]

#: Within this time a commit that was answered is marked in all its partitions.
MARKED_SECONDS = 30.0


class CrashAudit:
    """Reads what the system wrote, as far as it has come, and holds it against what was sent; of one partition."""

    def __init__(self, settings: Settings, feed: CrashFeed) -> None:
        self._feed = feed
        self._settings = settings
        names = topics(settings)
        self._raw = names.raw.name
        self._signals_topic, self._letters_topic = names.signals.name, names.dead_letters.name
        self._changelog_topic = names.windows_changelog.name
        self._written = (self._signals_topic, self._letters_topic, self._changelog_topic)
        # In the workers' group, to see what they committed. It never joins, nor fetches: answers would wait for that.
        self._group = Consumer(consumer_config(settings, settings.id))
        self._uncommitted = consumer(settings, committed=False)
        self._reader = consumer(settings)
        self._reader.assign([TopicPartition(topic, 0, 0) for topic in self._written])
        self._reached: dict[str, int] = dict.fromkeys(self._written, 0)
        self._signals: list[Signal] = []
        self._letters: list[int] = []
        # Where what a bar leaves behind was first.
        self._bars_done: dict[tuple[str, int, float], int] = {}
        self._letter_places: dict[int, int] = {}
        self._checkpoint = 0
        self._checked = 0

    def close(self) -> None:
        for client in (self._group, self._uncommitted, self._reader):
            client.close()

    def committed(self) -> int:
        """The group's offset; 0 where it has none."""
        (place,) = self._group.committed([TopicPartition(self._raw, 0)], timeout=10)
        return max(place.offset, 0)

    def checkpoint(self) -> int:
        """Up to where the committed state has come, as readers see it: a commit is answered before it is marked."""
        self._catch_up()
        return self._checkpoint

    def wait_committed(self, end: int) -> None:
        """Wait until the committed state has come to this offset, and no further."""
        eventually(lambda: self.checkpoint() >= end, MARKED_SECONDS, lambda: f"a checkpoint of {self._checkpoint}")
        assert self._checkpoint == end

    def lag(self) -> int:
        """Records that are not committed; what is committed is looked up first."""
        return -self.committed() + self._end(self._raw)

    def undecided(self) -> int:
        """Offsets behind the last stable ones: there lie records of a transaction that is open."""
        return sum(self._end(topic, committed=False) - self._end(topic) for topic in self._written)

    def aborted(self) -> int:
        """Records of signals and dead letters that lie in the topics and that no reader of committed records sees."""
        self._catch_up()
        topics_read = (self._signals_topic, self._letters_topic)
        everything = sum(len(read_all(self._settings, topic, committed=False)) for topic in topics_read)
        return everything - len(self._signals) - len(self._letters)

    def check_committed(self) -> None:
        """Nothing is there twice, and no offset is committed beyond a record whose outputs are not there."""
        first, self._checked = self._checked, max(self._checked, self.committed())
        offsets = range(first, self._checked)
        # What was committed by now lies before these ends; what comes behind them came too late.
        ends = {topic: self._end(topic, committed=False) for topic in self._written}
        # A transaction's end is marked partition by partition: the group's offset may be seen before the outputs.
        eventually(
            lambda: not self._without_outputs(offsets, ends),
            MARKED_SECONDS,
            lambda: self._without_outputs(offsets, ends),
        )
        self._check_delivery()

    def _without_outputs(self, offsets: Iterable[int], ends: Mapping[str, int]) -> str:
        """A sentence about the first of these bars that left nothing behind before the topics' ends, or nothing."""
        self._catch_up()
        for offset in offsets:
            bar = self._feed.sent[offset]
            if bar is None:
                if self._letter_places.get(offset, inf) >= ends[self._letters_topic]:
                    return f"offset {offset} is committed, but not in the dead letters"
            else:
                made = (bar["symbol"], bar["timestamp"], bar["close"])
                if self._bars_done.get(made, inf) >= ends[self._signals_topic]:
                    return f"bar {offset} is committed, but {made} has no signal"
        return ""

    def check_final(self, get: Get) -> None:
        """Signals and tables are what numpy makes of the bars, and the dead letters what was no bar."""
        self._catch_up()
        self._check_delivery()
        expected = self._expected()
        wrong = differences(expected, last_revisions(self._signals))
        assert not wrong, "\n".join(wrong[:10])
        assert sorted(self._letters) == sorted(offset for offset, bar in self._feed.sent.items() if bar is None)
        by_symbol: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for signal in expected:
            by_symbol[signal["symbol"]].append(signal)
        for symbol, signals in by_symbol.items():
            shown = ask(get, f"/signals/{symbol}?limit=1000")["signals"]
            assert [(each["action"], each["close"]) for each in shown] == [
                (each["action"], each["close"]) for each in reversed(signals)
            ], symbol
            window = ask(get, f"/windows/{symbol}?limit=1000")
            assert window["bars_seen"] == len(signals), symbol
            assert [bar["close"] for bar in window["bars"]] == [each["close"] for each in signals], symbol

    def check_tables(self, folders: Iterable[Path]) -> None:
        """The disks of workers that have ended, and the changelog alone, say what numpy says."""
        self._catch_up()
        wrong = wrong_rows(self._settings, self._expected(), last_revisions(self._signals))
        wrong += wrong_disks(self._settings, folders)
        assert not wrong, "\n".join(wrong[:10])

    def _expected(self) -> list[dict[str, Any]]:
        return final_signals(self._feed.bars, self._settings.strategy)

    def _check_delivery(self) -> None:
        wrong = wrong_delivery(self._signals) + repeats(self._letters)
        assert not wrong, "\n".join(wrong[:10])

    def _end(self, topic: str, *, committed: bool = True) -> int:
        client = self._group if committed else self._uncommitted
        return client.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)[1]

    def _catch_up(self) -> None:
        """Read what readers of committed records see now."""
        ends = {topic: self._end(topic) for topic in self._written}
        while any(self._reached[topic] < end for topic, end in ends.items()):
            for message in self._reader.consume(1000, 0.05):
                topic, error = cast(str, message.topic()), message.error()
                assert error is None or error.code() == KafkaError._PARTITION_EOF, error
                if error is None:
                    self._note(message)
                self._reached[topic] = max(self._reached[topic], cast(int, message.offset()) + (error is None))

    def _note(self, message: Message) -> None:
        topic = message.topic()
        if topic == self._letters_topic:
            headers = read_headers(message.headers())
            assert headers["topic"] == self._raw, headers
            self._letters.append(int(headers["offset"]))
            self._letter_places.setdefault(self._letters[-1], cast(int, message.offset()))
        elif topic == self._signals_topic:
            signal = cast(Signal, decoded("signal", message))
            self._signals.append(signal)
            made = (signal["symbol"], signal["timestamp"], signal["close"])
            self._bars_done.setdefault(made, cast(int, message.offset()))
        elif message.key() == CHECKPOINT_KEY:
            offset = decode_checkpoint(cast(bytes, message.value())).offset
            assert offset >= self._checkpoint, f"a checkpoint of {offset} follows one of {self._checkpoint}"
            self._checkpoint = offset


def ask(get: Get, path: str) -> dict[str, Any]:
    """What the API answers once it can: the group may be at it again, and tables are restored then."""
    answers: list[httpx.Response] = []

    def answered() -> bool:
        answers.append(get(path))
        return answers[-1].status_code == 200

    eventually(answered, 60, lambda: answers[-1].text)
    return cast(dict[str, Any], answers[-1].json())
