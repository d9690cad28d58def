"""The table of rights: its names are the program's, and its commands are those of Kafka's and Confluent's tools."""

from pathlib import Path

import pytest

from app.engine.rights import Right
from app.kafka.acls import ROLES, commands
from app.kafka.engine_options import EngineSetup
from app.kafka.topics import topics
from tests.unit.kafka.made import make_settings


@pytest.mark.parametrize("part", ROLES)
def test_every_name_is_this_deployments(part: str, tmp_path: Path) -> None:
    settings = make_settings(tmp_path, topic_prefix="test.", app_id="mine")
    names = {topic.name for topic in topics(settings)}
    for right in ROLES[part](settings):
        assert right.name in names if right.resource == "topic" else right.name.startswith("test.mine")


def test_every_topic_is_created_written_and_read_by_some_part(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    given = {right for role in ROLES.values() for right in role(settings)}
    for topic in topics(settings):
        assert {Right(each, "topic", topic.name) for each in ("Create", "Write", "Read")} <= given


@pytest.mark.parametrize("part", ROLES)
def test_no_part_is_given_the_same_twice_or_everything(part: str, tmp_path: Path) -> None:
    rights = ROLES[part](make_settings(tmp_path))
    assert len(set(rights)) == len(rights)
    assert not [right for right in rights if right.prefixed and right.resource == "topic"]


def test_a_worker_may_use_its_transactional_ids_and_the_group_it_restores_by(tmp_path: Path) -> None:
    options = EngineSetup(make_settings(tmp_path)).options()
    used = [
        Right("Write", "transactional-id", f"{options.id}-raw-0"),
        Right("Describe", "group", options.consumer["group.id"]),
        Right("Read", "group", options.id),
    ]
    assert all(any(right.covers(each) for right in options.rights) for each in used)


def test_a_resource_is_one_command(tmp_path: Path) -> None:
    rights = ROLES["worker"](make_settings(tmp_path))
    printed = list(commands(rights, "User:w", "there:9092"))
    assert printed[1] == (
        "kafka-acls.sh --bootstrap-server there:9092 --add --allow-principal User:w "
        "--operation Read --operation Write --topic stocks.signals"
    )
    assert len(printed) == len({right[1:] for right in rights})


def test_confluents_own_command_has_its_own_words(tmp_path: Path) -> None:
    printed = list(commands(ROLES["operator"](make_settings(tmp_path)), "User:sa-1", "", cloud=True))
    start = "confluent kafka acl create --allow --service-account sa-1 --operations"
    assert f"{start} create,describe-configs,read,write --topic stocks.raw.avro" in printed
    assert f"{start} describe --consumer-group stock-signals- --prefix" in printed
    assert f"{start} write --transactional-id stock-signals- --prefix" in printed
