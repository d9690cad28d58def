"""Keeps synthetic bars on this machine, or on brokers that the settings allow for them."""

import ipaddress
import socket

from app.sources.base import SourceError


def refuse_remote(bootstrap: str, allowed: str | None = None) -> None:
    """Raises SourceError unless every broker of `bootstrap` is on this machine or one of `allowed`.

    Both are "host:port,host:port". Synthetic bars on a shared cluster would be taken for market data by someone.
    """
    named = set(_addresses(allowed or ""))
    for address in _addresses(bootstrap):
        host = address.rpartition(":")[0].strip("[]")
        if address not in named and not _is_loopback(host):
            raise SourceError(
                f"Synthetic bars are made up, so they are only sent to a broker on this machine, and {host!r} "
                "is not one. Unset KAFKA_BOOTSTRAP to use the local stack, or replay a file: SOURCE=csv FILE=bars.csv. "
                f"If nobody takes bars of that broker for market data: SYNTHETIC_BROKERS={address}."
            )


def _addresses(text: str) -> list[str]:
    return [address.strip() for address in text.split(",") if address.strip()]


def _is_loopback(host: str) -> bool:
    try:
        found = socket.getaddrinfo(host, None, proto=socket.IPPROTO_TCP)
    except OSError:
        return False
    return bool(found) and all(ipaddress.ip_address(str(sockaddr[0])).is_loopback for *_, sockaddr in found)
