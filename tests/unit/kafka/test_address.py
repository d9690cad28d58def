import socket
from concurrent.futures import Future
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.broker import Broker
from app.kafka.address import AddressCheck, AddressShared, advertised_host, member_name
from app.settings import Settings
from tests.unit.kafka.made import make_settings


class Group:
    """A broker whose group has these members: names, hosts and ids."""

    def __init__(self, *members: tuple[str, str, str]) -> None:
        self.members = members
        self.admin = self
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    def explaining(self) -> Any:
        return nullcontext()

    def describe_consumer_groups(self, groups: list[str], request_timeout: float) -> dict[str, Future[Any]]:
        answer: Future[Any] = Future()
        members = [
            SimpleNamespace(client_id=name, host=f"/{host}", member_id=member_id)
            for name, host, member_id in self.members
        ]
        answer.set_result(SimpleNamespace(members=members))
        return {groups[0]: answer}


def checking(group: Group, settings: Settings) -> AddressCheck:
    return AddressCheck(cast(Broker, group), settings, group.clock)


@pytest.mark.parametrize(
    ("host", "said"),
    [("127.0.0.1", "127.0.0.1"), ("10.0.0.7", "10.0.0.7"), ("0.0.0.0", socket.gethostname())],  # noqa: S104
)
def test_others_are_told_an_address_to_ask_at(tmp_path: Path, host: str, said: str) -> None:
    settings = make_settings(tmp_path, api_host=host, api_port=8003, topic_prefix="eu.")
    assert advertised_host(settings) == said
    assert member_name(settings) == f"eu.stock-signals@{said}:8003"


def test_members_with_addresses_of_their_own_are_fine(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    others = [("stock-signals@127.0.0.1:8002", "127.0.0.1", "b"), ("faust-0.15.3", "10.0.0.7", "c")]
    group = Group((member_name(settings), "127.0.0.1", "a"), *others)
    check = checking(group, settings)
    check.check()
    group.now = settings.session_seconds + 1
    check.check()


def test_two_members_with_one_address_for_longer_than_a_session_are_named_with_the_fix(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    name = member_name(settings)
    group = Group((name, "10.0.0.7", "a"), (name, "10.0.0.6", "b"))
    check = checking(group, settings)
    check.check()
    group.now = settings.session_seconds
    check.check()
    group.now += 1
    with pytest.raises(AddressShared) as raised:
        check.check()
    assert str(raised.value) == (
        "2 workers of group stock-signals, on 10.0.0.6, 10.0.0.7, tell others to ask at 127.0.0.1:8001: "
        "give each an API_PORT of its own and, on several machines, an API_HOST by which the others reach it"
    )


def test_memberships_before_this_one_that_have_yet_to_expire_are_nobody_else(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    name = member_name(settings)
    group = Group((name, "127.0.0.1", "before"))
    check = checking(group, settings)
    for times in range(5):
        check.check()
        group.members = (name, "127.0.0.1", f"again {times}"), group.members[0]
        group.now += settings.session_seconds - 1
