import errno
import os
import socket

import pytest

from app.asgi.listen import PortTaken, _why, listen, local_url


def test_any_free_port() -> None:
    with listen("PRODUCER_PORT", "127.0.0.1", 0) as sock:
        assert sock.getsockname()[1] > 0


def test_a_port_that_is_taken_names_the_process_and_the_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=f"by process {os.getpid()}.*PRODUCER_PORT={port + 1}"):
            listen("PRODUCER_PORT", "127.0.0.1", port)


def test_an_address_of_another_machine_is_no_port_that_is_taken() -> None:
    with pytest.raises(PortTaken) as caught:
        listen("API_PORT", "192.0.2.1", 0)
    said = str(caught.value)
    assert said.startswith("API_HOST=192.0.2.1 is no address of this machine: API_HOST=127.0.0.1 is for this machine")
    assert "0.0.0.0 for all of its networks" in said
    assert "another port" not in said


def test_a_name_that_cannot_be_looked_up_is_named() -> None:
    with pytest.raises(PortTaken, match=r"^PRODUCER_HOST=no\.such\.host\.invalid is no address, nor a name that"):
        listen("PRODUCER_PORT", "no.such.host.invalid", 0)


def test_the_last_port_has_none_behind_it() -> None:
    assert "API_PORT=65534" in _why(OSError(errno.EADDRINUSE, "Address already in use"), "API_PORT", "127.0.0.1", 65535)


def test_a_port_that_only_root_may_have_is_said() -> None:
    """By the error's number: root gets such a port, and some systems give it to all."""
    said = _why(OSError(errno.EACCES, "Permission denied"), "API_PORT", "127.0.0.1", 80)
    assert said == "API_PORT=80: this user may not listen on a port below 1024; choose a higher one, such as 8001"


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8001"),
        ("0.0.0.0", "http://127.0.0.1:8001"),  # noqa: S104
        ("::", "http://[::1]:8001"),
        ("::1", "http://[::1]:8001"),
        ("localhost", "http://localhost:8001"),
    ],
)
def test_whatever_a_server_listens_on_has_an_address_to_ask_at(host: str, url: str) -> None:
    assert local_url(host, 8001) == url
