"""A port for a server that is still to start, which takes seconds: until then nobody else is given it."""

import socket


class ReservedPort:
    """A bound socket that does not listen: the system gives its port to nobody, and a server may still take it."""

    def __init__(self) -> None:
        self._socket = socket.socket()
        # Without this no server could take it.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", 0))
        self.number = int(self._socket.getsockname()[1])

    def close(self) -> None:
        """Let the system give it to others."""
        self._socket.close()
