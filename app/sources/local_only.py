"""Made-up bars stay on this machine."""

import ipaddress
import socket

from app.sources.base import SourceError


def refuse_remote(bootstrap: str) -> None:
    """Raises SourceError unless every host of `bootstrap` ("host:port,host:port") is this machine.

    Synthetic bars on a shared cluster would be taken for market data by someone.
    """
    for address in bootstrap.split(","):
        host = address.strip().rpartition(":")[0].strip("[]")
        if not _is_loopback(host):
            raise SourceError(
                f"Synthetic bars are made up, so they are only sent to a broker on this machine, and {host!r} "
                "is not one. Unset KAFKA_BOOTSTRAP to use the local stack, or replay a file: SOURCE=csv FILE=bars.csv."
            )


def _is_loopback(host: str) -> bool:
    try:
        found = socket.getaddrinfo(host, None, proto=socket.IPPROTO_TCP)
    except OSError:
        return False
    return bool(found) and all(ipaddress.ip_address(str(sockaddr[0])).is_loopback for *_, sockaddr in found)
