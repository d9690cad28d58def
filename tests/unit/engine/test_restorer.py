"""Against a log in memory; tests/integration/test_restoring.py reads a real one."""

import logging
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from app.engine.checkpoint import RESET_KEY
from app.engine.errors import Fenced
from app.engine.restorer import ChangelogRestorer
from app.engine.rights import NotAllowed, Right
from tests.unit.engine.rows_in_memory import RowsInMemory

TOPIC = "changelog"


class FakeMessage:
    def __init__(self, partition: int, offset: int, key: bytes | None, value: bytes | None, error: Any = None) -> None:
        self._fields = partition, offset, key, value, error

    def partition(self) -> int:
        return self._fields[0]

    def offset(self) -> int:
        return self._fields[1]

    def key(self) -> bytes | None:
        return self._fields[2]

    def value(self) -> bytes | None:
        return self._fields[3]

    def error(self) -> Any:
        return self._fields[4]


class FakeConsumer:
    """Gives the answers of each call in turn."""

    def __init__(self, ends: dict[int, int]) -> None:
        self.ends = ends
        self.config: dict[str, Any] = {}
        self.assigned: dict[int, int] = {}
        self.closed = False
        self.failures: list[KafkaException | None] = []
        self.answers: list[list[FakeMessage]] = []

    def get_watermark_offsets(self, place: TopicPartition, timeout: float) -> tuple[int, int] | None:
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure
        return 0, self.ends[place.partition]

    def assign(self, places: list[TopicPartition]) -> None:
        self.assigned = {place.partition: place.offset for place in places}

    def consume(self, most: int, timeout: float) -> list[FakeMessage]:
        return self.answers.pop(0)

    def close(self) -> None:
        self.closed = True


def restorer(consumer: FakeConsumer, rows: RowsInMemory) -> ChangelogRestorer:
    def make(config: dict[str, Any]) -> Any:
        consumer.config = config
        return consumer

    return ChangelogRestorer({"group.id": "restore"}, TOPIC, rows, make)


def record(offset: int, key: bytes | None, value: bytes | None, partition: int = 0) -> FakeMessage:
    return FakeMessage(partition, offset, key, value)


def error(code: int, partition: int = 0, offset: int = -1) -> FakeMessage:
    return FakeMessage(partition, offset, None, None, KafkaError(code))


def end(offset: int, partition: int = 0) -> FakeMessage:
    return error(KafkaError._PARTITION_EOF, partition, offset)


def test_rows_of_several_partitions_go_each_to_its_own() -> None:
    consumer, rows = FakeConsumer({0: 3, 1: 2}), RowsInMemory()
    consumer.answers = [
        [record(0, b"a", b"1"), record(0, b"a", b"2", 1), record(1, b"a", b"3")],
        [end(3), end(2, 1)],
    ]
    assert restorer(consumer, rows).restore({0, 1}, lambda: True) == 3
    assert rows.rows == {0: {b"a": b"3"}, 1: {b"a": b"2"}}
    assert rows.positions == {0: 3, 1: 2}
    assert consumer.closed


def test_aborted_records_are_not_read_and_nothing_is_committed() -> None:
    consumer = FakeConsumer({})
    restorer(consumer, RowsInMemory()).restore(set(), lambda: True)
    assert (consumer.config["isolation.level"], consumer.config["enable.auto.commit"]) == ("read_committed", False)
    assert consumer.config["group.id"] == "restore"


def test_reading_goes_on_where_the_rows_end() -> None:
    consumer, rows = FakeConsumer({0: 9, 1: 5, 2: 4}), RowsInMemory(p0=7, p1=5)
    consumer.answers = [[record(7, b"a", b"1"), record(0, b"b", b"1", 2)], [end(9), end(4, 2)]]
    assert restorer(consumer, rows).restore({0, 1, 2}, lambda: True) == 2
    assert consumer.assigned == {0: 7, 2: 0}, "the one that is complete is not asked for"


def test_a_tombstone_deletes_and_what_has_no_key_counts_for_the_position_only() -> None:
    consumer, rows = FakeConsumer({0: 4}), RowsInMemory()
    consumer.answers = [[record(0, b"a", b"1"), record(1, b"b", b"1")], [record(2, b"a", None), record(3, None, b"x")]]
    restorer(consumer, rows).restore({0}, lambda: True)
    assert (rows.rows, rows.positions) == ({0: {b"b": b"1"}}, {0: 4})


