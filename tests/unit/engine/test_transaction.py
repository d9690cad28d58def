"""Against a librdkafka in memory; tests/integration/test_transactions.py says what the real one answers."""

from collections.abc import Iterator
from itertools import chain, repeat

import pytest
from confluent_kafka import KafkaError, KafkaException

from app.engine.batch import ProducerRecord
from app.engine.errors import Fenced, NotCommitted, OperatorError, ProducerLost
from app.engine.failpoints import Failpoint
from app.engine.transaction import TransactionalProducer
from tests.unit.engine.librdkafka import FakeProducer, in_a_callback, kafka_exception
from tests.unit.engine.made import batch

BATCH = batch(0, 3)
OUTPUTS = [ProducerRecord("signals", b"AAPL", b"%d" % number, 0) for number in range(2)]
CHANGELOG = [ProducerRecord("changelog", b"%d" % number, b"row", 0) for number in range(3)]

FENCED = kafka_exception(KafkaError._FENCED, "fenced by a newer instance", fatal=True)
TIMED_OUT = kafka_exception(KafkaError._TIMED_OUT, "retry call to resume", retriable=True)
ABORTABLE = kafka_exception(KafkaError.NOT_ENOUGH_REPLICAS, "too few replicas", abort=True)


@pytest.fixture
def producer() -> TransactionalProducer:
    return TransactionalProducer({"linger.ms": 5}, "app-raw-3", 15.0, FakeProducer)  # type: ignore[arg-type]


@pytest.fixture
def fake(producer: TransactionalProducer) -> FakeProducer:
    assert isinstance(producer._producer, FakeProducer)
    return producer._producer


def always() -> bool:
    return True


def wanted_for(times: int) -> Iterator[bool]:
    return chain(repeat(True, times), repeat(False))


def commit(producer: TransactionalProducer, asked: Iterator[bool] | None = None) -> int:
    answers = asked or repeat(True)
    return producer.commit(BATCH, OUTPUTS, CHANGELOG, lambda: next(answers))


def test_the_id_and_the_time_limit_reach_librdkafka(fake: FakeProducer) -> None:
    assert fake.config == {"linger.ms": 5, "transactional.id": "app-raw-3", "transaction.timeout.ms": 15_000}


def test_outputs_come_before_rows_and_all_is_delivered_before_the_commit(
    producer: TransactionalProducer, fake: FakeProducer
) -> None:
    producer.commit(BATCH, OUTPUTS, CHANGELOG, always, lambda point, batch: fake.calls.append(point.name))
    assert fake.calls == [
        "begin",
        "AFTER_BEGIN",
        *["produce"] * 2,
        "SOME_PRODUCED",
        *["produce"] * 3,
        "AFTER_PRODUCE",
        "flush",
        "BEFORE_COMMIT",
        "commit",
    ]
    assert [record[0] for record in fake.produced] == ["signals"] * 2 + ["changelog"] * 3


def test_records_are_sent_with_all_they_have(producer: TransactionalProducer, fake: FakeProducer) -> None:
    letter = ProducerRecord("dead", None, b"\x00", 3, [("reason", b"stale")])
    producer.commit(BATCH, [letter], [ProducerRecord("changelog", b"k", None, 3)], always)
    assert fake.produced == [("dead", None, b"\x00", 3, [("reason", b"stale")]), ("changelog", b"k", None, 3, None)]


def test_only_the_last_row_reports_and_its_offset_is_returned(
    producer: TransactionalProducer, fake: FakeProducer
) -> None:
    assert commit(producer) == 104
    assert fake.reporting == [4]
    assert commit(producer) == 109


def test_a_full_queue_is_polled_until_there_is_room(producer: TransactionalProducer, fake: FakeProducer) -> None:
    fake.room = 3
    assert commit(producer) == 104
    assert fake.calls.count("full") == fake.calls.count("poll") == 1
    assert [record[1:3] for record in fake.produced] == [record[1:3] for record in OUTPUTS + CHANGELOG]


def test_what_is_on_its_way_is_waited_for(producer: TransactionalProducer, fake: FakeProducer) -> None:
    fake.answers["flush"].extend([None, None])
    assert commit(producer) == 104
    assert fake.calls[-4:] == ["flush", "flush", "flush", "commit"]


