import socket
from pathlib import Path
from typing import Any

import pytest

from app.asgi.listen import PortTaken
from app.errors import StocksError
from app.settings import Settings
from app.supervisor.places import places


def settings(**given: Any) -> Settings:
    return Settings(**{"_env_file": None, "data_dir": Path("tables"), **given})


def any_port(setting: str, host: str, port: int) -> socket.socket:
    """As if every port were free."""
    return socket.create_server(("127.0.0.1", 0)) if port == 0 else _Named(port)


class _Named(socket.socket):
    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port

    def getsockname(self) -> tuple[str, int]:
        return "127.0.0.1", self._port


def test_each_has_a_folder_and_a_port_that_do_not_depend_on_how_many_there_are() -> None:
    three = places(settings(api_port=8001), 3, any_port)
    assert [place.data_dir for place in three] == [Path(f"tables/worker-{number}") for number in (1, 2, 3)]
    assert [place.url for place in three] == [f"http://127.0.0.1:{port}/" for port in (8001, 8002, 8003)]
    assert places(settings(api_port=8001), 2, any_port) == three[:2]


def test_port_0_is_any_free_one_for_each() -> None:
    found = [place.port for place in places(settings(api_port=0), 3)]
    assert len({*found, 0}) == 4


def test_an_address_with_colons_is_put_in_brackets() -> None:
    [place, _] = places(settings(api_host="::1", api_port=8001), 2, any_port)
    assert place.url == "http://[::1]:8001/"


def test_a_taken_port_is_named_with_its_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=f"127.0.0.1:{port}: Address already in use.* API_PORT={port + 1}"):
            places(settings(api_port=port), 2)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"partitions": 2}, r"3 workers cannot share 2 partitions: choose at most --processes 2"),
        ({"api_port": 65534}, r"There are no 3 ports from API_PORT=65534 on"),
    ],
)
def test_what_cannot_be_is_said(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(StocksError, match=sentence):
        places(settings(**given), 3, any_port)
