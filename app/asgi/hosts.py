"""Checks the Host header: a hostile web page can make its own host name point to this machine (DNS rebinding)."""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from app.asgi.answer import refuse

#: A name or an address, and any port; nothing else that a URL may have.
_HOST = re.compile(r"(?:\[([0-9a-fA-F:.]{2,45})\]|([A-Za-z0-9._-]{1,253}))(?::([0-9]{0,5}))?")

_HERE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Hosts:
    """The host names that are accepted, in lower case; addresses without brackets.

    `nearby`: all addresses are accepted too, and names without a dot, such as a container's. No stranger can
    make such a name point to this machine.
    """

    names: frozenset[str]
    nearby: bool = False

    @classmethod
    def of(cls, names: Iterable[str], *, nearby: bool = False) -> "Hosts":
        """These names, and the names of this machine."""
        found = (normalized(name if name.startswith("[") or ":" not in name else f"[{name}]") for name in names)
        return cls(frozenset({*_HERE, *(name for name in found if name)}), nearby)

    def allow(self, header: str) -> bool:
        """Whether a Host header names one of them, with any port."""
        name = normalized(header)
        if name is None:
            return False
        return name in self.names or (self.nearby and ("." not in name or _is_address(name)))


def normalized(header: str) -> str | None:
    """The name of a Host header in lower case, without port, brackets and a dot at its end; None if it is not one."""
    match = _HOST.fullmatch(header)
    if not match or int(match[3] or 0) > 65535:
        return None
    if match[1]:
        try:
            return str(ipaddress.IPv6Address(match[1]))
        except ValueError:
            return None
    return match[2].lower().removesuffix(".") or None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class HostCheck:
    """Answers 421 to a request that does not name this machine exactly once."""

    def __init__(self, app: ASGIApp, hosts: Hosts, setting: str) -> None:
        self.app = app
        self._hosts = hosts
        self._detail = (
            "The request's Host is no name of this machine that is known here: ask at localhost or 127.0.0.1"
            f"{f', or add the name to {setting}' if setting else ''}."
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on if its Host header names this machine."""
        if scope["type"] == "http":
            hosts = [value for name, value in scope["headers"] if name == b"host"]
            if len(hosts) != 1 or not self._hosts.allow(hosts[0].decode("latin-1")):
                await refuse(scope, send, 421, self._detail)
                return
        await self.app(scope, receive, send)
