"""What `stocks doctor` says of transactions: rights, the coordinator, partitions that stand still."""

import time

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)

from app.doctor.finding import Finding
from app.doctor.stalled import check_stalled
from app.doctor.transaction_log import check_transaction_log
from app.doctor.transactions import check_rights
from app.kafka.broker import Broker
from app.kafka.clients import producer_config
from app.kafka.topic_admin import ensure_topics
from app.kafka.topics import topics
from app.settings import Settings
from tests.integration.fixtures_stack import LocalStack
from tests.integration.own_broker import MakeBroker
from tests.integration.stack_settings import settings_for
from tests.integration.waiting import eventually

# A client without a password may do everything, the others what they are allowed.
_AUTHORIZER = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": "User:ANONYMOUS",
}


#: The first transaction of a cluster makes the coordinator's topic, which takes a busy machine long.
LONG = 60.0


@pytest.fixture
def ours(stack: LocalStack) -> Settings:
    settings = settings_for(stack.status)
    ensure_topics(settings)
    return settings


def allow(settings: Settings, *operations: AclOperation) -> None:
    """Let the user `worker` do this with the transactional ids of these settings."""
    kind, pattern, name = ResourceType.TRANSACTIONAL_ID, ResourcePatternType.PREFIXED, f"{settings.id}-"
    rules = [
        AclBinding(kind, name, pattern, "User:worker", "*", operation, AclPermissionType.ALLOW)
        for operation in operations
    ]
    broker = Broker(settings)
    for answer in broker.admin.create_acls(rules).values():
        answer.result(10)


def only(findings: list[Finding]) -> Finding:
    [finding] = findings
    return finding


def test_credentials_need_write_and_describe_on_the_apps_ids(make_broker: MakeBroker) -> None:
    status = make_broker(sasl={"worker": "its-secret"}, broker=_AUTHORIZER).status
    assert status.kafka_sasl
    everything = settings_for(status)
    keys = {"kafka_security_protocol": "SASL_PLAINTEXT", "kafka_api_key": "worker", "kafka_api_secret": "its-secret"}
    worker = settings_for(status, kafka_bootstrap=status.kafka_sasl, topic_prefix=everything.topic_prefix, **keys)

    finding = only(list(check_rights(worker)))
    assert finding.level == "broken"
    assert f"may not use the transactional ids that begin with {worker.id}-" in finding.message
    allow(everything, AclOperation.DESCRIBE)
    assert "may not use the transactional ids" in only(list(check_rights(worker, LONG))).message
    allow(everything, AclOperation.WRITE)
    # The broker hears of new rules a moment later.
    found: list[Finding] = []

    def allowed() -> bool:
        found[:] = check_rights(worker, LONG)
        return only(found).level == "ok"

    eventually(allowed, 60, lambda: f"{found}")

    # As on a managed cluster.
    finding = only(list(check_transaction_log(worker, Broker(worker))))
    assert (finding.level, "not shown to these credentials" in finding.message) == ("ok", True)


def test_brokers_that_cannot_keep_transactions_or_allow_only_shorter_ones(make_broker: MakeBroker) -> None:
    shorter = {"transaction.max.timeout.ms": "12000"}
    own = make_broker(broker={**shorter, "transaction.state.log.replication.factor": "3"})
    settings = settings_for(own.status)
    finding = only(list(check_rights(settings, seconds=3)))
    assert finding.message.startswith("no transaction coordinator answered within 3 s")
    few, short = check_transaction_log(settings, Broker(settings))
    assert "replication.factor is 3, but there are 1 brokers" in few.message
    assert "a worker's transaction may take 15 s" in short.message

    own.stop()
    settings = settings_for(own.start(shorter))
    finding = only(list(check_rights(settings, LONG)))
    assert finding.message.startswith("a worker's transaction may take 15 s, and the brokers allow less")
    finding = only(list(check_transaction_log(settings, Broker(settings))))
    assert finding.message == "a worker's transaction may take 15 s, and transaction.max.timeout.ms is 12000"


def test_a_partition_that_stands_still_is_named_and_one_that_moves_is_not(ours: Settings) -> None:
    raw, signals = topics(ours).raw.name, topics(ours).signals.name

    def open_transaction(name: str, topic: str, partition: int) -> Producer:
        config = {"transactional.id": f"{ours.topic_prefix}{name}", "transaction.timeout.ms": 600_000}
        producer = Producer(producer_config(ours) | config)
        producer.init_transactions(20)
        producer.begin_transaction()
        producer.produce(topic, b"value", partition=partition)
        assert producer.flush(20) == 0
        return producer

    hanging = open_transaction("hanging", raw, 1)
    busy = [open_transaction("busy", signals, 0)]

    def sleep(_: float) -> None:
        # The partition waits each time it is looked at, but for another transaction.
        producer = busy[0]
        producer.commit_transaction(20)
        producer.begin_transaction()
        producer.produce(signals, b"value", partition=0)
        assert producer.flush(20) == 0
        time.sleep(0.6)

    finding = only(list(check_stalled(ours, Broker(ours), limit_seconds=2, sleep=sleep)))
    assert finding.level == "broken"
    assert finding.message.startswith(f"{raw}[1] has stood still at offset 0 of 1")
    assert f"abort --topic {raw} --partition 1 --start-offset 0`" in finding.fix
    hanging.abort_transaction(20)
    busy[0].abort_transaction(20)
    finding = only(list(check_stalled(ours, Broker(ours), limit_seconds=2)))
    assert finding.level == "ok"
    assert finding.message.startswith("no reader of the ")
