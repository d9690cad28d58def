"""What the alpaca-trade-api client's requests go through: they end in time, and a refusal is known as such.

The client itself waits for ever, retries some statuses with a fixed sleep, and raises one of two errors, depending
on whether the answer was JSON.
"""

import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from requests import ConnectionError as Disconnected
from requests import PreparedRequest, ReadTimeout, Response, Session
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

_CHUNK = 1 << 16
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Refusal(Exception):
    """An answer other than success: its status, and its text, JSON or HTML."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.text = text


class Transport(HTTPAdapter):
    """Ends a request after `timeout_s` of silence, or after twice that in all; `heard` gets each answer's headers.

    Raises Refusal, or requests.RequestException when there is no answer or half of one.
    """

    def __init__(self, timeout_s: float, heard: Callable[[Mapping[str, str]], None]) -> None:
        super().__init__()
        self._timeout_s, self._heard = timeout_s, heard

    def send(self, request: PreparedRequest, stream: bool = False, timeout: Any = None, **kwargs: Any) -> Response:  # type: ignore[override]
        """One request, with our timeout in place of the caller's."""
        # A stopwatch on the network, not the time of day that a Clock tells.
        deadline = time.monotonic() + 2 * self._timeout_s
        response = super().send(request, stream=True, timeout=self._timeout_s, **kwargs)
        response.raw = BytesIO(_body(response, deadline))
        self._heard(response.headers)
        if response.status_code >= HTTPStatus.MULTIPLE_CHOICES:
            raise Refusal(response.status_code, response.text)
        return response


def prepare(session: Session, transport: Transport, url: str) -> None:
    """Sends the session's requests to `url` through `transport`; no proxy comes between us and this machine."""
    session.mount("https://", transport)
    session.mount("http://", transport)
    if urlsplit(url).hostname in _LOOPBACK:
        session.trust_env = False


def _body(response: Response, deadline: float) -> bytes:
    chunks = []
    try:
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            chunks.append(chunk)
            if time.monotonic() > deadline:
                raise ReadTimeout("the answer is too slow")
    except HTTPError as error:
        raise Disconnected(error) from error
    finally:
        # What was read to its end has gone back to the pool by now; a connection with half an answer must not.
        response.raw.close()
    return b"".join(chunks)
