"""Checks the settings of the API."""

import re

from pydantic import SecretStr

#: Fewer could be guessed by trying, for nothing counts failed attempts.
SHORTEST_TOKEN = 16

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]")
_ORIGIN = re.compile(r"https?://(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?")


def token(value: SecretStr) -> SecretStr:
    """A token that fits into a header and cannot be guessed. Raises ValueError."""
    text = value.get_secret_value()
    if not re.fullmatch(r"[!-~]+", text) or len(text) < SHORTEST_TOKEN:
        raise ValueError(
            f"must be at least {SHORTEST_TOKEN} letters, digits and signs without spaces; make one with "
            "python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )
    return value


def names(value: str) -> str:
    """Names of hosts, with commas between. Raises ValueError."""
    for name in listed(value):
        if not _NAME.fullmatch(name):
            raise ValueError(f"must be names such as signals.example, with commas between and no port; {name!r} is not")
    return value


def origins(value: str) -> str:
    """Origins as browsers send them, with commas between. Raises ValueError."""
    for origin in listed(value):
        match = _ORIGIN.fullmatch(origin)
        if not match or int(match[1] or 0) > 65535:
            raise ValueError(
                f"must be origins such as https://charts.example or http://localhost:3000, with commas between, "
                f"no path and no *; {origin!r} is not"
            )
    return value


def listed(value: str) -> list[str]:
    """The parts of a comma-separated list."""
    return [part.strip() for part in value.split(",") if part.strip()]