def test_a_call_that_timed_out_is_resumed(producer: TransactionalProducer, fake: FakeProducer) -> None:
    fake.answers["init"].extend([TIMED_OUT, kafka_exception(KafkaError.CONCURRENT_TRANSACTIONS, retriable=True)])
    fake.answers["commit"].extend([TIMED_OUT] * 2)
    producer.fence(always)
    commit(producer)
    assert (fake.calls.count("init"), fake.calls.count("commit"), fake.calls.count("begin")) == (3, 3, 1)


def test_an_aborted_transaction_may_be_tried_again(producer: TransactionalProducer, fake: FakeProducer) -> None:
    fake.answers["commit"].append(ABORTABLE)
    fake.answers["abort"].append(TIMED_OUT)
    with pytest.raises(NotCommitted, match="too few replicas"):
        commit(producer)
    assert fake.calls[-3:] == ["commit", "abort", "abort"]
    assert producer.spent_at is not None


@pytest.mark.parametrize(
    "code", [KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION, KafkaError.UNKNOWN_TOPIC_OR_PART]
)
def test_a_topic_that_is_not_known_now_may_be_later(
    producer: TransactionalProducer, fake: FakeProducer, code: int
) -> None:
    fake.answers["produce"].append(kafka_exception(code))
    with pytest.raises(NotCommitted):
        commit(producer)
    assert fake.calls[-1] == "abort"


def test_what_was_not_delivered_says_why(producer: TransactionalProducer, fake: FakeProducer) -> None:
    fake.undelivered = KafkaError(KafkaError._MSG_TIMED_OUT, "the message timed out")
    reason = "5 message(s) failed delivery (see individual delivery reports)"
    fake.answers["commit"].append(kafka_exception(KafkaError._INCONSISTENT, reason, abort=True))
    with pytest.raises(NotCommitted, match=r"^the message timed out$"):
        commit(producer)


def test_a_transaction_that_failed_before_all_was_produced_gives_the_reason(
    producer: TransactionalProducer, fake: FakeProducer
) -> None:
    fake.answers["produce"].extend([None, None, None, kafka_exception(KafkaError._STATE, "Erroneous state")])
    fake.answers["commit"].append(ABORTABLE)
    with pytest.raises(NotCommitted, match="too few replicas"):
        commit(producer)
    assert fake.calls[-3:] == ["produce", "commit", "abort"]


@pytest.mark.parametrize("early", [True, False])
def test_what_no_repetition_mends_is_raised_as_it_is(
    producer: TransactionalProducer, fake: FakeProducer, early: bool
) -> None:
    if early:
        fake.answers["produce"].append(kafka_exception(KafkaError._STATE))
    fake.answers["commit"].append(kafka_exception(KafkaError.MSG_SIZE_TOO_LARGE, "too large", abort=True))
    with pytest.raises(KafkaException, match="too large"):
        commit(producer)
    assert fake.calls[-1] == "abort"


@pytest.mark.parametrize("step", ["begin", "produce", "flush", "commit"])
@pytest.mark.parametrize("error", [FENCED, in_a_callback(FENCED)], ids=["told", "in a callback"])
def test_a_producer_that_was_fenced_says_so_at_every_step(
    producer: TransactionalProducer, fake: FakeProducer, step: str, error: Exception
) -> None:
    fake.answers[step].append(error)
    with pytest.raises(Fenced, match="app-raw-3: fenced by a newer instance") as raised:
        commit(producer)
    assert not isinstance(raised.value, ProducerLost)
    assert fake.calls[-1] == "abort"


def test_a_producer_that_was_fenced_while_its_queue_was_full_says_so(
    producer: TransactionalProducer, fake: FakeProducer
) -> None:
    fake.room = 1
    fake.answers["poll"].append(FENCED)
    with pytest.raises(Fenced, match="newer instance"):
        commit(producer)


def test_produce_does_not_know_why_it_refuses_but_the_commit_does(
    producer: TransactionalProducer, fake: FakeProducer
) -> None:
    fake.answers["produce"].append(kafka_exception(KafkaError._FATAL, fatal=True))
    fake.answers["commit"].append(FENCED)
    with pytest.raises(Fenced, match="newer instance"):
        commit(producer)