@pytest.mark.parametrize("cut", [1, 2, 3, 4])
def test_a_reset_forgets_all_before_it_and_nothing_after_it(cut: int) -> None:
    consumer, rows = FakeConsumer({0: 4, 1: 1}), RowsInMemory()
    log = [record(0, b"a", b"1"), record(1, b"b", b"1"), record(2, RESET_KEY, b""), record(3, b"b", b"2")]
    consumer.answers = [[record(0, b"a", b"9", 1), *log[:cut]], log[cut:]]
    restorer(consumer, rows).restore({0, 1}, lambda: True)
    assert rows.rows == {0: {b"b": b"2"}, 1: {b"a": b"9"}}
    assert rows.positions == {0: 4, 1: 1}


def test_what_remains_is_known_while_it_lasts() -> None:
    consumer, rows = FakeConsumer({0: 4}), RowsInMemory()
    consumer.answers = [[record(0, b"a", b"1")], [], [record(1, b"a", b"1")], [end(4)]]
    seen: list[dict[int, int]] = []
    asked: list[float] = []
    restoring = restorer(consumer, rows)

    def watch() -> bool:
        seen.append(dict(restoring.remaining))
        asked.append(restoring.asked_at)
        return True

    restoring.restore({0}, watch)
    assert seen == [{}, {0: 4}, {0: 3}, {0: 3}, {0: 2}]
    assert restoring.remaining == {}
    assert asked == sorted(asked), "each look at the broker is a sign of life"


def test_rows_of_which_the_changelog_knows_nothing_are_forgotten(caplog: pytest.LogCaptureFixture) -> None:
    consumer, rows = FakeConsumer({0: 2, 1: 0}), RowsInMemory(p0=500, p1=1)
    rows.rows = {0: {b"old": b"1"}, 1: {b"old": b"1"}}
    consumer.answers = [[record(0, b"a", b"1"), end(2)]]
    with caplog.at_level(logging.WARNING):
        restorer(consumer, rows).restore({0, 1}, lambda: True)
    assert (rows.rows, rows.positions) == ({0: {b"a": b"1"}}, {0: 2})
    assert "changelog[0]: the local state ends at 500, the changelog at 2" in caplog.text


@pytest.mark.parametrize(
    "code",
    [
        KafkaError._TRANSPORT,
        KafkaError._TIMED_OUT,
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.OFFSET_NOT_AVAILABLE,
    ],
)
def test_a_broker_that_is_away_is_waited_for(code: int) -> None:
    consumer, rows = FakeConsumer({0: 1, 1: 0}), RowsInMemory()
    consumer.failures = [KafkaException(KafkaError(code)), None, KafkaException(KafkaError(code))]
    consumer.answers = [[error(code)], [record(0, b"a", b"1")]]
    assert restorer(consumer, rows).restore({0, 1}, lambda: True) == 1
    assert rows.rows == {0: {b"a": b"1"}}


@pytest.mark.parametrize("at", ["ends", "records"])
def test_an_error_that_stays_is_raised(at: str) -> None:
    consumer, rows = FakeConsumer({0: 1}), RowsInMemory()
    if at == "ends":
        consumer.failures = [KafkaException(KafkaError(KafkaError.TOPIC_EXCEPTION))]
    consumer.answers = [[error(KafkaError.TOPIC_EXCEPTION)]]
    with pytest.raises(KafkaException, match="TOPIC_EXCEPTION"):
        restorer(consumer, rows).restore({0}, lambda: True)
    assert consumer.closed


@pytest.mark.parametrize("at", ["ends", "records"])
@pytest.mark.parametrize(
    ("code", "missing"),
    [
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, Right("Read", "topic", "changelog")),
        (KafkaError.GROUP_AUTHORIZATION_FAILED, Right("Describe", "group", "restore")),
    ],
)
def test_a_missing_right_is_named(at: str, code: int, missing: Right) -> None:
    consumer, rows = FakeConsumer({0: 1}), RowsInMemory()
    if at == "ends":
        consumer.failures = [KafkaException(KafkaError(code))]
    consumer.answers = [[error(code)]]
    with pytest.raises(NotAllowed) as caught:
        restorer(consumer, rows).restore({0}, lambda: True)
    assert caught.value.missing == (missing,)
    assert consumer.closed


@pytest.mark.parametrize("times", [0, 1, 2])
def test_nobody_waits_for_partitions_that_were_given_away(times: int) -> None:
    consumer, rows = FakeConsumer({0: 3}), RowsInMemory()
    consumer.answers = [[record(0, b"a", b"1")], [record(1, b"a", b"2")]]
    wanted = iter([True] * times)
    restoring = restorer(consumer, rows)
    with pytest.raises(Fenced):
        restoring.restore({0}, lambda: next(wanted, False))
    assert (consumer.closed, restoring.remaining) == (True, {})
    assert rows.positions == ({} if times < 2 else {0: 1})
