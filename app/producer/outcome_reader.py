"""Reads what workers wrote about a replay (signals, dead letters), and the bars that its run had before."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple, cast

import pyarrow.compute as pc
from confluent_kafka import Consumer, Message, TopicPartition

from app.avro.columns import ColumnDecoder
from app.dead_letters.letter import Letter, read_letter
from app.domain.records import MINUTE_MS, Bar
from app.errors import StocksError
from app.kafka.clients import consumer_config, registry
from app.kafka.offsets import watermarks
from app.kafka.topic_reader import TopicReader
from app.kafka.topics import Topic, topics
from app.producer.sent_bars import SentBars, values_of
from app.producer.signal_log import SignalLog
from app.producer.verdict import BarRefusal, History
from app.settings import Settings

_BAR_FIELDS = ("symbol", "timestamp", "open", "high", "low", "close", "volume", "vwap", "trade_count")
_SIGNAL_FIELDS = ("symbol", "timestamp", "revision", "action", "previous_action", "transition")

#: How long a topic may give nothing before its end is reached; the broker ends an open transaction sooner.
_STILL_SECONDS = 360.0

Offsets = Mapping[int, int]
"""By partition."""


class TopicEnds(NamedTuple):
    """Where the topics that workers write to ended before the first bar was sent."""

    signals: Offsets
    dead_letters: Offsets


class OutcomeReader:
    """Reads what was written of one run since a replay of it began. Each method blocks.

    They raise BrokerUnavailable, RegistryUnavailable and TopicMissing.
    """

    def __init__(self, settings: Settings, run_id: str) -> None:
        self._settings, self._run_id = settings, run_id
        self._topics = topics(settings)
        self._begun = TopicEnds({}, {})

    def begin(self) -> None:
        """Note where the topics end, to be called before the first bar is sent; they must exist."""
        self._begun = TopicEnds(self._ends(self._topics.signals), self._ends(self._topics.dead_letters))

    def signals(self, sent: SentBars) -> SignalLog:
        """All signals of the run since then, on the partitions that bars were sent to."""
        log = SignalLog()
        for record in self._records(self._topics.signals, self._spans(self._topics.signals, self._begun.signals, sent)):
            log.note(record)
        return log

    def refusals(self, sent: SentBars) -> list[BarRefusal]:
        """All dead letters since then of records of the raw topic, whatever their run, in the order of partitions."""
        spans = self._spans(self._topics.dead_letters, self._begun.dead_letters, sent)
        return self._refusals(spans)

    def history(self, sent: SentBars, symbols: Collection[str]) -> dict[str, History]:
        """What the series of these symbols held before the first bar was sent, as far as the raw topic has it."""
        sources = sent.spans()
        spans = {partition: (0, first) for partition, (first, _) in sources.items()}
        ends = self._ends(self._topics.dead_letters)
        refused = {
            (each.partition, each.offset)
            for each in self._refusals({partition: (0, ends[partition]) for partition in sources})
        }
        found: defaultdict[str, dict[int, int]] = defaultdict(dict)
        for bar in self._records(self._topics.raw, spans):
            if bar["symbol"] in symbols and bar["place"] not in refused:
                found[bar["symbol"]][bar["timestamp"] // MINUTE_MS] = values_of(cast(Bar, bar))
        return dict(found)

    def _spans(self, topic: Topic, begun: Offsets, sent: SentBars) -> dict[int, tuple[int, int]]:
        ends = self._ends(topic)
        return {partition: (begun[partition], ends[partition]) for partition in sent.spans()}

    def _refusals(self, spans: Mapping[int, tuple[int, int]]) -> list[BarRefusal]:
        letters = (
            read_letter(message) for batch in self._batches(self._topics.dead_letters, spans) for message in batch
        )
        return [refusal for letter in letters if (refusal := self._refusal(letter))]

    def _refusal(self, letter: Letter) -> BarRefusal | None:
        source = letter.source
        if source is None or source.topic != self._topics.raw.name:
            return None
        symbol = (letter.key or b"").decode("utf-8", "replace")
        return BarRefusal(source.partition, source.offset, symbol, letter.reason, letter.why)

    def _records(self, topic: Topic, spans: Mapping[int, tuple[int, int]]) -> Iterator[dict[str, Any]]:
        """The run's records of a topic with a schema, in the order of each partition, with their `place`."""
        fields = _BAR_FIELDS if topic.schema == "bar" else _SIGNAL_FIELDS
        decoder = ColumnDecoder(registry(self._settings), topic.schema)
        for messages in self._batches(topic, spans):
            payloads = [message.value() for message in messages]
            asyncio.run(decoder.prepare(payloads))
            decoded = decoder.decode_columns(payloads)
            chosen = decoded.columns.append_column("index", [*decoded.indexes.tolist()])
            chosen = chosen.filter(pc.equal(chosen["run_id"], self._run_id))
            columns = {name: chosen[name].to_pylist() for name in ("index", *fields)}
            rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
            rows += [record | {"index": index} for index, record in decoded.records if record["run_id"] == self._run_id]
            for row in sorted(rows, key=lambda row: int(row["index"])):
                message = messages[row["index"]]
                yield row | {"place": (message.partition(), message.offset())}

    def _batches(self, topic: Topic, spans: Mapping[int, tuple[int, int]]) -> Iterator[list[Message]]:
        wanted = {partition: span for partition, span in spans.items() if span[0] < span[1]}
        if not wanted:
            return
        moved_at = time.monotonic()
        with TopicReader(self._settings, topic.name, from_beginning=True, until_end=True, spans=wanted) as reader:
            for batch in reader.batches():
                if batch:
                    moved_at = time.monotonic()
                    yield batch
                elif time.monotonic() - moved_at > _STILL_SECONDS:
                    raise StocksError(
                        f"{topic.name} could not be read to its end within {_STILL_SECONDS:g} s: a transaction is open "
                        "that nobody ends; `stocks doctor` says which"
                    )

    def _ends(self, topic: Topic) -> dict[int, int]:
        # With what is in open transactions: a reader waits for these.
        group = f"{self._settings.id}-outcome"
        consumer = Consumer(consumer_config(self._settings, group) | {"isolation.level": "read_uncommitted"})
        try:
            places = [TopicPartition(topic.name, partition) for partition in range(topic.partitions)]
            return {partition: extent.end for partition, extent in watermarks(consumer, places).items()}
        finally:
            consumer.close()
