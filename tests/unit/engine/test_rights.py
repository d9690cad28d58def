"""Rights, the commands that give them, and the error that names them."""

import pytest
from confluent_kafka import KafkaError

from app.engine.rights import NotAllowed, Right, kafka_acls, refused

WRITE = Right("Write", "topic", "signals")
IDS = Right("Write", "transactional-id", "app-", prefixed=True)


def test_one_that_is_missing_is_named_with_its_command() -> None:
    assert str(NotAllowed([WRITE, WRITE])) == (
        "Kafka refuses this: these credentials lack the right Write on topic signals. `kafka-acls.sh "
        "--bootstrap-server … --add --allow-principal User:… --operation Write --topic signals` gives it"
    )


def test_several_are_a_line_each() -> None:
    first, *lines = str(NotAllowed([WRITE, IDS])).splitlines()
    assert first == "Kafka refuses this: these credentials lack these rights, or some of them:"
    assert lines[1].startswith("  - Write on transactional ids that begin with app-: `kafka-acls.sh ")
    assert lines[1].endswith("--operation Write --transactional-id app- --resource-pattern-type prefixed`")


def test_rights_on_one_resource_are_one_command() -> None:
    command = kafka_acls(WRITE, WRITE._replace(operation="Read"), principal="User:me", server="there:9092")
    assert "--bootstrap-server there:9092 --add --allow-principal User:me --operation Write --operation Read" in command


@pytest.mark.parametrize(
    ("right", "other", "covers"),
    [
        (IDS, Right("Write", "transactional-id", "app-raw-0"), True),
        (IDS, Right("Write", "transactional-id", "other-raw-0"), False),
        (IDS, Right("Read", "transactional-id", "app-raw-0"), False),
        (IDS, Right("Write", "topic", "app-raw-0"), False),
        (WRITE, WRITE, True),
        (WRITE, Right("Write", "topic", "signals-2"), False),
    ],
)
def test_what_a_right_covers(right: Right, other: Right, covers: bool) -> None:
    assert right.covers(other) is covers


def test_a_right_that_is_given_for_all_names_that_begin_alike_is_named_so() -> None:
    narrow = NotAllowed([Right("Write", "transactional-id", "app-raw-0"), WRITE])
    assert narrow.widened([IDS, WRITE]).missing == (IDS, WRITE)


def test_only_what_a_broker_refuses_for_want_of_a_right_is_refused() -> None:
    assert refused(KafkaError(KafkaError.GROUP_AUTHORIZATION_FAILED))
    assert not refused(KafkaError(KafkaError._AUTHENTICATION))
