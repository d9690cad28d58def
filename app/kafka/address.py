"""Where a worker tells the other ones, and those who ask, to find it: no two may say the same."""

import socket

from app.broker import TIMEOUT, Broker
from app.errors import StocksError
from app.settings import Settings

_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104  # Recognized here, not listened on.


class AddressShared(StocksError):
    """Another worker of the group says that it is where this one is."""


def advertised_host(settings: Settings) -> str:
    """API_HOST, or this machine's name where that is no address to ask at."""
    return socket.gethostname() if settings.api_host in _EVERYWHERE else settings.api_host


def member_name(settings: Settings) -> str:
    """By what this worker is listed in its consumer group, such as `stock-signals@127.0.0.1:8001`."""
    return f"{settings.id}@{advertised_host(settings)}:{settings.api_port}"


def check_address(broker: Broker, settings: Settings) -> None:
    """Raise AddressShared where two members of the group have this worker's name; for a member to ask.

    When the group has admitted this worker, it has forgotten those that were killed. Raises BrokerUnavailable.
    """
    name = member_name(settings)
    with broker.explaining():
        answer = broker.admin.describe_consumer_groups([settings.id], request_timeout=TIMEOUT)
        members = answer[settings.id].result().members
    hosts = sorted(member.host.lstrip("/") for member in members if member.client_id == name)
    if len(hosts) > 1:
        address = name.rpartition("@")[2]
        raise AddressShared(
            f"{len(hosts)} workers of group {settings.id}, on {', '.join(hosts)}, tell others to ask at {address}: "
            "give each an API_PORT of its own and, on several machines, an API_HOST by which the others reach it"
        )
