import os
import socket

import pytest

from app.listen import PortTaken, listen


def test_any_free_port() -> None:
    with listen("PRODUCER_PORT", "127.0.0.1", 0) as sock:
        assert sock.getsockname()[1] > 0


def test_a_port_that_is_taken_names_the_process_and_the_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=f"by process {os.getpid()}.*PRODUCER_PORT={port + 1}"):
            listen("PRODUCER_PORT", "127.0.0.1", port)
