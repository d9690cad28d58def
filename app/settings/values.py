"""Checks of single settings. Each raises ValueError with a sentence that goes on behind `NAME=value:`."""

import os
import re
import ssl
from collections.abc import Collection
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr

from app.settings.quiet_hours import QuietHours


def addresses(value: str) -> str:
    """`host:port`, or several with commas between."""
    for address in value.split(","):
        host, colon, port = address.strip().rpartition(":")
        if not (host and colon and port.isdecimal() and int(port) <= 65535) or "/" in host:
            raise ValueError(f"must be host:port, or several with commas between, but {address!r} is not")
    return value


def registry_url(value: str) -> str:
    """The address of a schema registry, without credentials."""
    instead = "set SCHEMA_REGISTRY_API_KEY and SCHEMA_REGISTRY_API_SECRET"
    return _url(value, ("http", "https"), "http://127.0.0.1:8081", instead)


def traces_url(value: str) -> str:
    """The address of a collector of traces, without credentials."""
    instead = "set OTEL_EXPORTER_OTLP_HEADERS in the environment"
    return _url(value, ("http", "https"), "http://127.0.0.1:4318/v1/traces", instead)


def alpaca_url(value: str) -> str:
    """The address of one of Alpaca's services, without credentials."""
    instead = "set APCA_API_KEY_ID and APCA_API_SECRET_KEY"
    return _url(value, ("http", "https", "ws", "wss"), "https://data.alpaca.markets", instead)


def _url(value: str, schemes: Collection[str], example: str, instead: str) -> str:
    """An address of one of these schemes; `instead` says where credentials belong."""
    parts = urlsplit(value)
    if parts.username or parts.password:
        raise ValueError(f"must not hold credentials: {instead}")
    if parts.scheme not in schemes or not parts.hostname:
        raise ValueError(f"must be a URL such as {example}")
    return value


def header_text(value: SecretStr) -> SecretStr:
    """What can stand in a header of HTTP."""
    if not re.fullmatch(r"[!-~]+", value.get_secret_value()):
        raise ValueError("must be letters, digits and signs without spaces, as Alpaca shows it")
    return value


def expanded(value: Path) -> Path:
    """The path, with a home folder for `~`."""
    try:
        return value.expanduser()
    except RuntimeError:
        raise ValueError("begins with the home folder of a user that this machine does not know") from None


def folder(value: Path) -> Path:
    """A folder, or where one can be made."""
    found = next(each for each in (value, *value.absolute().parents) if os.path.lexists(each))
    try:
        if found.is_dir():
            with suppress(FileNotFoundError):
                value.lstat()
            return value
        what = "file" if found.exists() else "link that leads nowhere"
    except OSError as error:
        raise ValueError(f"cannot be used ({error.strerror}): choose another") from None
    raise ValueError(f"is no folder, for {found} is a {what}: choose another, or move that {what.split()[0]} away")


def host(value: str) -> str:
    """A name or an address, without a port."""
    if ":" in value:
        try:
            ip_address(value)
        except ValueError:
            raise ValueError("must be a name or an address alone: the port is a setting of its own") from None
    elif not re.fullmatch(r"[A-Za-z0-9._-]+", value):
        raise ValueError("must be a name or an address, such as 127.0.0.1 or 0.0.0.0")
    return value


def readable_file(value: Path) -> Path:
    """A file that is there."""
    if not value.is_file():
        raise ValueError("is not a file that can be read")
    return value


def certificates(value: Path) -> Path:
    """A file with certificates in PEM form."""
    try:
        ssl.create_default_context(cafile=value)
    except OSError as error:  # OpenSSL's are among them, but without a text for people.
        why = (
            "holds no certificate in PEM form"
            if isinstance(error, ssl.SSLError)
            else f"cannot be read ({error.strerror})"
        )
        raise ValueError(f"{why}: name the file with the certificate authority of the servers") from None
    return value


def quiet_hours(value: str) -> str:
    """Hours in which no alerts are sent."""
    QuietHours.parse(value)
    return value


def some_of(*known: str) -> AfterValidator:
    """The validator of some of these words, with commas between."""

    def check(value: str) -> str:
        names = [name.strip() for name in value.split(",") if name.strip()]
        if not names or not set(names) <= set(known):
            raise ValueError(f"must be one or more of {', '.join(known)}, with commas between")
        return value

    return AfterValidator(check)
