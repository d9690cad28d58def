"""What a lane needs from a destination."""

from typing import Protocol

from app.alerts.message import AlertMessage
from app.errors import StocksError


class AlertsError(StocksError):
    """The settings do not allow alerts to be sent. The message never shows an address, which may be a secret."""


class AlertNotSent(Exception):
    """The destination did not take a message. The text says why, without any address.

    `uncertain`: it may have arrived all the same. `retry_after_s`: what the other side asked to wait, in seconds.
    """

    def __init__(self, why: str, *, uncertain: bool = False, retry_after_s: float = 0.0) -> None:
        super().__init__(why)
        self.uncertain = uncertain
        self.retry_after_s = retry_after_s


class Destination(Protocol):
    """Somewhere to send messages to. `name` is shown and part of its group's name, so it holds no secret.

    `characters` is how long the text of a digest may be.
    """

    name: str
    characters: int

    def send(self, message: AlertMessage, now_ms: int) -> None:
        """Send it, within half a minute; `now_ms` is UTC epoch milliseconds. Raises NotSent."""
