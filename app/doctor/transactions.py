"""Whether workers can write in transactions: their right to the ids, and a coordinator that answers."""

import logging
from collections.abc import Iterator

from confluent_kafka import KafkaError, KafkaException, Producer

from app.doctor.finding import Finding
from app.engine.rights import Right, kafka_acls
from app.kafka.clients import producer_config
from app.settings import Settings

CHECK = "transactions"
# The first one ever makes the coordinator's topic.
_SECONDS = 10.0

# What librdkafka says to stderr is said by the finding.
_silent = logging.Logger("doctor")
_silent.addHandler(logging.NullHandler())


def check_rights(settings: Settings, seconds: float = _SECONDS) -> Iterator[Finding]:
    """Take over a transactional id that no worker has, as workers do with theirs; nothing is written."""
    own = {
        "transactional.id": f"{settings.id}-doctor",
        "transaction.timeout.ms": round(settings.transaction_seconds * 1000),
    }
    producer = Producer(producer_config(settings) | own, logger=_silent)
    try:
        producer.init_transactions(seconds)
    except KafkaException as error:
        yield refused(settings, error.args[0], seconds)
    else:
        yield Finding("ok", CHECK, f"the coordinator answers, and the ids {settings.id}-… may be used")


def refused(settings: Settings, error: KafkaError, seconds: float) -> Finding:
    """Why no transactional id could be had."""
    if error.code() == KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
        return Finding(
            "broken",
            CHECK,
            f"these credentials may not use the transactional ids that begin with {settings.id}-, so no worker can "
            "write",
            f"`{kafka_acls(Right('Write', 'transactional-id', f'{settings.id}-', prefixed=True))}` gives the right",
        )
    if error.code() == KafkaError.INVALID_TRANSACTION_TIMEOUT:
        return time_limit(settings, "the brokers allow less (transaction.max.timeout.ms)")
    if error.code() == KafkaError._TIMED_OUT:
        return Finding(
            "broken",
            CHECK,
            f"no transaction coordinator answered within {seconds:g} s, so no worker can write",
            "see in the brokers' logs why __transaction_state cannot be made or written: it needs as many brokers as "
            "transaction.state.log.replication.factor and transaction.state.log.min.isr say",
        )
    return Finding("broken", CHECK, f"no transactional id can be had: {error.str()}", "look at the brokers' logs")


def time_limit(settings: Settings, allowed: str) -> Finding:
    """That the brokers do not allow a transaction as long as ours."""
    return Finding(
        "broken",
        CHECK,
        f"a worker's transaction may take {settings.transaction_seconds:g} s, and {allowed}",
        f"lower SESSION_SECONDS ({settings.session_seconds:g}), or raise transaction.max.timeout.ms on the brokers",
    )
