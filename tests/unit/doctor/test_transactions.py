from typing import cast

import pytest
from confluent_kafka import KafkaError

from app.doctor.finding import Finding
from app.doctor.transaction_log import TransactionLog, check_transaction_log, judge
from app.doctor.transactions import refused
from app.kafka.broker import Broker, BrokerUnavailable
from app.settings import Settings
from tests.unit.kafka.memory_broker import MemoryBroker, MemoryTopic


def settings(replication_factor: int = 1) -> Settings:
    return Settings(_env_file=None, topic_prefix="dips.", replication_factor=replication_factor)  # type: ignore[call-arg]


def found(log: TransactionLog, brokers: int, replication_factor: int = 1) -> list[Finding]:
    return list(judge(log, brokers, settings(replication_factor)))


def test_without_the_right_the_prefix_and_what_it_needs_are_named() -> None:
    finding = refused(settings(), KafkaError(KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED), 10)
    assert finding.level == "broken"
    assert "transactional ids that begin with dips.stock-signals-" in finding.message
    assert "Write and Describe" in finding.fix
    assert "--transactional-id dips.stock-signals- --resource-pattern-type prefixed" in finding.fix


def test_a_coordinator_that_does_not_answer() -> None:
    finding = refused(settings(), KafkaError(KafkaError._TIMED_OUT), 10)
    assert finding.message == "no transaction coordinator answered within 10 s, so no worker can write"
    assert "transaction.state.log.replication.factor" in finding.fix


def test_brokers_that_allow_only_shorter_transactions() -> None:
    finding = refused(settings(), KafkaError(KafkaError.INVALID_TRANSACTION_TIMEOUT), 10)
    assert finding.message.startswith("a worker's transaction may take 15 s, and the brokers allow less")
    assert "SESSION_SECONDS (10)" in finding.fix
    [finding] = found(TransactionLog(True, 1, 1, 12_000), brokers=1)
    assert (finding.level, finding.message) == (
        "broken",
        "a worker's transaction may take 15 s, and transaction.max.timeout.ms is 12000",
    )


def test_any_other_refusal_is_told_as_it_is() -> None:
    finding = refused(settings(), KafkaError(KafkaError.UNSUPPORTED_VERSION), 10)
    assert (finding.level, finding.message.partition(": ")[0]) == ("broken", "no transactional id can be had")


@pytest.mark.parametrize(
    ("log", "brokers", "replication_factor", "level", "message"),
    [
        (
            TransactionLog(False, 3, 2, 900_000),
            1,
            1,
            "broken",
            "transaction.state.log.replication.factor is 3, but there are 1 brokers",
        ),
        (
            TransactionLog(True, 3, 2, 900_000),
            1,
            3,
            "broken",
            "__transaction_state has 3 replicas, and min.insync.replicas is 2, but there are 1 brokers",
        ),
        (
            TransactionLog(True, 2, 2, 900_000),
            2,
            2,
            "warning",
            "__transaction_state has 2 replicas, and min.insync.replicas is 2",
        ),
        (
            TransactionLog(False, 1, 1, 900_000),
            3,
            3,
            "warning",
            "transaction.state.log.replication.factor is 1, REPLICATION_FACTOR is 3",
        ),
    ],
)
def test_faults(log: TransactionLog, brokers: int, replication_factor: int, level: str, message: str) -> None:
    [finding] = found(log, brokers, replication_factor)
    assert (finding.level, finding.message.rpartition(": ")[0]) == (level, message)
    assert finding.fix


def test_when_all_is_well_or_not_shown_it_is_one_calm_line() -> None:
    assert found(TransactionLog(True, 3, 2, 900_000), 3, 3) == [
        Finding(
            "ok",
            "transactions",
            "3 replicas of __transaction_state, 2 of them in sync suffice, 900 s a transaction at most",
        )
    ]
    # Kafka asks for no more replicas in sync than there are.
    assert found(TransactionLog(True, 1, 2, 900_000), 1)[0].level == "ok"
    hidden = "the rest is not shown to these credentials: a managed cluster sees to it"
    assert found(TransactionLog(True, 3), 3, 3) == [
        Finding("ok", "transactions", f"3 replicas of __transaction_state; {hidden}")
    ]
    [finding] = found(TransactionLog(), 3, 3)
    assert (finding.level, "not shown" in finding.message) == ("ok", True)


def test_before_there_is_a_topic_of_transactions_the_brokers_settings_count(broker: MemoryBroker) -> None:
    broker.settings = {
        "transaction.state.log.replication.factor": "3",
        "transaction.state.log.min.isr": "2",
        "transaction.max.timeout.ms": "900000",
        "listeners": "PLAINTEXT://:9092",
    }
    [finding] = check_transaction_log(settings(), cast(Broker, broker))
    assert finding.message.startswith("transaction.state.log.replication.factor is 3, but there are 1 brokers")


def test_where_there_is_one_its_own_count(broker: MemoryBroker) -> None:
    broker.brokers = 3
    broker.settings = {"transaction.state.log.replication.factor": "1", "transaction.max.timeout.ms": "900000"}
    broker.topics["__transaction_state"] = MemoryTopic([(0, 0)] * 5, {"min.insync.replicas": "2"}, replicas=3)
    [finding] = check_transaction_log(settings(3), cast(Broker, broker))
    assert finding.message.startswith("3 replicas of __transaction_state, 2 of them in sync suffice, 900 s")


@pytest.mark.parametrize("code", [KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.CLUSTER_AUTHORIZATION_FAILED])
def test_what_these_credentials_may_not_see_is_no_fault(broker: MemoryBroker, code: int) -> None:
    broker.refuses = code
    [finding] = check_transaction_log(settings(), cast(Broker, broker))
    assert (finding.level, "not shown to these credentials" in finding.message) == ("ok", True)


def test_any_other_trouble_is_an_error(broker: MemoryBroker) -> None:
    broker.refuses = KafkaError.INVALID_REQUEST
    with pytest.raises(BrokerUnavailable):
        list(check_transaction_log(settings(), cast(Broker, broker)))
