"""`stocks topics acls`, which asks nothing of any cluster."""

import pytest
from click.testing import CliRunner, Result

from app.cli import main
from app.kafka.acls import ROLES
from app.settings import settings


def printed(*arguments: str) -> Result:
    settings.cache_clear()
    try:
        return CliRunner().invoke(main, ["topics", "acls", *arguments], env={"TOPIC_PREFIX": "test."})
    finally:
        settings.cache_clear()


def test_without_a_part_all_are_printed_each_under_its_name() -> None:
    lines = printed("--principal", "User:me").output.splitlines()
    assert [line for line in lines if line.startswith("#")] == [f"# {part}" for part in ROLES]
    assert all("--allow-principal User:me " in line for line in lines if not line.startswith("#"))


def test_a_part_alone_with_the_prefix_of_the_settings() -> None:
    lines = printed("producer", "--principal", "User:me").output.splitlines()
    assert lines[0] == "# producer"
    assert lines[1].endswith("--operation Write --topic test.stocks.raw.avro")


def test_confluents_commands() -> None:
    assert (
        "confluent kafka acl create --allow --service-account sa-1 "
        in printed("alerts", "--cloud", "--principal", "User:sa-1").output
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nobody", "--principal", "User:me"), "There is no part 'nobody': take worker, producer"),
        (("--principal", "me"), "write it as User:me"),
        ((), "Missing option '--principal'"),
    ],
)
def test_what_is_wrong_is_said(arguments: tuple[str, ...], said: str) -> None:
    done = printed(*arguments)
    assert done.exit_code == 2
    assert said in done.output
