"""Judges what a round left in Kafka by what lies in the raw topic: numpy says what the signals must be."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from confluent_kafka import Message

from app.dead_letters.record import read_headers
from app.domain.records import Bar, Signal
from app.kafka.topics import Topic, topics
from app.settings import Settings
from tests.bars import make_bar
from tests.harness.chaos.accepted import Accepted
from tests.harness.chaos.bar_feed import NUMBER, REASON
from tests.harness.chaos.commits import Needs, Observation, too_early
from tests.harness.chaos.topic_records import decoded, read
from tests.harness.exactly_once import repeats, wrong_delivery
from tests.harness.oracle import differences, exchange_gap, final_signals
from tests.integration.deployment import last_revisions

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
    #: What readers of committed records see.
    committed_signals: int = 0
    #: Signals and dead letters of attempts that were aborted: they lie in the topics, and nobody sees them.
    aborted_records: int = 0
    observations: int = 0


class Audit:
    """Audits a deployment round by round; the bars of each round are of a run of its own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._topics = topics(settings)

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
        signals_needs, letters_needs = {}, {}
        for partition in range(self._settings.partitions):
            part = _Partition(partition)
            accepted = Accepted(self._settings.strategy)
            for message in self._read(self._topics.raw, partition, spans):
                unseen.discard(part.note_raw(message, accepted))
            for message in self._read(self._topics.signals, partition, spans):
                part.note_signal(message)
            for message in self._read(self._topics.dead_letters, partition, spans):
                part.note_letter(message)
            problems += part.judge_letters()
            problems += part.judge_signals(run_id)
            expected = final_signals(accepted.bars(), self._settings.strategy, GAP)
            problems += differences(expected, last_revisions(part.signals))
            for signal in expected:
                kept = found.expected.setdefault(
                    (signal["run_id"], signal["symbol"]), deque(maxlen=self._settings.keep_bars)
                )
                kept.append(signal)
            found.records += len(part.raw)
            found.bars += len(expected)
            found.poisoned += sum(reason not in ("", "stale") for reason in part.reasons.values())
            found.stale += sum(reason == "stale" for reason in part.reasons.values())
            found.committed_signals += len(part.signals)
            found.aborted_records += self._aborted(part, spans)
            first = spans[self._topics.raw.name][partition][0]
            signals_needs[partition] = Needs(first, part.signals_needed())
            letters_needs[partition] = Needs(first, part.letter_of)
        if unseen:
            problems.append(f"{len(unseen)} records that the broker confirmed are not in the raw topic: {min(unseen)}…")
        raw = self._topics.raw.name
        problems += set(too_early(observations, raw, self._topics.signals.name, signals_needs))
        problems += set(too_early(observations, raw, self._topics.dead_letters.name, letters_needs))
        return problems

    def _read(self, topic: Topic, partition: int, spans: Spans, *, committed: bool = True) -> Iterator[Message]:
        return read(self._settings, topic.name, {partition: spans[topic.name][partition]}, committed=committed)

    def _aborted(self, part: "_Partition", spans: Spans) -> int:
        everything = sum(
            1
            for topic in (self._topics.signals, self._topics.dead_letters)
            for _ in self._read(topic, part.number, spans, committed=False)
        )
        return everything - len(part.signals) - len(part.letters)


class _Partition:
    """One partition's records in all topics."""

    def __init__(self, number: int) -> None:
        self.number = number
        #: By offset in the raw topic: the bar, or None.
        self.raw: dict[int, Bar | None] = {}
        #: Why a record of the raw topic must be a dead letter; empty for one that must not.
        self.reasons: dict[int, str] = {}
        #: By offset in the raw topic: where its dead letter ends.
        self.letter_of: dict[int, int] = {}
        self.signals: list[Signal] = []
        #: Where the dead letters came from, in their order.
        self.letters: list[int] = []
        self._fates: dict[int, str] = {}
        self._letter_said: dict[int, Said] = {}
        self._wanted: dict[int, Said] = {}
        #: By what a bar leaves in its signal: where the first such signal ends.
        self._signal_ends: dict[tuple[str, str, int, float], int] = {}

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
            self._wanted[offset] = message.topic(), self.number, reason, message.key(), message.value()
        return int(headers[NUMBER])

    def note_signal(self, message: Message) -> None:
        signal = cast(Signal, decoded("signal", message))
        self.signals.append(signal)
        key = signal["run_id"], signal["symbol"], signal["timestamp"], signal["close"]
        self._signal_ends.setdefault(key, cast(int, message.offset()) + 1)

    def note_letter(self, message: Message) -> None:
        headers = read_headers(message.headers())
        source = int(headers["offset"])
        self.letters.append(source)
        self.letter_of[source] = cast(int, message.offset()) + 1
        self._letter_said[source] = (
            headers["topic"],
            int(headers["partition"]),
            headers["reason"],
            message.key(),
            message.value(),
        )

    def judge_letters(self) -> list[str]:
        """Each poison is there once, with its reason and its bytes, and nothing else."""
        found = self._letter_said
        return [f"[{self.number}]: dead letters of {each}" for each in repeats(self.letters)] + [
            f"[{self.number}]@{offset}: dead letter {found.get(offset)}, expected {self._wanted.get(offset)}"
            for offset in sorted(self._wanted.keys() | found.keys())
            if found.get(offset) != self._wanted.get(offset)
        ]

    def judge_signals(self, run_id: str) -> list[str]:
        """Each is there once and in order, none is of an earlier round, and every bar that says something new has one.

        What a signal says is the oracle's to judge.
        """
        needed = self.signals_needed()
        missing = [
            offset for offset, fate in self._fates.items() if fate in ("new", "corrected") and offset not in needed
        ]
        return [
            *wrong_delivery(self.signals),
            *(f"a signal of an earlier round: {signal}" for signal in self.signals if signal["run_id"] != run_id),
            *(f"raw[{self.number}]@{offset} has no signal" for offset in missing),
        ]

    def signals_needed(self) -> dict[int, int]:
        """By offset in the raw topic: where the first signal with that bar's close ends."""
        return {
            offset: self._signal_ends[key]
            for offset, bar in self.raw.items()
            if bar is not None
            and (key := (bar["run_id"], bar["symbol"], bar["timestamp"], bar["close"])) in self._signal_ends
        }
