import pytest
from confluent_kafka import KafkaError, KafkaException

from app.engine.batch import ProducerRecord
from app.engine.errors import Fenced
from app.engine.full_queue import BY_KEY, produce_all
from tests.unit.engine.librdkafka import FakeProducer, kafka_exception

RECORDS = [ProducerRecord("topic", b"key", b"%d" % number, BY_KEY) for number in range(5)]


@pytest.fixture
def fake() -> FakeProducer:
    return FakeProducer({})


def values(fake: FakeProducer) -> list[bytes]:
    return [record[2] for record in fake.produced]


def test_a_full_queue_is_waited_for_and_nothing_is_lost_or_sent_twice(fake: FakeProducer) -> None:
    fake.room = 2
    produce_all(fake, RECORDS)  # type: ignore[arg-type]
    assert values(fake) == [record.value for record in RECORDS]
    assert fake.calls.count("full") == fake.calls.count("poll") == 1


def test_who_waits_may_give_up(fake: FakeProducer) -> None:
    def give_up() -> None:
        raise Fenced("it is another worker's")

    fake.room = 2
    with pytest.raises(Fenced):
        produce_all(fake, RECORDS, give_up)  # type: ignore[arg-type]
    assert len(values(fake)) == 2


def test_headers_and_reports_go_along(fake: FakeProducer) -> None:
    produce_all(fake, [RECORDS[0]._replace(headers=[("reason", b"stale")])])  # type: ignore[arg-type]
    produce_all(fake, [RECORDS[1]], on_delivery=lambda *_: None)  # type: ignore[arg-type]
    assert fake.produced[0][4] == [("reason", b"stale")]
    assert fake.reporting == [1]


def test_a_record_that_is_refused_ends_it(fake: FakeProducer) -> None:
    fake.answers["produce"].append(kafka_exception(KafkaError.MSG_SIZE_TOO_LARGE))
    with pytest.raises(KafkaException):
        produce_all(fake, RECORDS)  # type: ignore[arg-type]
    assert values(fake) == []
