"""Our own webhook: JSON with a signature, as https://www.standardwebhooks.com defines it."""

import json
import math
import uuid
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import httpx

from app.alerts.alert import Alert
from app.alerts.destination import AlertNotSent
from app.alerts.message import AlertMessage
from app.alerts.signature import sign
from app.alerts.wording import body as text_of
from app.alerts.wording import title as title_of
from app.times import iso

_TIMEOUT = httpx.Timeout(10.0, connect=5.0)
_TIMES = ("timestamp", "emitted_at")
# A receiver that is overloaded may ask for any time.
_LONGEST_RETRY_AFTER_S = 600.0
#: Errors before the request was on its way.
_NOT_STARTED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class Webhook:
    """Posts messages to one address; 2xx means that a message was taken."""

    name = "webhook"
    # Some servers take no more than 100 kB; an alert is about 1 kB.
    characters = 8_000

    def __init__(self, url: str, key: bytes) -> None:
        self._url = url
        self._key = key
        # A connection that was kept may end just as it is used, and then nobody knows whether a message arrived.
        self._client = httpx.Client(
            timeout=_TIMEOUT, limits=httpx.Limits(max_keepalive_connections=0), headers={"user-agent": "stock-signals"}
        )

    def send(self, message: AlertMessage, now_ms: int) -> None:
        """Post it once. Raises NotSent."""
        message_id = f"msg_test_{uuid.uuid4().hex[:24]}" if message.is_test else message.id
        body = json.dumps(document(message, message_id, now_ms), ensure_ascii=False).encode()
        headers = {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(now_ms // 1000),
            "webhook-signature": sign(self._key, message_id, now_ms // 1000, body),
        }
        try:
            # What it answers is not read: it may be of any size.
            with self._client.stream("POST", self._url, content=body, headers=headers) as response:
                status, retry_after = response.status_code, response.headers.get("retry-after", "")
        except _NOT_STARTED as error:
            raise AlertNotSent(f"no connection ({type(error).__name__})") from None
        except httpx.HTTPError as error:
            raise AlertNotSent(f"no answer ({type(error).__name__})", uncertain=True) from None
        if not 200 <= status < 300:
            raise refusal(status, retry_after)


def refusal(status: int, retry_after: str = "") -> AlertNotSent:
    """What an HTTP status other than 2xx means for a message."""
    # A server that failed, or one before it that got no answer in time, may have taken the message.
    uncertain = status >= HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.SERVICE_UNAVAILABLE
    wait_s = float(retry_after) if retry_after.isdecimal() else 0.0
    return AlertNotSent(f"answered {status}", uncertain=uncertain, retry_after_s=min(wait_s, _LONGEST_RETRY_AFTER_S))


def document(message: AlertMessage, message_id: str, now_ms: int) -> dict[str, Any]:
    """What is posted, described in docs/alerts.md."""
    return {
        "type": "test" if message.is_test else "digest" if message.digest else "alert",
        "id": message_id,
        "sent_at": iso(now_ms),
        "possibly_repeated": message.possibly_repeated,
        "title": title_of(message),
        "text": text_of(message, now_ms),
        "alerts": [_alert(each, now_ms) for each in message.alerts],
    }


def _alert(alert: Alert, now_ms: int) -> dict[str, Any]:
    signal = {name: _plain(name, value) for name, value in alert.signal.items()}
    return {
        "kind": alert.kind,
        "earlier_action": alert.earlier,
        "age_seconds": alert.age_ms(now_ms) // 1000,
        "signal": signal,
    }


def _plain(name: str, value: Any) -> Any:
    if name in _TIMES:
        return iso(value)
    if isinstance(value, Mapping):
        return {key: _plain(key, each) for key, each in value.items()}
    # JSON cannot hold this number (NaN or infinity).
    return None if isinstance(value, float) and not math.isfinite(value) else value
