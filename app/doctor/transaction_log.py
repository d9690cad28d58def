"""Whether the topic in which brokers keep transactions is as safe as ours, and their time limit allows ours."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import ConfigResource, ResourceType

from app.doctor.finding import Finding
from app.doctor.transactions import CHECK, time_limit
from app.kafka.broker import TIMEOUT, Broker
from app.settings import Settings

_TOPIC = "__transaction_state"
_REPLICAS, _MIN_ISR = "transaction.state.log.replication.factor", "transaction.state.log.min.isr"
_HIDDEN = (
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
)


class TransactionLog(NamedTuple):
    """The brokers' settings for transactions; None for one that they do not show.

    Replicas and in-sync replicas are those of the topic where it is `made` and shown; the brokers' settings count
    only when it is made.
    """

    made: bool = False
    replicas: int | None = None
    min_isr: int | None = None
    max_timeout_ms: int | None = None


def check_transaction_log(settings: Settings, broker: Broker) -> Iterator[Finding]:
    """Replicas, and the longest transaction allowed; raises BrokerUnavailable."""
    brokers = sorted(broker.metadata().brokers)
    # A request names one broker; they have these settings in common.
    config = _config(broker, ResourceType.BROKER, str(brokers[0])) if brokers else {}
    replicas = _replicas(broker)
    made = replicas is not None
    topic = _config(broker, ResourceType.TOPIC, _TOPIC) if made else {}
    log = TransactionLog(
        made,
        replicas if made else config.get(_REPLICAS),
        topic.get("min.insync.replicas") if made else config.get(_MIN_ISR),
        config.get("transaction.max.timeout.ms"),
    )
    yield from judge(log, len(brokers), settings)


def judge(log: TransactionLog, brokers: int, settings: Settings) -> Iterator[Finding]:
    """The findings for a cluster of so many brokers; a single one if all is well."""
    findings = [*_faults(log, brokers, settings.replication_factor), *_too_short(log, settings)]
    yield from findings
    if findings:
        return
    shown = [
        *([f"{log.replicas} replicas of {_TOPIC}"] if log.replicas is not None else []),
        *([f"{log.min_isr} of them in sync suffice"] if log.min_isr is not None else []),
        *([f"{log.max_timeout_ms / 1000:g} s a transaction at most"] if log.max_timeout_ms is not None else []),
    ]
    hidden = "" if len(shown) == 3 else "the rest is not shown to these credentials: a managed cluster sees to it"
    yield Finding("ok", CHECK, "; ".join([", ".join(shown)] * bool(shown) + [hidden] * bool(hidden)))


def _faults(log: TransactionLog, brokers: int, wanted: int) -> Iterator[Finding]:
    replicas, min_isr = log.replicas, log.min_isr
    if replicas is None:
        return
    count, needed = (
        (f"{_TOPIC} has {replicas} replicas", "min.insync.replicas")
        if log.made
        else (
            f"{_REPLICAS} is {replicas}",
            _MIN_ISR,
        )
    )
    if not log.made and replicas > brokers:
        message = f"{count}, but there are {brokers} brokers: no transaction can begin"
        yield Finding("broken", CHECK, message, f"set it to {brokers} or less in the brokers' settings")
        return
    # Kafka asks for no more than there are replicas, even if the setting is higher.
    must_answer = min(min_isr or 1, replicas)
    if brokers < must_answer:
        message = f"{count}, and {needed} is {min_isr}, but there are {brokers} brokers: no transaction can begin"
        yield Finding("broken", CHECK, message, "start the brokers that are down")
    elif must_answer == replicas > 1:
        message = f"{count}, and {needed} is {min_isr}: while one broker is down no worker can write"
        yield Finding("warning", CHECK, message, f"set it to {replicas - 1}")
    if replicas < wanted:
        fix = f"reassign {_TOPIC} with kafka-reassign-partitions" if log.made else "raise it before the first worker"
        message = f"{count}, REPLICATION_FACTOR is {wanted}: transactions are lost before the topics are"
        yield Finding("warning", CHECK, message, fix)


def _too_short(log: TransactionLog, settings: Settings) -> Iterator[Finding]:
    if log.max_timeout_ms is not None and log.max_timeout_ms < settings.transaction_seconds * 1000:
        yield time_limit(settings, f"transaction.max.timeout.ms is {log.max_timeout_ms}")


def _replicas(broker: Broker) -> int | None:
    """The fewest of a partition of the topic; None where it is not there or not shown."""
    with broker.explaining():
        try:
            answers = broker.admin.describe_topics(TopicCollection([_TOPIC]), request_timeout=TIMEOUT)
            partitions = answers[_TOPIC].result().partitions
        except KafkaException as error:
            if error.args[0].code() not in _HIDDEN:
                raise
            return None
    return min((len(partition.replicas) for partition in partitions), default=None)


def _config(broker: Broker, kind: ResourceType, name: str) -> Mapping[str, int]:
    """The settings whose values are numbers; empty if the brokers do not show them."""
    resource = ConfigResource(kind, name)
    with broker.explaining():
        try:
            found = broker.admin.describe_configs([resource], request_timeout=TIMEOUT)[resource].result()
        except KafkaException as error:
            if error.args[0].code() not in _HIDDEN:
                raise
            return {}
    return {key: int(entry.value) for key, entry in found.items() if str(entry.value).isdecimal()}
