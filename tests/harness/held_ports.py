"""Ports for servers of the tests, which nobody else is given between their choice and the moment the server listens."""

import socket

from app.kafka.local_cluster import HOST


class HeldPorts:
    """Bound, and not listened on: the system gives such a port to nobody, and who names it may listen there, as often
    as it likes, if it sets SO_REUSEADDR, as servers do."""

    def __init__(self) -> None:
        self._sockets: list[socket.socket] = []

    def take(self) -> int:
        """One more port."""
        held = socket.socket()
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind((HOST, 0))
        self._sockets.append(held)
        return int(held.getsockname()[1])

    def close(self) -> None:
        """Let go of all of them."""
        while self._sockets:
            self._sockets.pop().close()
