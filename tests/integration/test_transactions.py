"""What Kafka and librdkafka really say of transactions, and what the engine makes of it."""

import subprocess
import sys
import threading
from collections.abc import Callable

import psutil
import pytest
from confluent_kafka import KafkaException

from app.engine.batch import Batch, ProducerRecord
from app.engine.errors import Fenced, NotCommitted, ProducerLost
from app.engine.failpoints import Failpoint, Observer
from app.engine.transaction import TransactionalProducer
from tests.integration.fixtures_stack import LocalStack
from tests.integration.own_broker import MakeBroker
from tests.integration.topic_log import TopicLog
from tests.integration.waiting import eventually

#: A process that leaves a transaction open.
OPENS = """
import sys
from tests.integration.topic_log import BATCH, TopicLog
brokers, name, id_ = sys.argv[1:]
log = TopicLog.__new__(TopicLog)
log.name, log.client = name, {"bootstrap.servers": brokers}
writer = log.writer(id_)

def stay(point, batch):
    if point.name == "BEFORE_COMMIT":
        print("open", flush=True)
        sys.stdin.read()

log.commit(writer, log.records("a", "b"), log.records("c"), stay)
"""

WITHIN = [Failpoint.AFTER_BEGIN, Failpoint.SOME_PRODUCED, Failpoint.AFTER_PRODUCE, Failpoint.BEFORE_COMMIT]


@pytest.fixture
def log(stack: LocalStack) -> TopicLog:
    return TopicLog(stack.status.kafka)


def at(where: Failpoint, act: object) -> Observer:
    def reached(point: Failpoint, batch: Batch) -> None:
        if point is where:
            act()  # type: ignore[operator]

    return reached


def flush(writer: TransactionalProducer) -> None:
    """Let the broker have what was produced so far."""
    assert writer._producer.flush(10) == 0


def test_offsets_are_those_of_the_last_row_with_markers_in_between(log: TopicLog) -> None:
    writer = log.writer()
    offsets = [log.commit(writer, log.records("out"), log.records(f"{n}a", f"{n}b")) for n in range(3)]
    committed = log.committed()
    assert [committed[offset] for offset in offsets] == ["0b", "1b", "2b"]
    assert offsets == [2, 6, 10], "each transaction ends with a marker"


def test_an_aborted_transaction_is_not_seen_and_the_next_is(log: TopicLog) -> None:
    writer = log.writer()
    log.commit(writer, [], log.records("before"))
    with pytest.raises(NotCommitted):
        log.commit(writer, log.records("a"), [ProducerRecord(log.name, b"b", b"b", 99)])
    offset = log.commit(writer, log.records("c"), log.records("d"))
    assert list(log.committed().values()) == ["before", "c", "d"]
    assert log.committed()[offset] == "d"


@pytest.mark.parametrize("flushed", [True, False])
@pytest.mark.parametrize("where", WITHIN)
def test_a_successor_fences_at_each_step_and_nothing_of_the_old_one_is_seen(
    log: TopicLog, where: Failpoint, flushed: bool
) -> None:
    old = log.writer("one-partition")
    log.commit(old, [], log.records("before"))
    successors: list[TransactionalProducer] = []

    def take_over() -> None:
        if flushed:
            flush(old)
        successors.append(log.writer("one-partition"))

    with pytest.raises(Fenced) as raised:
        log.commit(old, log.records("a", "b"), log.records("c", "d"), at(where, take_over))
    assert not isinstance(raised.value, ProducerLost)
    assert log.stable() == log.end(), "the end is final"
    log.commit(successors[0], log.records("e"), log.records("f"))
    with pytest.raises(Fenced):
        log.commit(old, log.records("g"), log.records("h"))
    assert list(log.committed().values()) == ["before", "e", "f"]


def test_a_successor_that_comes_between_two_batches_fences_too(log: TopicLog) -> None:
    old = log.writer("between")
    log.commit(old, [], log.records("before"))
    log.writer("between")
    with pytest.raises(Fenced):
        log.commit(old, [], log.records("after"))
    assert list(log.committed().values()) == ["before"]


def test_what_was_committed_when_a_successor_came_stays(log: TopicLog) -> None:
    old = log.writer("committed")
    offset = log.commit(old, log.records("a"), log.records("b"))
    log.writer("committed")
    assert log.committed()[offset] == "b"


def test_a_writer_fenced_while_its_queue_is_full_says_so(log: TopicLog) -> None:
    old = log.writer("full", config={"queue.buffering.max.messages": 100})
    many = log.records(*(str(number) for number in range(2000)))
    with pytest.raises(Fenced):
        log.commit(old, many, many, at(Failpoint.SOME_PRODUCED, lambda: log.writer("full")))
    assert log.committed() == {}


def test_a_queue_smaller_than_the_batch_loses_nothing(log: TopicLog) -> None:
    writer = log.writer(config={"queue.buffering.max.messages": 100})
    many = [str(number) for number in range(2000)]
    assert log.commit(writer, [], log.records(*many)) == 1999
    assert list(log.committed().values()) == many


