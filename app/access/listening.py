"""Whether a worker may listen where the settings say: off loopback only with a token, or open on purpose."""

import ipaddress

from app.errors import StocksError
from app.settings import Settings


class AccessUndecided(StocksError):
    """The API would answer other machines, but no setting says who may ask."""


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens at `host`, an address or a name.

    Names other than localhost are not looked up: their addresses may change, so they count as reachable.
    """
    if host.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def check_access(settings: Settings, web_bind: str | None = None) -> None:
    """Raise AccessUndecided where a worker must not start.

    `web_bind` is where Faust would listen; its option --web-bind may differ from API_HOST.
    """
    if web_bind not in (None, settings.api_host):
        raise AccessUndecided(
            f"--web-bind {web_bind} is not API_HOST ({settings.api_host}), which decides who may ask: "
            f"set API_HOST={web_bind} and leave the option out"
        )
    if is_loopback(settings.api_host) or settings.api_token is not None or settings.api_open:
        return
    raise AccessUndecided(
        f"API_HOST={settings.api_host} can be reached from other machines: set API_TOKEN, at least 16 characters that "
        "those who ask must send (docs/access.md), or API_OPEN=true to let anyone read, or API_HOST=127.0.0.1"
    )