@pytest.mark.parametrize("code", [KafkaError._FENCED, KafkaError.PRODUCER_FENCED, KafkaError.INVALID_PRODUCER_EPOCH])
def test_fencing_has_several_names(producer: TransactionalProducer, fake: FakeProducer, code: int) -> None:
    fake.answers["init"].append(kafka_exception(code, fatal=True))
    with pytest.raises(Fenced):
        producer.fence(always)


def test_a_coordinator_that_does_not_know_the_transaction_costs_the_producer(
    producer: TransactionalProducer, fake: FakeProducer
) -> None:
    # So it is when a broker crashed with the request that would have begun it.
    fake.answers["commit"].append(ABORTABLE)
    fake.answers["abort"].append(kafka_exception(KafkaError.INVALID_TXN_STATE, "invalid state", fatal=True))
    with pytest.raises(ProducerLost, match="app-raw-3: invalid state"):
        commit(producer)


@pytest.mark.parametrize("code", [KafkaError.INVALID_PRODUCER_ID_MAPPING, KafkaError.UNKNOWN_PRODUCER_ID])
def test_an_id_that_the_broker_has_forgotten_is_given_again(
    producer: TransactionalProducer, fake: FakeProducer, code: int
) -> None:
    fake.answers["flush"].append(kafka_exception(code, abort=True))
    with pytest.raises(NotCommitted):
        commit(producer)
    assert fake.calls[-1] == "abort"


@pytest.mark.parametrize("step", ["full queue", "flush", "commit", "abort"])
def test_nobody_waits_for_the_broker_without_need(
    producer: TransactionalProducer, fake: FakeProducer, step: str
) -> None:
    if step == "full queue":
        fake.room = 0
        fake.answers["poll"].extend([None] * 2)
    elif step == "flush":
        fake.answers["flush"].extend([None] * 10)
    elif step == "abort":
        fake.answers["commit"].append(ABORTABLE)
        fake.answers["abort"].extend([TIMED_OUT] * 10)
    else:
        fake.answers["commit"].extend([TIMED_OUT] * 10)
    with pytest.raises(Fenced, match="nobody waits"):
        commit(producer, wanted_for(0 if step == "full queue" else 2))
    if step != "abort":
        assert fake.calls[-1] == "abort"


def test_nobody_takes_an_id_over_without_need(producer: TransactionalProducer, fake: FakeProducer) -> None:
    with pytest.raises(Fenced, match="nobody waits"):
        producer.fence(lambda: False)
    assert fake.calls == []
    fake.answers["init"].extend([TIMED_OUT] * 10)
    wanted = wanted_for(1)
    with pytest.raises(Fenced, match="nobody waits"):
        producer.fence(lambda: next(wanted))
    assert fake.calls == ["init"]


def test_a_missing_right_is_a_sentence(producer: TransactionalProducer, fake: FakeProducer) -> None:
    fake.answers["init"].append(kafka_exception(KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, fatal=True))
    with pytest.raises(OperatorError, match=r"lack the right Write on transactional id app-raw-3\."):
        producer.fence(always)


@pytest.mark.parametrize("error", [kafka_exception(KafkaError._INVALID_ARG), SystemError("of somebody else's")])
def test_an_error_nobody_knows_is_raised_as_it_is(
    producer: TransactionalProducer, fake: FakeProducer, error: Exception
) -> None:
    fake.answers["flush"].append(error)
    with pytest.raises(type(error)) as raised:
        commit(producer)
    assert raised.value is error
    assert fake.calls[-1] == "abort"


@pytest.mark.parametrize("where", list(Failpoint)[1:5])
def test_whatever_happens_on_the_way_leaves_nothing_open(
    producer: TransactionalProducer, fake: FakeProducer, where: Failpoint
) -> None:
    def fail(point: Failpoint, batch: object) -> None:
        if point is where:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        producer.commit(BATCH, OUTPUTS, CHANGELOG, always, fail)
    assert fake.calls[-1] == "abort"
    assert "commit" not in fake.calls


@pytest.mark.parametrize("error", [kafka_exception(KafkaError._STATE), in_a_callback(FENCED)])
def test_closing_a_producer_that_has_nothing_open_is_no_error(
    producer: TransactionalProducer, fake: FakeProducer, error: Exception
) -> None:
    fake.answers["abort"].append(error)
    producer.close()
    assert fake.calls == ["abort"]
