"""Sends to Slack, Telegram, e-mail, the desktop and all other services of apprise: https://appriseit.com."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from apprise import Apprise, AppriseAsset, NotifyFormat
from apprise.plugins.base import NotifyBase

from app.alerts.destination import AlertNotSent
from app.alerts.message import AlertMessage
from app.alerts.webhook import refusal
from app.alerts.wording import body, title

# What apprise logs of a status, `error=503.` or `(503)`.
_STATUS = re.compile(r"error=(\d{3})\b|\((\d{3})\)")
# What requests and smtplib say when no connection came about, so that nothing was sent.
_NOT_STARTED = re.compile(
    r"NewConnectionError|NameResolutionError|ConnectTimeoutError|Connection refused|getaddrinfo|"
    r"Name or service not known|No route to host|Network is unreachable"
)
_LONGEST = 8_000
_TITLE = 100
_PACE_S = 1.0


class AppriseDestination:
    """One apprise address."""

    def __init__(self, name: str, plugin: NotifyBase) -> None:
        self.name = name
        # If one of several targets fails, apprise would send to all of them again without a word.
        plugin.retry = 0
        # By default 5.5 s between two messages, which holds up the second of two alerts. ALERT_PER_MINUTE limits them.
        plugin.request_rate_per_sec = min(plugin.request_rate_per_sec, _PACE_S)
        #: What the service takes; one that has no titles gets the title in the text.
        self._most = int(plugin.body_maxlen) - (0 if plugin.title_maxlen else _TITLE)
        self.characters = min(_LONGEST, self._most)
        self._apprise = Apprise(asset=asset())
        self._apprise.add(plugin)

    def send(self, message: AlertMessage, now_ms: int) -> None:
        """Send it once. Raises NotSent."""
        with _listening() as said:
            text = body(message, now_ms)[: self._most]
            sent = self._apprise.notify(body=text, title=title(message), body_format=NotifyFormat.TEXT)
        if not sent:
            raise failure(said)


def open_plugin(url: str) -> NotifyBase | None:
    """The plugin of an address; None where apprise does not take it. What apprise says of it is not shown."""
    with _listening():
        plugin: NotifyBase | None = Apprise.instantiate(url, asset=asset())
    return plugin


def asset() -> AppriseAsset:
    """This program's name, for services that show it."""
    return AppriseAsset(app_id="stock-signals", app_desc="stock-signals", app_url="", async_mode=False)


def failure(said: list[str]) -> AlertNotSent:
    """Why a message was not sent, from what apprise logged of it; without addresses, which these lines may hold."""
    text = "\n".join(said)
    if _NOT_STARTED.search(text):
        return AlertNotSent("no connection")
    if found := _STATUS.search(text):
        return refusal(int(found[1] or found[2]))
    return AlertNotSent("it was refused, or there was no answer", uncertain=True)


_listener: ContextVar["_Overheard | None"] = ContextVar("listener", default=None)


class _Overheard(logging.Handler):
    """Takes what apprise logs of one call. None of it goes to our log: it may hold addresses, so secrets."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line. apprise sends in a thread of its own, which has the context of the caller."""
        if _listener.get() is self:
            self.said.append(record.getMessage())


@contextmanager
def _listening() -> Iterator[list[str]]:
    """Collects what apprise logs inside the `with` block."""
    logger = logging.getLogger("apprise")
    logger.propagate = False
    logger.setLevel(logging.DEBUG)
    if not logger.handlers:
        # With no handler at all, Python prints warnings itself.
        logger.addHandler(logging.NullHandler())
    handler = _Overheard()
    logger.addHandler(handler)
    token = _listener.set(handler)
    try:
        yield handler.said
    finally:
        _listener.reset(token)
        logger.removeHandler(handler)
