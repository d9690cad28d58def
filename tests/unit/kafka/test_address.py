import socket
from concurrent.futures import Future
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.kafka.address import AddressShared, advertised_host, check_address, member_name
from tests.unit.kafka.made import make_settings


def group_of(*members: tuple[str, str]) -> Any:
    """A broker whose group has these members: names and hosts."""

    def describe(groups: list[str], request_timeout: float) -> dict[str, Future[Any]]:
        answer: Future[Any] = Future()
        answer.set_result(
            SimpleNamespace(members=[SimpleNamespace(client_id=name, host=f"/{host}") for name, host in members])
        )
        return {groups[0]: answer}

    return SimpleNamespace(admin=SimpleNamespace(describe_consumer_groups=describe), explaining=nullcontext)


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
    others = [("stock-signals@127.0.0.1:8002", "127.0.0.1"), ("faust-0.15.3", "10.0.0.7")]
    check_address(group_of((member_name(settings), "127.0.0.1"), *others), settings)


def test_two_members_with_one_address_are_named_with_the_fix(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    name = member_name(settings)
    with pytest.raises(AddressShared) as raised:
        check_address(group_of((name, "10.0.0.7"), (name, "10.0.0.6")), settings)
    assert str(raised.value) == (
        "2 workers of group stock-signals, on 10.0.0.6, 10.0.0.7, tell others to ask at 127.0.0.1:8001: "
        "give each an API_PORT of its own and, on several machines, an API_HOST by which the others reach it"
    )
