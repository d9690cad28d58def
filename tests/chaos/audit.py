"""Judges what a round left in Kafka by what lies in the raw topic: numpy says what the signals must be."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from confluent_kafka import Message

from app.dead_letters import read_headers
from app.domain.records import Bar, Signal
from app.settings import Settings
from app.topics import Topic, topics
from tests.bars import make_bar
from tests.chaos.accepted import Accepted
from tests.chaos.commits import Needs, Observation, too_early
from tests.chaos.feed import NUMBER, REASON
from tests.chaos.records import decoded, read
from tests.integration.deployment import final, without_time
from tests.oracle import differences, exchange_gap, final_signals

#: By topic and partition, the offsets [first, end) of a round.
Spans = Mapping[str, Mapping[int, tuple[int, int]]]

#: Topic, partition, reason, key and value of a dead letter's source.
Said = tuple[str | None, int, str, bytes | None, bytes | None]

#: Bars begin here and go on for days, not months.
GAP = exchange_gap([make_bar(0, 1.0), make_bar(60 * 24 * 60, 1.0)])


@dataclass
class Round:
    """What was found, and what is wrong with it."""

    problems: list[str] = field(default_factory=list)
    #: What the newest signals must be, by series, oldest first; as many as tables may hold.
    expected: dict[tuple[str, str], deque[dict[str, Any]]] = field(default_factory=dict)
    records: int = 0
    bars: int = 0
    poisoned: int = 0
    stale: int = 0
    #: Outputs written more than once, which their readers know by id.
    repeated_indicators: int = 0
    repeated_signals: int = 0
    repeated_letters: int = 0
    observations: int = 0


class Audit:
    """Audits a deployment round by round; the bars of each round are of a run of its own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._topics = topics(settings)
        #: Signals of earlier rounds, by id; a paused worker may repeat them.
        self._earlier: dict[str, int] = {}

    def round(self, run_id: str, numbers: range, spans: Spans, observations: Sequence[Observation]) -> Round:
        """Read and judge a round, in which the records of these numbers were sent."""
        found = Round(observations=len(observations))
        found.problems += self._partitions(found, run_id, numbers, spans, observations)
        return found

    def _partitions(
        self, found: Round, run_id: str, numbers: range, spans: Spans, observations: Sequence[Observation]
    ) -> list[str]:
        problems: list[str] = []
        unseen = set(numbers)
        kept = max(self._settings.signal_history, self._settings.strategy.window)
        raw_needs, indicators_needs = {}, {}
        letters_needs = {}
        for partition in range(self._settings.partitions):
            part = _Partition(partition)
            accepted = Accepted(self._settings.strategy)
            for message in self._read(self._topics.raw, partition, spans):
                unseen.discard(part.note_raw(message, accepted))
            for message in self._read(self._topics.indicators, partition, spans):
                part.note_indicators(message)
            for message in self._read(self._topics.signals, partition, spans):
                part.note_signal(message)
            for message in self._read(self._topics.dead_letters, partition, spans):
                problems += part.note_letter(message)
            problems += part.judge_letters()
            ours = [signal for signal in part.signals if signal["run_id"] == run_id]
            problems += self._judge_earlier(part.signals, run_id)
            expected = final_signals(accepted.bars(), self._settings.strategy, GAP)
            problems += differences(expected, final(ours))
            for signal in expected:
                found.expected.setdefault((signal["run_id"], signal["symbol"]), deque(maxlen=kept)).append(signal)
            self._earlier |= {signal["id"]: _digest(signal) for signal in ours}
            found.records += len(part.raw)
            found.bars += len(expected)
            found.poisoned += sum(reason not in ("", "stale") for reason in part.reasons.values())
            found.stale += sum(reason == "stale" for reason in part.reasons.values())
            found.repeated_indicators += part.repeated_indicators
            found.repeated_signals += len(part.signals) - len({signal["id"] for signal in part.signals})
            found.repeated_letters += part.letters - len(part.letter_of)
            first, indicators_first = spans[self._topics.raw.name][partition][0], spans[self._topics.indicators.name]
            raw_needs[partition] = Needs(first, part.indicators_of)
            letters_needs[partition] = Needs(first, part.letter_of)
            problems += part.judge_done()
            indicators_needs[partition] = Needs(indicators_first[partition][0], part.signal_needed())
        if unseen:
            problems.append(f"{len(unseen)} records that the broker confirmed are not in the raw topic: {min(unseen)}…")
        raw, indicators = self._topics.raw.name, self._topics.indicators.name
        problems += set(too_early(observations, raw, indicators, raw_needs))
        problems += set(too_early(observations, raw, self._topics.dead_letters.name, letters_needs))
        problems += set(too_early(observations, indicators, self._topics.signals.name, indicators_needs))
        return problems

    def _read(self, topic: Topic, partition: int, spans: Spans) -> Iterator[Message]:
        return read(self._settings, topic.name, {partition: spans[topic.name][partition]})

    def _judge_earlier(self, signals: Sequence[Signal], run_id: str) -> list[str]:
        return [
            f"a late signal of an earlier round is none of those it had: {signal}"
            for signal in signals
            if signal["run_id"] != run_id and self._earlier.get(signal["id"]) != _digest(signal)
        ]


