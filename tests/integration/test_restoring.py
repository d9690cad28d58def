"""Restoring from a real changelog: markers, aborted and open transactions, and a beginning that is gone."""

import pytest
from confluent_kafka import TopicPartition

from app.engine.batch import ProducerRecord
from app.engine.checkpoint import RESET_KEY
from app.engine.errors import Fenced
from app.engine.restorer import MOST_AT_ONCE, ChangelogRestorer
from tests.integration.fixtures_stack import LocalStack
from tests.integration.topic_log import TopicLog, always
from tests.integration.waiting import eventually
from tests.unit.engine.rows_in_memory import RowsInMemory


@pytest.fixture
def log(stack: LocalStack) -> TopicLog:
    return TopicLog(stack.status.kafka)


def restore(log: TopicLog, rows: RowsInMemory, partitions: set[int] | None = None) -> int:
    restorer = ChangelogRestorer({**log.client, "group.id": "restore"}, log.name, rows)
    return restorer.restore(partitions or {0}, always)


def names(rows: RowsInMemory, partition: int = 0) -> set[str]:
    return {key.decode() for key in rows.rows.get(partition, {})}


def test_all_that_is_committed_is_restored_to_the_end_behind_markers_and_aborted_records(log: TopicLog) -> None:
    writer, rows = log.writer(), RowsInMemory()
    for name in ("a", "b"):
        log.commit(writer, [], log.records(name))
    log.abort("x", "y")
    assert restore(log, rows) == 2
    assert (names(rows), rows.positions) == ({"a", "b"}, {0: log.end()})
    assert restore(log, rows) == 0


def test_restoring_goes_on_behind_the_last_row_where_only_a_marker_is(log: TopicLog) -> None:
    writer = log.writer()
    rows = RowsInMemory(p0=1 + log.commit(writer, [], log.records("a")))
    assert restore(log, rows) == 0
    assert rows.positions == {0: 2}
    log.commit(writer, [], log.records("b"))
    assert restore(log, rows) == 1
    assert names(rows) == {"b"}


def test_an_empty_changelog_is_restored_at_once(log: TopicLog) -> None:
    rows = RowsInMemory()
    assert restore(log, rows) == 0
    assert rows.positions == {}


def test_only_aborted_records_move_the_position(log: TopicLog) -> None:
    log.abort("x")
    rows = RowsInMemory()
    assert restore(log, rows) == 0
    assert (names(rows), rows.positions) == (set(), {0: 2})


def test_restoring_ends_before_a_transaction_of_somebody_else_that_is_open(log: TopicLog) -> None:
    # The partition's own writer has none: its id was taken over.
    log.commit(log.writer(), [], log.records("a"))
    still_open = log.open_transaction("x")
    rows = RowsInMemory()
    assert restore(log, rows) == 1
    assert rows.positions == {0: 2}
    still_open.commit_transaction(10)
    log.wait_decided()
    assert restore(log, rows) == 1
    assert names(rows) == {"a", "x"}


def test_rows_are_deleted_and_set_back_by_the_records_that_say_so(log: TopicLog) -> None:
    writer, rows = log.writer(), RowsInMemory()
    log.commit(writer, [], [*log.records("a", "b"), ProducerRecord(log.name, b"a", None, 0)])
    restore(log, rows)
    assert names(rows) == {"b"}
    log.commit(writer, [], [ProducerRecord(log.name, RESET_KEY, b"", 0), *log.records("c")])
    restore(log, rows)
    assert names(rows) == {"c"}


def test_a_position_before_the_beginning_of_the_changelog_goes_on_at_the_beginning(log: TopicLog) -> None:
    writer, rows = log.writer(), RowsInMemory(p0=1)
    for name in ("a", "b", "c"):
        log.commit(writer, [], log.records(name))
    place = TopicPartition(log.name, 0, 4)
    log.admin.delete_records([place])[place].result(10)
    assert restore(log, rows) == 1
    assert (names(rows), rows.positions) == ({"c"}, {0: 6})


def test_a_changelog_that_was_made_again_is_restored_from_its_beginning(log: TopicLog) -> None:
    rows = RowsInMemory(p0=500)
    rows.rows[0] = {b"old": b"1"}
    log.delete()
    eventually(lambda: log.end() == -1, 20)
    log.create()
    eventually(lambda: log.end() == 0, 20)
    log.commit(log.writer(), [], log.records("new"))
    assert restore(log, rows) == 1
    assert (names(rows), rows.positions) == ({"new"}, {0: 2})


def test_many_rows_of_several_partitions_come_in_bulk(stack: LocalStack) -> None:
    log, rows = TopicLog(stack.status.kafka, partitions=3), RowsInMemory()
    much = MOST_AT_ONCE + 5_000
    for partition in range(3):
        values = [f"{partition}-{number}" for number in range(much)]
        log.commit(log.writer(), [], log.records(*values, partition=partition))
    assert restore(log, rows, {0, 1}) == 2 * much
    assert [len(rows.rows.get(partition, {})) for partition in range(3)] == [much, much, 0]
    assert rows.positions == {0: much + 1, 1: much + 1}


def test_a_restore_that_nobody_waits_for_ends_and_the_next_goes_on_from_there(log: TopicLog) -> None:
    writer, rows = log.writer(), RowsInMemory()
    for number in range(3):
        log.commit(writer, [], log.records(*(f"{number}-{row}" for row in range(MOST_AT_ONCE))))
    restorer = ChangelogRestorer({**log.client, "group.id": "restore"}, log.name, rows)
    with pytest.raises(Fenced):
        restorer.restore({0}, lambda: not rows.positions)
    begun = rows.positions[0]
    assert 0 < begun < log.end()
    before = len(rows.rows[0])
    assert restore(log, rows) == 3 * MOST_AT_ONCE - before
    assert len(rows.rows[0]) == 3 * MOST_AT_ONCE
