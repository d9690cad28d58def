"""Sockets to listen on."""

import socket

from app.errors import StocksError
from app.stack.ports import owner


class PortTaken(StocksError):
    """Another process listens there."""


def listen(setting: str, host: str, port: int) -> socket.socket:
    """A socket bound to that address, whose port comes from `setting`; port 0: any free one. Raises PortTaken."""
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise PortTaken(
            f"Cannot listen on {host}:{port}: {error.strerror}, by {owner(port)}. "
            f"Stop that, or choose another port: {setting}={port + 1}."
        ) from None
    return sock