class _Partition:
    """One partition's records in all topics."""

    def __init__(self, partition: int) -> None:
        self._partition = partition
        #: By offset in the raw topic: the bar, or None.
        self.raw: dict[int, Bar | None] = {}
        #: Why a record of the raw topic must be a dead letter; empty for one that must not.
        self.reasons: dict[int, str] = {}
        #: By offset in the raw topic: where the first of its indicators, or its dead letter, ends.
        self.indicators_of: dict[int, int] = {}
        self.letter_of: dict[int, int] = {}
        self.signals: list[Signal] = []
        self.letters = 0
        self.repeated_indicators = 0
        self._fates: dict[int, str] = {}
        self._sources: set[tuple[int, int]] = set()
        self._letter_said: dict[int, Said] = {}
        self._wanted: dict[int, Said] = {}
        self._indicators: dict[int, tuple[str, str, int, int]] = {}
        self._signal_ends: dict[tuple[str, str, int, int], int] = {}

    def note_raw(self, message: Message, accepted: Accepted) -> int:
        """Returns the record's number."""
        headers = read_headers(message.headers())
        offset = cast(int, message.offset())
        reason = headers[REASON]
        bar = None if reason else cast(Bar, decoded("bar", message))
        self.raw[offset] = bar
        if bar is not None:
            fate = self._fates[offset] = accepted.take(bar)
            reason = "stale" if fate == "stale" else ""
        self.reasons[offset] = reason
        if reason:
            self._wanted[offset] = message.topic(), self._partition, reason, message.key(), message.value()
        return int(headers[NUMBER])

    def note_indicators(self, message: Message) -> None:
        record = decoded("indicators", message)
        offset = cast(int, message.offset())
        self.indicators_of.setdefault(record["source_offset"], offset + 1)
        key = record["source_offset"], record["source_index"]
        self.repeated_indicators += key in self._sources
        self._sources.add(key)
        self._indicators[offset] = record["run_id"], record["symbol"], record["timestamp"], record["revision"]

    def note_signal(self, message: Message) -> None:
        signal = cast(Signal, decoded("signal", message))
        self.signals.append(signal)
        key = signal["run_id"], signal["symbol"], signal["timestamp"], signal["revision"]
        self._signal_ends.setdefault(key, cast(int, message.offset()) + 1)

    def note_letter(self, message: Message) -> list[str]:
        headers = read_headers(message.headers())
        source = int(headers["offset"])
        said = headers["topic"], int(headers["partition"]), headers["reason"], message.key(), message.value()
        self.letters += 1
        self.letter_of.setdefault(source, cast(int, message.offset()) + 1)
        before = self._letter_said.setdefault(source, said)
        return [] if before == said else [f"dead letters of {source} differ: {before} and {said}"]

    def judge_letters(self) -> list[str]:
        """Each poison is there, with its reason and its bytes, and nothing else."""
        # Those of an earlier round that came late are known there.
        first = min(self.raw, default=0)
        found = {offset: said for offset, said in self._letter_said.items() if offset >= first}
        return [
            f"[{self._partition}]@{offset}: dead letter {found.get(offset)}, expected {self._wanted.get(offset)}"
            for offset in sorted(self._wanted.keys() | found.keys())
            if found.get(offset) != self._wanted.get(offset)
        ]

    def judge_done(self) -> list[str]:
        """Every accepted bar that says something new has indicators."""
        missing = [
            offset
            for offset, fate in self._fates.items()
            if fate in ("new", "corrected") and offset not in self.indicators_of
        ]
        return [f"raw[{self._partition}]@{offset} has no indicators" for offset in missing]

    def signal_needed(self) -> dict[int, int]:
        """By offset in the indicators topic: where its signal ends."""
        return {offset: self._signal_ends[key] for offset, key in self._indicators.items() if key in self._signal_ends}


def _digest(signal: Signal) -> int:
    return hash(tuple(map(str, without_time(signal).values())))
