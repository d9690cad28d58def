"""Sockets to listen on."""

import errno
import socket

import psutil

from app.asgi.port_owner import port_owner
from app.errors import StocksError

_LAST_PORT = 65535

#: A server that listens on all interfaces is asked at the loopback address.
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # Not listened on here.


class PortTaken(StocksError):
    """A server cannot listen there: another process has the port, or this machine does not have the address."""


def local_url(host: str, port: int) -> str:
    """The URL at which this machine reaches a server that listens there, such as `http://127.0.0.1:8001`."""
    return f"http://{bracketed(EVERYWHERE.get(host, host))}:{port}"


def bracketed(host: str) -> str:
    """A host as it stands in a URL: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


def listen(setting: str, host: str, port: int) -> socket.socket:
    """A socket bound to that address, whose port comes from `setting`; port 0: any free one. Raises PortTaken."""
    sock = None
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = socket.socket(family)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
    except OSError as error:
        if sock is not None:
            sock.close()
        raise PortTaken(_why(error, setting, host, port)) from None
    return sock


def _why(error: OSError, setting: str, host: str, port: int) -> str:
    host_setting = f"{setting.removesuffix('_PORT')}_HOST"
    if isinstance(error, socket.gaierror):
        return f"{host_setting}={host} is no address, nor a name that this machine can look up: {_advice(host_setting)}"
    if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
        return f"{host_setting}={host} is no address of this machine: {_advice(host_setting)}"
    if error.errno == errno.EACCES:
        return f"{setting}={port}: this user may not listen on a port below 1024; choose a higher one, such as 8001"
    if error.errno == errno.EADDRINUSE:
        other = port + 1 if port < _LAST_PORT else port - 1
        return (
            f"Cannot listen on {host}:{port}: {error.strerror}, by {port_owner(port)}. "
            f"Stop that, or choose another port: {setting}={other}."
        )
    return f"Cannot listen on {host}:{port} ({error.strerror}): check {host_setting} and {setting}"


def _advice(host_setting: str) -> str:
    """Which addresses may be set instead."""
    kinds = (socket.AF_INET, socket.AF_INET6)
    known = sorted(
        {each.address for found in psutil.net_if_addrs().values() for each in found if each.family in kinds}
        - {"127.0.0.1", "::1"}
    )
    there = f", {known[0]} for its network" if known else ""
    return f"{host_setting}=127.0.0.1 is for this machine alone{there}, 0.0.0.0 for all of its networks"
