"""Where and how this project's own programs ask a worker."""

from app.kafka.address import advertised_host
from app.settings import Settings

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # Asked there, not listened on.


def worker_url(settings: Settings, host: str | None = None) -> str:
    """Base URL of the worker of these settings, without a slash at the end; by default where others find it."""
    return f"http://{bracketed(host or advertised_host(settings))}:{settings.api_port}"


def local_url(settings: Settings) -> str:
    """The same for programs on the worker's machine: one that listens everywhere is asked on loopback."""
    return worker_url(settings, _EVERYWHERE.get(settings.api_host, settings.api_host))


def bracketed(host: str) -> str:
    """A host as URLs have it: an IPv6 address stands in brackets."""
    return f"[{host}]" if ":" in host else host


def authorization(settings: Settings) -> dict[str, str]:
    """The header with the token; empty without one."""
    token = settings.api_token
    return {"Authorization": f"Bearer {token.get_secret_value()}"} if token else {}
