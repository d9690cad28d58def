"""Bars as they come in bad times: corrected, repeated, late, and between them some that are no bars."""

import asyncio
import random

from confluent_kafka import KafkaError, Message, Producer

from app.avro.serde import Encoder
from app.domain.records import MINUTE_MS, Bar
from app.kafka.clients import producer_config, registry
from app.kafka.topics import topics
from app.settings import Settings
from tests.bars import OPENING_MS, make_bar

SYMBOLS = 40

#: Corrections, repeats and late bars are among a symbol's newest so many, where they count.
NEWEST = 5


class CrashFeed:
    """Sends bars to the raw topic, which is there and has one partition."""

    def __init__(self, settings: Settings, seed: int) -> None:
        raw = topics(settings).raw
        self._topic = raw.name
        self._chance = random.Random(seed)
        self._closes = [self._chance.uniform(5, 500) for _ in range(SYMBOLS)]
        self._minutes = [0] * SYMBOLS
        self._newest: list[list[Bar]] = [[] for _ in range(SYMBOLS)]
        self._held_back: dict[int, Bar] = {}
        self._encoder = Encoder("bar")
        asyncio.run(self._encoder.register(registry(settings), raw.subject))
        self._producer = Producer(producer_config(settings) | {"linger.ms": 0})
        #: The bars sent, in order.
        self.bars: list[Bar] = []
        #: What lies at each offset of the topic; None for what is no bar.
        self.sent: dict[int, Bar | None] = {}

    def send(self, count: int) -> None:
        """Send so many records and wait until the broker has them."""
        for _ in range(count):
            symbol = self._chance.randrange(SYMBOLS)
            if self._chance.random() < 0.05:
                self._produce(f"S{symbol:04d}".encode(), b"no bar", None)
                continue
            bar = self._next(symbol)
            self.bars.append(bar)
            self._newest[symbol] = [bar, *(each for each in self._newest[symbol] if not _same_minute(each, bar))]
            self._newest[symbol].sort(key=lambda each: each["timestamp"])
            del self._newest[symbol][:-NEWEST]
            self._produce(bar["symbol"].encode(), self._encoder.encode(bar), bar)
        assert self._producer.flush(60) == 0

    def _produce(self, key: bytes, value: bytes, bar: Bar | None) -> None:
        def note(error: KafkaError | None, message: Message) -> None:
            assert error is None, error
            offset = message.offset()
            assert offset is not None
            self.sent[offset] = bar

        self._producer.produce(self._topic, value, key, on_delivery=note)

    def _next(self, symbol: int) -> Bar:
        newest, late = self._newest[symbol], self._held_back.get(symbol)
        if late is not None and self._minutes[symbol] - minute_of(late) > self._chance.randrange(NEWEST):
            return self._held_back.pop(symbol)
        kind = self._chance.random()
        if kind < 0.05 and newest:
            return self._chance.choice(newest)
        if kind < 0.15 and newest:
            bar = self._chance.choice(newest)
            return _with_close(bar, round(bar["close"] * self._chance.uniform(0.99, 1.01), 2))
        if kind > 0.9 and late is None and newest:
            self._held_back[symbol] = self._walk(symbol)
        return self._walk(symbol)

    def _walk(self, symbol: int) -> Bar:
        self._minutes[symbol] += 1
        self._closes[symbol] = round(self._closes[symbol] * (1 + self._chance.gauss(0, 0.002)), 2)
        timestamp = OPENING_MS + self._minutes[symbol] * MINUTE_MS
        bar = make_bar(0, 0.0, timestamp=timestamp, symbol=f"S{symbol:04d}", run_id="test", vwap=None)
        return _with_close(bar, self._closes[symbol])


def minute_of(bar: Bar) -> int:
    return (bar["timestamp"] - OPENING_MS) // MINUTE_MS


def _same_minute(bar: Bar, other: Bar) -> bool:
    return bar["timestamp"] == other["timestamp"]


def _with_close(bar: Bar, close: float) -> Bar:
    return {**bar, "open": close, "high": close, "low": close, "close": close}