def test_what_a_killed_process_left_open_is_aborted_by_the_next_to_take_the_id(log: TopicLog) -> None:
    command = [sys.executable, "-c", OPENS, log.brokers, log.name, "killed"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "open\n"
        writer.kill()
    assert log.stable() < log.end() == 3
    successor = log.writer("killed")
    assert log.stable() == log.end() == 4, "its marker is written when `fence` returns"
    log.commit(successor, [], log.records("d"))
    assert list(log.committed().values()) == ["d"]


@pytest.mark.parametrize("where", [Failpoint.SOME_PRODUCED, Failpoint.AFTER_PRODUCE])
def test_a_transaction_that_the_coordinator_gave_up_cannot_be_committed(log: TopicLog, where: Failpoint) -> None:
    writer = log.writer(seconds=4.0)

    def wait_too_long() -> None:
        flush(writer)
        assert log.end() > 0
        # Once it is given up, only its records and their marker are there.
        log.wait_decided()

    with pytest.raises(Fenced) as raised:
        log.commit(writer, log.records("a"), log.records("b"), at(where, wait_too_long))
    assert not isinstance(raised.value, ProducerLost)
    assert log.committed() == {}
    log.commit(log.writer(writer.transactional_id), [], log.records("c"))
    assert list(log.committed().values()) == ["c"]


@pytest.mark.parametrize("told_early", [True, False])
def test_a_record_too_large_for_its_topic_is_no_matter_of_trying_again(stack: LocalStack, told_early: bool) -> None:
    log = TopicLog(stack.status.kafka, config={"max.message.bytes": "1000"})
    writer = log.writer()
    large = [ProducerRecord(log.name, b"large", bytes(range(256)) * 100, 0)]
    tell = at(Failpoint.SOME_PRODUCED, lambda: writer._producer.flush(10) if told_early else None)
    with pytest.raises(KafkaException, match="MSG_SIZE_TOO_LARGE"):
        log.commit(writer, large, log.records("row"), tell)
    assert log.committed() == {}
    log.wait_decided()


def test_a_record_too_large_for_the_client_is_no_matter_of_trying_again(log: TopicLog) -> None:
    writer = log.writer()
    with pytest.raises(KafkaException, match="MSG_SIZE_TOO_LARGE"):
        log.commit(writer, log.records("a"), [ProducerRecord(log.name, b"large", bytes(2_000_000), 0)])
    assert log.committed() == {}
    log.wait_decided()


def test_a_topic_that_was_deleted_is_waited_for_with_a_new_writer(stack: LocalStack, log: TopicLog) -> None:
    gone = TopicLog(stack.status.kafka)
    writer = log.writer(seconds=6.0)
    log.commit(writer, log.records("before"), gone.records("row"))
    gone.delete()
    with pytest.raises((NotCommitted, ProducerLost)):
        log.commit(writer, log.records("after"), gone.records("row"))
    assert list(log.committed().values()) == ["before"]
    gone.create()
    writer = log.writer(writer.transactional_id, 30.0)
    eventually(lambda: gone.end() == 0, 20)
    log.commit(writer, log.records("again"), gone.records("row"))
    assert list(log.committed().values()) == ["before", "again"]


def test_a_broker_that_hangs_or_dies_in_a_transaction_costs_at_most_the_writer(make_broker: MakeBroker) -> None:
    own = make_broker()
    log = TopicLog(own.status.kafka)
    broker = psutil.Process(own.status.kafka_pid)
    writer = log.writer()
    log.commit(writer, [], log.records("a"))

    # So little time only where a hang must use it up: a cold broker may take it all.
    writer = log.writer(writer.transactional_id, 3.0)
    # It hangs longer than the records have time. Whether it then knows the transaction is a matter of luck:
    # of who is first, librdkafka with what it repeats or the abort.
    with pytest.raises((NotCommitted, ProducerLost)):
        commit_with_a_frozen(broker, writer, log, broker.resume)
    writer = log.writer(writer.transactional_id)
    log.commit(writer, [], log.records("b"))

    # It dies with a request that it has got and not read, and comes back: luck again.
    def die_and_come_back() -> None:
        own.kill()
        own.start()

    writer = log.writer(writer.transactional_id, 3.0)
    with pytest.raises((NotCommitted, ProducerLost)):
        commit_with_a_frozen(broker, writer, log, die_and_come_back)
    writer = log.writer(writer.transactional_id)
    log.commit(writer, [], log.records("c"))
    assert list(log.committed().values()) == ["a", "b", "c"]


def commit_with_a_frozen(
    broker: psutil.Process, writer: TransactionalProducer, log: TopicLog, and_then: Callable[[], object]
) -> None:
    """Commit while the broker hangs; `and_then` happens once the records' time is over."""

    def act() -> None:
        try:
            eventually(lambda: writer._undelivered, 60)
        finally:
            and_then()

    broker_acts = threading.Thread(target=act)

    def freeze() -> None:
        broker.suspend()
        broker_acts.start()

    try:
        log.commit(writer, log.records("lost"), log.records("lost too"), at(Failpoint.AFTER_BEGIN, freeze))
    finally:
        broker_acts.join()
