"""Judges a deployment by what was sent and what lies in Kafka; of the system it asks only its tables, and last."""

from collections import defaultdict
from collections.abc import Callable
from io import BytesIO
from typing import Any, cast

import httpx
from confluent_kafka import Consumer, Message, TopicPartition
from fastavro import schemaless_reader

import schemas
from app import avro
from app.clients import consumer_config
from app.dead_letters import read_headers
from app.domain.records import Indicators, Signal
from app.settings import Settings
from app.topics import Topic, topics
from tests.crashing.feed import Feed
from tests.integration.deployment import final
from tests.integration.waiting import eventually
from tests.oracle import differences, final_signals

#: The zero and the schema's id before each record.
WIRE_HEADER = 5

Get = Callable[[str], httpx.Response]


class Judge:
    """Reads what the system wrote, as far as it has come, and holds it against what was sent; of one partition."""

    def __init__(self, settings: Settings, feed: Feed) -> None:
        self._feed = feed
        self._settings = settings
        self._topics = topics(settings)
        # In the workers' group, to see what they committed. It never joins, nor fetches: answers would wait for that.
        self._group = Consumer(consumer_config(settings, settings.id))
        self._reader = Consumer(consumer_config(settings, "judge"))
        self._read = [self._topics.indicators.name, self._topics.signals.name, self._topics.dead_letters.name]
        self._reader.assign([TopicPartition(topic, 0, 0) for topic in self._read])
        self._schemas = {name: avro.parse(schemas.load(name)) for name in ("indicators", "signal")}
        self._indicators: dict[int, Indicators] = {}
        self._signals: list[Signal] = []
        self._dead: set[int] = set()
        # By what a bar or an indicators record leaves in the next topic.
        self._bars_done: set[tuple[str, int, float]] = set()
        self._indicators_done: set[tuple[str, int, int]] = set()
        self._checked: dict[str, int] = defaultdict(int)

    def close(self) -> None:
        self._group.close()
        self._reader.close()

    def committed(self, topic: Topic) -> int:
        """The group's offset; 0 where it has none."""
        (place,) = self._group.committed([TopicPartition(topic.name, 0)], timeout=10)
        return max(place.offset, 0)

    def end(self, topic: str) -> int:
        return self._group.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)[1]

    def lag(self) -> int:
        """Records of both source topics that are not committed; the first one's commit is looked up first."""
        return sum(
            -self.committed(topic) + self.end(topic.name) for topic in (self._topics.raw, self._topics.indicators)
        )

    def check_committed(self) -> None:
        """No offset is committed beyond a record whose outputs are not there."""
        bars, indicators = self._unchecked(self._topics.raw), self._unchecked(self._topics.indicators)
        self._catch_up()
        for offset in bars:
            bar = self._feed.sent[offset]
            if bar is None:
                assert offset in self._dead, f"offset {offset} is committed, but not in the dead letters"
            else:
                made = (bar["symbol"], bar["timestamp"], bar["close"])
                assert made in self._bars_done, f"bar {offset} is committed, but {made} has no indicators"
        for offset in indicators:
            record = self._indicators[offset]
            done = (record["symbol"], record["timestamp"], record["revision"])
            assert done in self._indicators_done, f"indicators {offset} are committed, but {done} has no signal"

    def check_final(self, get: Get) -> None:
        """Signals and tables are what numpy makes of the bars, and the dead letters what was no bar."""
        self._catch_up()
        expected = final_signals(self._feed.bars, self._settings.strategy)
        wrong = differences(expected, final(self._signals))
        assert not wrong, "\n".join(wrong[:10])
        assert self._dead == {offset for offset, bar in self._feed.sent.items() if bar is None}
        by_symbol: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for signal in expected:
            by_symbol[signal["symbol"]].append(signal)
        for symbol, signals in by_symbol.items():
            shown = ask(get, f"/signals/{symbol}?limit=1000")["signals"]
            newest = signals[: -self._settings.signal_history - 1 : -1]
            assert [(each["action"], each["close"]) for each in shown] == [
                (each["action"], each["close"]) for each in newest
            ], symbol
            window = ask(get, f"/windows/{symbol}")
            assert window["bars_seen"] == len(signals), symbol
            assert [bar["close"] for bar in window["bars"]] == [each["close"] for each in signals[-60:]], symbol

    def _unchecked(self, topic: Topic) -> range:
        """The offsets committed since the last check."""
        first = self._checked[topic.name]
        end = self._checked[topic.name] = max(first, self.committed(topic))
        return range(first, end)

    def _catch_up(self) -> None:
        """Read what the topics hold now."""
        ends = {topic: self.end(topic) for topic in self._read}
        while any(
            place.offset < ends[place.topic]
            for place in self._reader.position([TopicPartition(topic, 0) for topic in self._read])
            if ends[place.topic]
        ):
            for message in self._reader.consume(1000, 0.05):
                assert message.error() is None, message.error()
                self._note(message)

    def _note(self, message: Message) -> None:
        topic, value = message.topic(), cast(bytes, message.value())
        if topic == self._topics.dead_letters.name:
            headers = read_headers(message.headers())
            assert headers["topic"] == self._topics.raw.name, headers
            self._dead.add(int(headers["offset"]))
        elif topic == self._topics.indicators.name:
            indicators = cast(Indicators, self._decoded("indicators", value))
            self._indicators[cast(int, message.offset())] = indicators
            self._bars_done.add((indicators["symbol"], indicators["timestamp"], indicators["close"]))
        else:
            signal = cast(Signal, self._decoded("signal", value))
            self._signals.append(signal)
            self._indicators_done.add((signal["symbol"], signal["timestamp"], signal["revision"]))

    def _decoded(self, schema: str, value: bytes) -> object:
        """A record that was written with the newest schema, as all here are."""
        return schemaless_reader(BytesIO(value[WIRE_HEADER:]), self._schemas[schema], None)


def ask(get: Get, path: str) -> dict[str, Any]:
    """What the API answers once it can: the group may be at it again, and tables are restored then."""
    answers: list[httpx.Response] = []

    def answered() -> bool:
        answers.append(get(path))
        return answers[-1].status_code == 200

    eventually(answered, 60, lambda: answers[-1].text)
    return cast(dict[str, Any], answers[-1].json())
