"""The destinations that the settings name, or a sentence for each that is not good."""

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from app.alerts.destination import AlertsError, Destination
from app.alerts.signature import parse_secret
from app.settings import Settings

_NAMED = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]{0,39})=(?=[A-Za-z][A-Za-z0-9+.-]*://)")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9]{0,19})://")
_WEBHOOK = "webhook"


class _Entry(NamedTuple):
    place: str
    name: str
    url: str


def open_destinations(settings: Settings) -> list[Destination]:
    """All destinations; opens no connection. Raises AlertsError that names each bad one by its place, not its text."""
    entries, faults = list(_entries(settings)), []
    found: list[Destination] = []
    if settings.alert_webhook_url or settings.alert_webhook_secret:
        try:
            found.append(_webhook(settings))
        except ValueError as error:
            faults.append(str(error))
    if entries:
        opened, more = _apprise(entries)
        found += opened
        faults += more
    if faults:
        raise AlertsError("\n".join(["Alerts cannot be sent:", *(f"  - {fault}" for fault in faults)]))
    if not found:
        raise AlertsError(
            "Alerts have no destination: set ALERT_URLS, ALERT_URLS_FILE, or ALERT_WEBHOOK_URL with "
            "ALERT_WEBHOOK_SECRET (docs/alerts.md)"
        )
    return found


def _webhook(settings: Settings) -> Destination:
    from app.alerts.webhook import Webhook

    url, secret = settings.alert_webhook_url, settings.alert_webhook_secret
    if not url or not secret:
        raise ValueError("ALERT_WEBHOOK_URL and ALERT_WEBHOOK_SECRET go together: set both or neither")
    try:
        parts = urlsplit(url.get_secret_value())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("ALERT_WEBHOOK_URL must be a URL such as https://example.com/alerts")
    try:
        return Webhook(url.get_secret_value(), parse_secret(secret.get_secret_value()))
    except ValueError as error:
        raise ValueError(f"ALERT_WEBHOOK_SECRET {error}") from None


def _apprise(entries: list[_Entry]) -> tuple[list[Destination], list[str]]:
    # Importing it takes half a second, and only this branch needs it.
    from app.alerts.apprise_destination import AppriseDestination, open_plugin

    opened: list[Destination] = []
    faults: list[str] = []
    for entry in entries:
        plugin = open_plugin(entry.url)
        if plugin is None:
            faults.append(
                f"{entry.place} is no address that apprise can use: compare it with the one of its kind at "
                "https://appriseit.com/services (its text is not shown, for it holds a secret)"
            )
        elif any(entry.name == other.name for other in opened) or entry.name == _WEBHOOK:
            faults.append(f"{entry.place} has the name {entry.name!r}, which is another one's: write NAME=address")
        else:
            opened.append(AppriseDestination(entry.name, plugin))
    return opened, faults


def _entries(settings: Settings) -> Iterator[_Entry]:
    taken: set[str] = set()
    for place, text in _texts(settings):
        named = _NAMED.match(text)
        url = text[named.end() :] if named else text
        name = named[1].lower() if named else _usual_name(url, taken)
        taken.add(name)
        yield _Entry(place, name, url)


def _texts(settings: Settings) -> Iterator[tuple[str, str]]:
    if settings.alert_urls:
        for number, text in enumerate(settings.alert_urls.get_secret_value().split(), 1):
            yield f"Number {number} of ALERT_URLS", text
    if path := settings.alert_urls_file:
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "not UTF-8"
            raise AlertsError(f"ALERT_URLS_FILE={path} cannot be read ({why})") from None
        for number, line in enumerate(lines, 1):
            if (text := line.strip()) and not text.startswith("#"):
                yield f"Line {number} of ALERT_URLS_FILE", text


def _usual_name(url: str, taken: set[str]) -> str:
    """The scheme, with a number for the second of its kind."""
    found = _SCHEME.match(url)
    scheme = found[1].lower() if found else "address"
    name, number = scheme, 1
    while name in taken or name == _WEBHOOK:
        number += 1
        name = f"{scheme}-{number}"
    return name
