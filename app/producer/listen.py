"""Sockets to listen on."""

import socket

import psutil

from app.errors import StocksError


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
            f"Cannot listen on {host}:{port}: {error.strerror}{_owner(port)}. "
            f"Stop that, or choose another port: {setting}={port + 1}."
        ) from None
    return sock


def _owner(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,) and connection.pid:
                return f", by process {connection.pid} ({psutil.Process(connection.pid).name()})"
    except psutil.Error:
        pass  # Some systems show only one's own connections.
    return ""
