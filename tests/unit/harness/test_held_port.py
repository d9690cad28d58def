import socket
import sys
from contextlib import suppress

from app.kafka.local_cluster import HOST
from tests.harness.held_port import held_port


def test_a_server_may_listen_there_more_than_once_and_nobody_else_is_given_it() -> None:
    with held_port() as port:
        for _ in range(2):
            with socket.create_server((HOST, port)), socket.create_connection((HOST, port)):
                pass
        with socket.socket() as other, suppress(OSError):
            other.bind((HOST, port))
            assert sys.platform != "linux"
