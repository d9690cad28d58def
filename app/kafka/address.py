"""The address at which other workers ask this one; no two workers may have the same."""

import socket
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from app.asgi.listen import EVERYWHERE, bracketed
from app.errors import StocksError
from app.settings import Settings

if TYPE_CHECKING:
    # Faust and aiokafka, for those who only ask for an address.
    from app.engine.private import GroupMember


class AddressShared(StocksError):
    """Another worker of the group has the same address as this one."""


def advertised_host(settings: Settings) -> str:
    """API_HOST as it is written in a URL; this machine's name if API_HOST is not an address that others can ask."""
    host = settings.api_host
    if host in EVERYWHERE:
        return socket.gethostname()
    return bracketed(host)


def member_name(settings: Settings) -> str:
    """This worker's name in its consumer group, such as `stock-signals@127.0.0.1:8001`."""
    return f"{settings.id}@{advertised_host(settings)}:{settings.api_port}"


class AddressCheck:
    """Checks that no other worker has this worker's address; `check` gets the group's members every few seconds.

    When this worker had to join again, as after a time without the broker, its membership
    before is listed beside the new one until that one's session has expired. So only
    members that have been there for longer than a session count.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        #: When each member with this worker's name was first seen.
        self._first_seen: dict[str, float] = {}

    def check(self, members: "Sequence[GroupMember]") -> None:
        """Raise AddressShared where two members of the group have this worker's name."""
        settings, now = self._settings, self._clock()
        name = member_name(settings)
        members = [member for member in members if member.client_id == name]
        self._first_seen = {each.id: self._first_seen.get(each.id, now) for each in members}
        hosts = sorted(
            member.host.lstrip("/")
            for member in members
            if now - self._first_seen[member.id] > settings.session_seconds
        )
        if len(hosts) > 1:
            address = name.rpartition("@")[2]
            raise AddressShared(
                f"{len(hosts)} workers of group {settings.id}, on {', '.join(hosts)}, tell others to ask at {address}: "
                "give each an API_PORT of its own and, on several machines, an API_HOST by which the others reach it"
            )
