import socket
from pathlib import Path

import pytest

from app.engine.private import GroupMember
from app.kafka.address import AddressCheck, AddressShared, advertised_host, member_name
from tests.unit.kafka.made import make_settings


class ManualClock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.mark.parametrize(
    ("host", "said"),
    [("127.0.0.1", "127.0.0.1"), ("10.0.0.7", "10.0.0.7"), ("0.0.0.0", socket.gethostname()), ("::1", "[::1]")],  # noqa: S104
)
def test_others_are_told_an_address_to_ask_at(tmp_path: Path, host: str, said: str) -> None:
    settings = make_settings(tmp_path, api_host=host, api_port=8003, topic_prefix="eu.")
    assert advertised_host(settings) == said
    assert member_name(settings) == f"eu.stock-signals@{said}:8003"


def test_members_with_addresses_of_their_own_are_fine(tmp_path: Path, clock: ManualClock) -> None:
    settings = make_settings(tmp_path)
    check = AddressCheck(settings, clock)
    members = [
        GroupMember("a", member_name(settings), "/127.0.0.1"),
        GroupMember("b", "stock-signals@127.0.0.1:8002", "/127.0.0.1"),
        GroupMember("c", "faust-0.15.3", "/10.0.0.7"),
    ]
    check.check(members)
    clock.now = settings.session_seconds + 1
    check.check(members)


def test_two_members_with_one_address_for_longer_than_a_session_are_named_with_the_fix(
    tmp_path: Path, clock: ManualClock
) -> None:
    settings = make_settings(tmp_path)
    name = member_name(settings)
    check = AddressCheck(settings, clock)
    members = [GroupMember("a", name, "/10.0.0.7"), GroupMember("b", name, "/10.0.0.6")]
    check.check(members)
    clock.now = settings.session_seconds
    check.check(members)
    clock.now += 1
    with pytest.raises(AddressShared) as raised:
        check.check(members)
    assert str(raised.value) == (
        "2 workers of group stock-signals, on 10.0.0.6, 10.0.0.7, tell others to ask at 127.0.0.1:8001: "
        "give each an API_PORT of its own and, on several machines, an API_HOST by which the others reach it"
    )


def test_memberships_before_this_one_that_have_yet_to_expire_are_nobody_else(
    tmp_path: Path, clock: ManualClock
) -> None:
    settings = make_settings(tmp_path)
    name = member_name(settings)
    check = AddressCheck(settings, clock)
    before = GroupMember("before", name, "/127.0.0.1")
    check.check([before])
    for times in range(5):
        clock.now += settings.session_seconds - 1
        check.check([before, GroupMember(f"again {times}", name, "/127.0.0.1")])
