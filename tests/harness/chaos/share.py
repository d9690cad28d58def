"""Judges the records of some series of one partition, which no other share needs: a part of a round."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, cast
from zlib import crc32

from confluent_kafka import Message

from app.dead_letters.record import read_headers
from app.domain.records import Bar, Signal
from app.kafka.topics import Topic, topics
from app.settings import Settings
from tests.bars import make_bar
from tests.harness.chaos.accepted import Accepted
from tests.harness.chaos.bar_feed import NUMBER, REASON
from tests.harness.chaos.commits import Needs, Observation, too_early
from tests.harness.chaos.round import Round
from tests.harness.chaos.tables import as_shown
from tests.harness.chaos.topic_records import decoded, read
from tests.harness.exactly_once import repeats, wrong_delivery
from tests.harness.oracle import differences, exchange_gap, final_signals
from tests.integration.deployment import last_revisions

#: By topic and partition, the offsets [first, end) of a round.
Spans = Mapping[str, Mapping[int, tuple[int, int]]]

#: Topic, partition, reason, key and value of a dead letter's source.
Said = tuple[str | None, int, str, bytes | None, bytes | None]

#: Bars begin here and go on for months at most.
GAP = exchange_gap([make_bar(0, 1.0), make_bar(60 * 24 * 200, 1.0)])


class Share(NamedTuple):
    """Of one partition, the records whose keys fall to it: a key's share is a number below `shares`."""

    partition: int
    number: int
    shares: int

    def has(self, key: bytes | None) -> bool:
        """Whether the records of a key are in it."""
        return crc32(key or b"") % self.shares == self.number


def judge_share(
    settings: Settings, run_id: str, spans: Spans, observations: Sequence[Observation], share: Share
) -> tuple[Round, set[int]]:
    """What was found in a share, and the numbers of its records in the raw topic."""
    found, numbers = Round(), set()
    names, partition = topics(settings), share.partition
    records, accepted = ShareRecords(partition), Accepted(settings.strategy)

    def of_share(topic: Topic, *, committed: bool = True) -> Iterator[Message]:
        span = {partition: spans[topic.name][partition]}
        return (
            each for each in read(settings, topic.name, span, committed=committed) if share.has(cast(bytes, each.key()))
        )

    for message in of_share(names.raw):
        numbers.add(records.note_raw(message, accepted))
    for message in of_share(names.signals):
        records.note_signal(message)
    for message in of_share(names.dead_letters):
        records.note_letter(message)
    expected = final_signals(accepted.bars(), settings.strategy, GAP)
    found.problems += records.judge_letters()
    found.problems += records.judge_signals(run_id)
    found.problems += differences(expected, last_revisions(records.signals))
    for signal in expected:
        found.shown_of(signal["run_id"], signal["symbol"], settings.keep_bars).append(as_shown(signal))
    found.records = len(records.raw)
    found.bars = len(expected)
    found.poisoned = sum(reason not in ("", "stale") for reason in records.reasons.values())
    found.stale = sum(reason == "stale" for reason in records.reasons.values())
    found.committed_signals = len(records.signals)
    written = sum(1 for topic in (names.signals, names.dead_letters) for _ in of_share(topic, committed=False))
    found.aborted_records = written - len(records.signals) - len(records.letters)
    raw = names.raw.name
    first = spans[raw][partition][0]
    for output, needed in ((names.signals, records.signals_needed()), (names.dead_letters, records.letter_of)):
        found.problems += set(too_early(observations, raw, output.name, {partition: Needs(first, needed)}))
    return found, numbers


class ShareRecords:
    """The records of a share in all topics."""

    def __init__(self, partition: int) -> None:
        self.partition = partition
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
            self._wanted[offset] = message.topic(), self.partition, reason, message.key(), message.value()
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
        return [f"[{self.partition}]: dead letters of {each}" for each in repeats(self.letters)] + [
            f"[{self.partition}]@{offset}: dead letter {found.get(offset)}, expected {self._wanted.get(offset)}"
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
            *(f"raw[{self.partition}]@{offset} has no signal" for offset in missing),
        ]

    def signals_needed(self) -> dict[int, int]:
        """By offset in the raw topic: where the first signal with that bar's close ends."""
        return {
            offset: self._signal_ends[key]
            for offset, bar in self.raw.items()
            if bar is not None
            and (key := (bar["run_id"], bar["symbol"], bar["timestamp"], bar["close"])) in self._signal_ends
        }
