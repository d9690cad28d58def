import os
import socket

from app.asgi.port_owner import port_owner


def test_the_owner_of_a_port_is_a_process_with_its_name() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert port_owner(port).startswith(f"process {os.getpid()} (")
    assert port_owner(port) == "another process"
