"""Choosing loopback ports."""

import socket
from collections.abc import Iterable

import psutil

from app.stack.errors import StackError

HOST = "127.0.0.1"


def choose_port(setting: str, wanted: int | None, preferred: Iterable[int | None]) -> int:
    """The port that the setting wants, else the first free one of those preferred, else any.

    Raises StackError when the setting's port is taken.
    """
    if wanted is not None:
        if not is_free(wanted):
            raise StackError(
                f"Port {wanted} is taken by {_owner(wanted)}.\n"
                f"Stop that, set {setting} to another port, or leave {setting} unset to use any free one."
            )
        return wanted
    return next((port for port in preferred if port and is_free(port)), None) or any_free_port()


def is_free(port: int) -> bool:
    """Whether a server could listen there now, as far as one can tell without doing so."""
    # As Java's server sockets do, this takes a port whose last connections are still closing for free.
    try:
        socket.create_server((HOST, port)).close()
    except OSError:
        return False
    return True


def any_free_port() -> int:
    """A port that the system gives out."""
    with socket.create_server((HOST, 0)) as server:
        return int(server.getsockname()[1])


def _owner(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            # A listening socket has a local address: (host, port).
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,) and connection.pid:
                return f"process {connection.pid} ({psutil.Process(connection.pid).name()})"
    except psutil.Error:
        pass  # Some systems show only one's own connections.
    return "another process"
