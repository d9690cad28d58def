"""Who may ask, as the settings say."""

from dataclasses import dataclass

from app.access.listening import is_loopback
from app.asgi.hosts import Hosts
from app.kafka.address import advertised_host
from app.settings import Settings
from app.settings.api_settings import listed
from web.access.token import Token


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """`token`: those who ask must have it; `hosts`: and name one of these; `origins`: pages elsewhere that may read.

    Without any, as tests have it, everybody may ask.
    """

    token: Token | None = None
    hosts: Hosts | None = None
    origins: frozenset[str] = frozenset()


def access(settings: Settings) -> AccessPolicy:
    """Derive it from the settings. Whether the worker may start at all, app.access.listening.check_access decides."""
    here = is_loopback(settings.api_host)
    token = Token(settings.api_token) if settings.api_token else None
    names = [settings.api_host, advertised_host(settings), *listed(settings.api_hosts)]
    # Off loopback a page elsewhere has neither token nor cookie, by whatever name it asks.
    hosts = Hosts.of(names, nearby=not here) if here or token is None else None
    return AccessPolicy(token, hosts, frozenset(origin.lower() for origin in listed(settings.api_cors_origins)))
